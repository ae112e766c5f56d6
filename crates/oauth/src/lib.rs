//! Apps, authorization, codes and tokens: the protocol without HTTP.
//!
//! A request is read and checked in `ask`, waits for its person in `interaction`, becomes a code in `code`, buys tokens in
//! `grants`, and what was bought is looked at in `introspect`, `revoke` and `userinfo`.

pub mod acts;
pub mod app;
pub mod ask;
pub mod claims;
mod code;
mod connector;
pub mod delegated;
pub mod discovery;
pub mod grants;
mod hint;
pub mod interaction;
pub mod introspect;
pub mod keyring;
pub mod operator;
pub mod organization;
pub mod refusal;
pub mod resource;
pub mod restored;
mod revoke;
mod settings;
mod signer;
mod subject;
mod sweep;
pub mod token;
mod user_token;
pub mod userinfo;

pub use claims::{ClaimSource, Person};
pub use connector::Delegation;
pub use hint::Hinted;
pub use keyring::Keys;
pub use settings::Settings;
pub use signer::{Persona, Signer};
pub use user_token::{TokenPerson, ToldProfile};

use app::{App, Apps};
use base::{Fault, Seams, Time};
use db::{Sealer, Store};
use grants::Flights;
use keyring::Rotation;
use std::ops::Deref;
use std::sync::Arc;
use subject::SubjectKey;
use tokio::sync::Semaphore;

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct OAuth(Arc<Parts>);

/// What the provider is made of.
pub struct Parts {
    pub settings: Settings,
    pub apps: Apps,
    pub keys: Keys,
    pub(crate) store: Store,
    pub(crate) seams: Seams,
    pub(crate) sealer: Sealer,
    pub(crate) claims: Arc<dyn ClaimSource>,
    pub(crate) flights: Flights,
    /// Turns at the slow signatures.
    pub(crate) signing: Semaphore,
    pub(crate) subject_key: SubjectKey,
    pub(crate) walks: sweep::Walks,
}

impl Deref for OAuth {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl OAuth {
    /// Opens the provider on a migrated database: makes the first signing keys where there are none, loads the ring.
    pub async fn open(
        store: Store,
        seams: Seams,
        sealer: Sealer,
        settings: Settings,
        claims: Arc<dyn ClaimSource>,
    ) -> Result<OAuth, Fault> {
        Rotation::new(store.clone(), sealer.clone(), seams.clock(), seams.source()).ensure().await?;
        let keys = Keys::load(&store, sealer.clone(), seams.clock()).await?;
        let subject_key = SubjectKey::load(&store, &sealer, &seams).await?;
        Ok(OAuth(Arc::new(Parts {
            settings,
            apps: Apps::new(store.clone()),
            keys,
            store,
            seams,
            sealer,
            claims,
            flights: Flights::default(),
            signing: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            subject_key,
            walks: sweep::Walks::default(),
        })))
    }

    /// The app with this client id: a registered one, or a Quick one that its id describes.
    pub async fn app(&self, client_id: &str) -> Result<Option<Arc<App>>, Fault> {
        if client_id.starts_with("origin:") {
            return Ok(App::quick(client_id).map(Arc::new));
        }
        self.apps.get(client_id).await
    }

    pub(crate) fn access_secs(&self, app: &App) -> i64 {
        app.access_ttl_secs.unwrap_or(self.settings.access_secs)
    }

    pub(crate) fn replay_secs(&self, app: &App) -> i64 {
        app.refresh_replay_secs.unwrap_or(self.settings.refresh_replay_secs)
    }

    /// When a refresh token that is issued now is over: idle lifetime, never beyond the absolute one (threat 95).
    pub(crate) fn refresh_until(&self, app: &App, family: &code::Family, now: Time) -> Time {
        let idle = app.refresh_idle_secs.unwrap_or(self.settings.refresh_idle_secs);
        let absolute = app.refresh_absolute_secs.unwrap_or(self.settings.refresh_absolute_secs);
        now.plus_secs(idle).min(family.began_at().plus_secs(absolute))
    }

    /// When nothing of a family can be alive any more.
    pub(crate) fn family_until(&self, app: &App, scope: &base::Scope, now: Time) -> Time {
        let absolute = app.refresh_absolute_secs.unwrap_or(self.settings.refresh_absolute_secs);
        let refresh = if scope.has("offline_access") { absolute } else { 0 };
        now.plus_secs(refresh + self.access_secs(app) + self.settings.code_secs)
    }
}
