//! A world of a test: the real application on a real port, with a clock that moves when told to.

use crate::browser::Browser;
use crate::client::TestApp;
use crate::http::{self, Answer};
use base::{Entropy, Fault, ManualClock, Seams, Secret, SystemEntropy, Time};
use db::seal::Kms;
use db::testing::{Database, postgres, sqlite};
use db::{Sealer, Store};
use people::{Mail, Mailer};
use server::app::App;
use server::config::{Config, Environment};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// When every world begins.
pub const START: Time = Time::from_secs(1_900_000_000);

/// The real application, served.
pub struct World {
    pub app: App,
    pub store: Store,
    pub seams: Seams,
    pub clock: Arc<ManualClock>,
    pub issuer: String,
    /// `127.0.0.1:port`
    pub address: String,
    pub engine: &'static str,
    mails: Arc<Mutex<Vec<Mail>>>,
    _database: Database,
}

struct NewKey(Secret);

impl Kms for NewKey {
    fn master_keys(&self) -> Result<Secret, Fault> {
        Ok(self.0.clone())
    }
}

struct Mailbox(Arc<Mutex<Vec<Mail>>>);

impl Mailer for Mailbox {
    fn is_ready(&self) -> bool {
        true
    }

    fn send(&self, mail: Mail) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + '_>> {
        self.0.lock().unwrap().push(mail);
        Box::pin(async { Ok(()) })
    }
}

impl World {
    /// On SQLite, without rate limits.
    pub async fn new() -> World {
        World::on(sqlite().await, &[]).await
    }

    /// On SQLite with settings of its own, as environment variables.
    pub async fn with(settings: &[(&str, &str)]) -> World {
        World::on(sqlite().await, settings).await
    }

    /// One on each engine.
    pub async fn both() -> [World; 2] {
        [World::on(sqlite().await, &[]).await, World::on(postgres().await, &[]).await]
    }

    /// On a database, with settings.
    pub async fn on(database: Database, settings: &[(&str, &str)]) -> World {
        World::with_config(database, settings, |_| ()).await
    }

    /// On a database, with settings that no variable can give.
    pub async fn with_config(database: Database, settings: &[(&str, &str)], set: impl FnOnce(&mut Config)) -> World {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bound: SocketAddr = listener.local_addr().unwrap();
        let mut config = settings.iter().fold(environment(), |all, (name, value)| all.with(name, value)).config();
        set(&mut config);
        config.bound_to(bound);
        let clock = Arc::new(ManualClock::at(START));
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let seams = Seams::new(clock.clone(), entropy);
        let sealer = Sealer::from_kms(&NewKey(Sealer::new_key_text(&SystemEntropy).unwrap())).unwrap();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let (issuer, store) = (config.issuer.clone(), database.store.clone());
        let app = App::build_with(config, seams.clone(), store.clone(), sealer, Arc::new(Mailbox(mails.clone())))
            .await
            .unwrap();
        let router = server::router::router(app.clone());
        let (tell, stop) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            server::serve::serve(listener, router, server::serve::Patience::default(), stop).await;
            drop(tell);
        });
        World {
            app,
            store,
            seams,
            clock,
            issuer,
            address: bound.to_string(),
            engine: database.name,
            mails,
            _database: database,
        }
    }

    /// A browser nobody is signed in with.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// A person who has registered with a passkey, in their browser.
    pub async fn person(&self, handle: &str) -> Browser<'_> {
        let mut browser = self.browser();
        browser.registers(handle).await;
        browser
    }

    /// Applies a manifest and gives its output by name: `app.notes.client_id`.
    pub async fn applies(&self, manifest: &str) -> std::collections::BTreeMap<String, String> {
        let no_environment = |_: &str| None;
        let (path, server) = (Path::new("."), self.app.as_server());
        let lines = server::apply::run(&self.store, &self.seams, manifest, path, &no_environment, server).await;
        self.app.oauth.apps.forget();
        self.app.vault.forget_providers();
        let lines = lines.unwrap_or_else(|error| panic!("{error}\n{manifest}"));
        lines
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// A confidential app at `https://{key}.test`, EdDSA, with the given further lines of its manifest.
    pub async fn app(&self, key: &str, more: &str) -> TestApp<'_> {
        TestApp::made(self, key, more).await
    }

    /// An app that offers a resource `{key}:inference` with the scopes `ask`, `history` and `erase`, and the given further lines.
    pub async fn target(&self, key: &str, more: &str) -> TestApp<'_> {
        let resource = format!(
            "[[resource]]\nkey = \"{key}:inference\"\napp = \"{key}\"\nname = \"{key} inference\"\n\
             audience = \"https://{key}.test/api\"\nruntime_endpoint = \"https://{key}.test/runtime\"\nscopes = [\n\
             {{ name = \"ask\", text = \"Ask questions in your name\", risk = \"low\" }},\n\
             {{ name = \"history\", text = \"Read the questions you asked before\", risk = \"medium\" }},\n\
             {{ name = \"erase\", text = \"Erase what you asked\", risk = \"high\" }},\n]\n{more}\n"
        );
        TestApp::made(self, key, &format!("website_url = \"https://{key}.test/\"\n{resource}")).await
    }

    /// Sends a request with these headers, and `Host` unless it is among them.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut all: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if !all.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            all.push(("Host".into(), self.host().to_owned()));
        }
        http::send(&self.address, method, target, &all, body).await
    }

    /// Posts a form to an API endpoint, without cookies.
    pub async fn posts(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", target, &[("Content-Type", "application/x-www-form-urlencoded")], form(fields).as_bytes())
            .await
    }

    /// The issuer's host and port.
    pub fn host(&self) -> &str {
        self.issuer.split_once("://").map_or("", |(_, host)| host)
    }

    /// The mails sent so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

/// Fields as an urlencoded form.
pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Settings by their variables.
struct Settings(Vec<(String, String)>);

fn environment() -> Settings {
    Settings(vec![("PROCURA_RATE_LIMITS".into(), "off".into()), ("PROCURA_LISTEN".into(), "127.0.0.1:0".into())])
}

impl Settings {
    fn with(mut self, name: &str, value: &str) -> Settings {
        self.0.retain(|(own, _)| own != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    fn config(self) -> Config {
        let environment = Environment::from_pairs(self.0);
        Config::load(&environment, None).unwrap_or_else(|error| panic!("{error}"))
    }
}
