//! The sample apps and the fake provider: their places, their registration, their servers.

use super::port_after;
use crate::app::App;
use crate::apply;
use crate::failure::Failure;
use crate::serve::{Patience, bind, serve};
use base::digest::hex;
use base::entropy::draw;
use base::{AppId, Secret};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vault::agent::{self, AgentKind};
use vault::by::{By, Who};

const MANIFEST: &str = include_str!("manifest.toml");

/// The agent of Notes, and what it may ever do; people say how much of that.
const AGENT: &str = "Quill";
const AGENT_SCOPES: [(&str, &[&str]); 2] =
    [("fake-calendar", &["calendar.read", "calendar.write"]), ("fake-chat", &["messages.read"])];

/// Three listeners, bound before the server: it has to know where the tour and the fake provider are.
pub struct SampleApps {
    notes: TcpListener,
    iris: TcpListener,
    fake: TcpListener,
    /// `http://localhost:8461`
    pub notes_origin: String,
    /// `http://localhost:8462`
    pub iris_origin: String,
    /// `http://localhost:8463`
    pub fake_origin: String,
}

/// What the apps were given when they were registered.
pub struct Registered {
    notes_id: String,
    notes_secret: Secret,
    notes_key: Secret,
    agent_key: Secret,
    iris_id: String,
    iris_server_id: String,
    iris_secret: Secret,
    manifest: String,
}

impl SampleApps {
    /// Takes the three ports after the server's.
    pub async fn bind(listen: SocketAddr) -> Result<SampleApps, Failure> {
        let at = |places| Ok::<_, Failure>(SocketAddr::new(listen.ip(), port_after(listen.port(), places)?));
        let (notes, notes_at) = bind(at(1)?, "PROCURA_LISTEN").await?;
        let (iris, iris_at) = bind(at(2)?, "PROCURA_LISTEN").await?;
        let (fake, fake_at) = bind(at(3)?, "PROCURA_LISTEN").await?;
        let origin = |address: SocketAddr| format!("http://localhost:{}", address.port());
        Ok(SampleApps {
            notes,
            iris,
            fake,
            notes_origin: origin(notes_at),
            iris_origin: origin(iris_at),
            fake_origin: origin(fake_at),
        })
    }

    /// Registers them, as `procura apply` would.
    pub(super) async fn register(&self, app: &App) -> Result<Registered, Failure> {
        let manifest = MANIFEST.replace("NOTES_ORIGIN", &self.notes_origin).replace("IRIS_ORIGIN", &self.iris_origin);
        let manifest = manifest.replace("FAKE_ORIGIN", &self.fake_origin);
        let notes_secret = hex(&draw::<32>(app.seams.entropy())?);
        let iris_secret = hex(&draw::<32>(app.seams.entropy())?);
        let environment = |name: &str| match name {
            "NOTES_SECRET" => Some(notes_secret.clone()),
            "IRIS_SECRET" => Some(iris_secret.clone()),
            _ => None,
        };
        let lines = apply::run(&app.store, &app.seams, &manifest, Path::new("."), &environment, app.as_server()).await;
        let lines = lines.map_err(|error| Failure::new(format!("demo manifest: {error}")))?;
        let value = |name: &str| {
            let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned).ok_or_else(|| Failure::new(format!("demo manifest: no {name}")))
        };
        let notes_id = value("app.notes.client_id")?;
        Ok(Registered {
            agent_key: make_agent(app, &notes_id).await?,
            notes_key: Secret::new(value("app_key.notes.value")?),
            notes_id,
            notes_secret: Secret::new(&*notes_secret),
            iris_id: value("app.iris.client_id")?,
            iris_server_id: value("app.iris-server.client_id")?,
            iris_secret: Secret::new(&*iris_secret),
            manifest,
        })
    }

    /// Serves all of them until `stop` turns true.
    pub fn start(self, issuer: &str, registered: &Registered, stop: &watch::Receiver<bool>) -> Result<(), Failure> {
        let notes = playground::notes::router(playground::notes::Settings {
            issuer: issuer.to_owned(),
            client_id: registered.notes_id.clone(),
            client_secret: registered.notes_secret.reveal().to_owned(),
            app_key: registered.notes_key.reveal().to_owned(),
            agent_key: registered.agent_key.reveal().to_owned(),
            agent: AGENT.to_owned(),
            origin: self.notes_origin.clone(),
            iris: self.iris_origin.clone(),
            manifest: registered.manifest.clone(),
        });
        let iris = playground::iris::router(playground::iris::Settings {
            issuer: issuer.to_owned(),
            client_id: registered.iris_id.clone(),
            server_id: registered.iris_server_id.clone(),
            server_secret: registered.iris_secret.reveal().to_owned(),
            origin: self.iris_origin,
            tour: self.notes_origin,
        });
        let iris = iris.map_err(|setting| Failure::new(format!("demo: {setting}")))?;
        tokio::spawn(serve(self.notes, notes, Patience::default(), stop.clone()));
        tokio::spawn(serve(self.iris, iris, Patience::default(), stop.clone()));
        let fake = playground::fake::router(playground::fake::Settings::default());
        tokio::spawn(serve(self.fake, fake, Patience::default(), stop.clone()));
        Ok(())
    }
}

/// Makes the agent, as the backend of Notes would at `/sdk/agents`, and gives its key.
async fn make_agent(app: &App, notes: &str) -> Result<Secret, Failure> {
    let found = app.oauth.app(notes).await?.ok_or_else(|| Failure::new("demo: Notes is not registered"))?;
    let by = By { app: AppId::from_text(notes), organization: found.organization.clone(), who: Who::Operator };
    let scopes =
        AGENT_SCOPES.map(|(provider, words)| (provider.to_owned(), words.iter().map(ToString::to_string).collect()));
    let wish = agent::Wish {
        name: AGENT.to_owned(),
        kind: AgentKind::Agent,
        display_name: None,
        scopes: scopes.into(),
        policy: serde_json::Map::new(),
        metadata: serde_json::Map::new(),
    };
    let seams = app.seams.clone();
    let made = app.store.write_again(move |tx| agent::create(tx, &seams, &by, &wish, None)).await;
    let made = made.map_err(|error| match error {
        vault::Error::Refused(refusal) => Failure::new(format!("demo agent: {}", refusal.message)),
        vault::Error::Fault(fault) => fault.into(),
    })?;
    made.secret.ok_or_else(|| Failure::new("demo agent: it has no key"))
}
