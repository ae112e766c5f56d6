//! Everything a handler can reach, wired once. `main` and every test build it the same way.

use crate::claims::Claims;
use crate::config::{Config, Registration};
use crate::edge::alter::Outside;
use crate::edge::alter::rates::Rates;
use crate::edge::limit::Limits;
use crate::mail;
use base::{Fault, Seams};
use db::{Sealer, Store};
use oauth::OAuth;
use people::{Mailer, People};
use std::ops::Deref;
use std::sync::Arc;
use vault::Vault;

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the application is made of.
pub struct Parts {
    pub config: Config,
    pub store: Store,
    pub seams: Seams,
    pub sealer: Sealer,
    pub people: People,
    pub oauth: OAuth,
    pub vault: Vault,
    pub mailer: Arc<dyn Mailer>,
    pub limits: Limits,
    /// How often the keys of apps and agents call.
    pub rates: Rates,
    /// The keys of the identity providers of apps.
    pub outside: Outside,
    /// The only door outwards.
    pub egress: net::Egress,
    /// The discovery document, serialized once.
    pub discovery: String,
    /// The issuer's host and port, as pages show it and as requests must name it.
    pub host: String,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Wires the application: the schema is in place, the key ring is loaded, nothing is served yet.
    pub async fn build(config: Config, seams: Seams, store: Store, sealer: Sealer) -> Result<App, Fault> {
        let mailer = mail::from_config(&config, &seams)?;
        App::build_with(config, seams, store, sealer, mailer).await
    }

    /// As [`App::build`], with a mailer of the caller's.
    pub async fn build_with(
        config: Config,
        seams: Seams,
        store: Store,
        sealer: Sealer,
        mailer: Arc<dyn Mailer>,
    ) -> Result<App, Fault> {
        let host = config.issuer.split_once("://").map_or("", |(_, host)| host).to_owned();
        let people = People::new(store.clone(), seams.clone(), sealer.clone(), people_settings(&config))?;
        let claims = Claims { issuer: config.issuer.clone() };
        let oauth =
            OAuth::open(store.clone(), seams.clone(), sealer.clone(), oauth_settings(&config), Arc::new(claims))
                .await?;
        let limits = Limits::new(config.limits.enabled);
        let egress = net::Egress::new(config.egress.allow.clone())?;
        let rates = Rates::new(config.limits.enabled);
        let vault = Vault::open(store.clone(), seams.clone(), sealer.clone(), egress.clone(), vault_settings(&config))?;
        Ok(App(Arc::new(Parts {
            discovery: oauth::discovery::document(&config.issuer).to_string(),
            config,
            store,
            seams,
            sealer,
            people,
            oauth,
            vault,
            mailer,
            limits,
            rates,
            outside: Outside::default(),
            egress,
            host,
        })))
    }

    /// True when the issuer is reached over https: cookies are `Secure`, browsers are told to stay on it.
    pub fn is_https(&self) -> bool {
        self.config.issuer.starts_with("https://")
    }

    /// As manifests are applied to it.
    pub fn as_server(&self) -> crate::apply::Server<'_> {
        crate::apply::Server { issuer: &self.config.issuer, sealer: &self.sealer, allow: &self.config.egress.allow }
    }

    /// A path of ours as a whole URL.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.issuer)
    }
}

fn people_settings(config: &Config) -> people::Settings {
    people::Settings {
        registration: match config.people.registration {
            Registration::Open => people::Registration::Open,
            Registration::Invite => people::Registration::Invite,
            Registration::Closed => people::Registration::Closed,
        },
        session_secs: config.lifetimes.session_secs,
        idle_secs: config.lifetimes.session_idle_secs,
        limits: config.limits.enabled,
        demo: config.demo,
        ..people::Settings::of(&config.issuer, &config.people.name)
    }
}

fn vault_settings(config: &Config) -> vault::Settings {
    vault::Settings {
        issuer: config.issuer.clone(),
        session_secs: config.lifetimes.connect_session_secs,
        fake_provider: config.fake_provider.clone(),
    }
}

fn oauth_settings(config: &Config) -> oauth::Settings {
    oauth::Settings {
        issuer: config.issuer.clone(),
        code_secs: config.lifetimes.code_secs,
        access_secs: config.lifetimes.access_secs,
        refresh_idle_secs: config.lifetimes.refresh_idle_secs,
        refresh_absolute_secs: config.lifetimes.refresh_absolute_secs,
        refresh_replay_secs: config.lifetimes.refresh_replay_secs,
    }
}
