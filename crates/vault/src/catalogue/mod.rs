//! Which services an app can link accounts at: the catalogue, an operator's own descriptors, and the credentials that this server
//! has there.
//!
//! Promise: an app's own credentials go before those of the server; a change is seen within a second on every node, and at once on
//! the one that made it. Only operators bring descriptors: all apps share one callback address for each provider (threat 141).

mod change;
mod rows;
mod test;

pub use change::{ClientWish, check_client, remove_client, remove_descriptor, set_client, set_descriptor};
pub use rows::{list_clients, list_descriptors};
pub(crate) use rows::{mark_refused, rekey};
pub use test::Tested;

use crate::connection::Connection;
use crate::provider::{self, AuthKind, Inputs, Provider};
use crate::{Settings, Vault};
use arc_swap::ArcSwapOption;
use base::{AppId, Fault, Scope, Seams, Secret, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How old the knowledge may be before it is asked whether it still holds.
const ASK_AFTER_MS: u64 = 500;

/// How this server is known at a provider.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    pub id: String,
    pub provider: String,
    /// The one app that may use it; nothing for every app.
    pub app: Option<AppId>,
    pub client_id: String,
    pub secret: Option<Secret>,
    /// What may be asked; nothing allows whatever the descriptor names.
    pub scopes_allowed: Option<Scope>,
    /// What is asked when nobody says otherwise; nothing means what the descriptor says.
    pub scopes_default: Option<Scope>,
    pub inputs: Inputs,
    pub created_at: Time,
    pub updated_at: Time,
    /// Since when the service refuses these credentials.
    pub refused_at: Option<Time>,
}

/// A provider that an app can use now.
#[derive(Debug, Clone)]
pub struct Configured {
    pub provider: Arc<Provider>,
    pub client: Arc<ProviderClient>,
}

impl Configured {
    /// What is asked when nobody says otherwise.
    pub fn default_scopes(&self) -> Scope {
        if let Some(scopes) = &self.client.scopes_default {
            scopes.clone()
        } else {
            let scopes = Scope::of(self.provider.default_scopes());
            self.client.scopes_allowed.as_ref().map_or(scopes.clone(), |allowed| scopes.intersection(allowed))
        }
    }

    /// True when this scope may be asked.
    pub fn may_ask(&self, scope: &str) -> bool {
        match &self.client.scopes_allowed {
            Some(allowed) => allowed.has(scope),
            None => self.provider.scopes.is_empty() || self.provider.scopes.iter().any(|known| known.name == scope),
        }
    }

    /// What a person has to be asked for: the inputs that no operator has given.
    pub fn open_inputs(&self) -> Vec<&provider::Input> {
        self.provider.auth.inputs.iter().filter(|input| !self.client.inputs.contains_key(&input.name)).collect()
    }
}

/// What was read while the counter stood at `version`.
#[derive(Debug, Default)]
struct Held {
    version: i64,
    own: BTreeMap<String, Arc<Provider>>,
    clients: Vec<Arc<ProviderClient>>,
}

/// What is known of it in memory.
#[derive(Debug)]
pub(crate) struct Catalogue {
    held: ArcSwapOption<Held>,
    since: Instant,
    asked_at_ms: AtomicU64,
    /// The descriptors of the fake provider, and how this server is known there.
    fake: Vec<Configured>,
}

impl Catalogue {
    pub(crate) fn new(fake: Vec<Configured>) -> Catalogue {
        Catalogue { held: ArcSwapOption::empty(), since: Instant::now(), asked_at_ms: AtomicU64::new(0), fake }
    }
}

impl Vault {
    /// Asks the database again at the next request.
    pub fn forget_providers(&self) {
        self.catalogue.held.store(None);
    }

    async fn held(&self) -> Result<Arc<Held>, Fault> {
        let catalogue = &self.catalogue;
        let now = catalogue.since.elapsed().as_millis() as u64;
        let held = catalogue.held.load_full();
        if let Some(held) = &held
            && now.saturating_sub(catalogue.asked_at_ms.load(Ordering::SeqCst)) < ASK_AFTER_MS
        {
            return Ok(held.clone());
        }
        let known = held.as_ref().map(|held| held.version);
        let sealer = self.sealer.clone();
        let read = self.store.read(move |tx| {
            // The version first: what changes in between is then read again.
            let version = rows::version(tx)?;
            if known == Some(version) {
                return Ok::<_, Fault>(None);
            }
            let own = rows::list_descriptors(tx)?;
            let clients = rows::list_clients(tx, &sealer)?;
            Ok(Some((version, own, clients)))
        });
        let fresh = match (read.await?, held) {
            (None, Some(held)) => held,
            (None, None) => Arc::new(Held::default()),
            (Some((version, own, clients)), _) => Arc::new(Held {
                version,
                own: own.into_iter().filter_map(|text| self.read_descriptor(&text)).collect(),
                clients: clients.into_iter().map(Arc::new).collect(),
            }),
        };
        catalogue.held.store(Some(fresh.clone()));
        catalogue.asked_at_ms.store(now, Ordering::SeqCst);
        Ok(fresh)
    }

    /// A descriptor that was good when it was stored and is not any more is left out, and told.
    fn read_descriptor(&self, text: &str) -> Option<(String, Arc<Provider>)> {
        match self.check_descriptor(text) {
            Ok(provider) => Some((provider.id.clone(), Arc::new(provider))),
            Err(wrong) => {
                tracing::error!("provider descriptor: {wrong}");
                None
            }
        }
    }

    /// Reads an operator's descriptor; http is for hosts that the operator lets through by `egress.allow`.
    pub fn check_descriptor(&self, text: &str) -> Result<Provider, provider::Wrong> {
        let egress = self.egress.clone();
        Provider::read_with(text, &move |host: &str| egress.names(host))
    }

    /// The provider with this id, whether or not anybody has credentials for it.
    pub async fn provider(&self, id: &str) -> Result<Option<Arc<Provider>>, Fault> {
        if let Some(fake) = self.catalogue.fake.iter().find(|fake| fake.provider.id == id) {
            return Ok(Some(fake.provider.clone()));
        }
        let held = self.held().await?;
        Ok(held.own.get(id).cloned().or_else(|| provider::find(id)))
    }

    /// Every provider, by id: an operator's own stand in the place of the catalogue's.
    pub async fn providers(&self) -> Result<Vec<Arc<Provider>>, Fault> {
        let held = self.held().await?;
        let mut all: BTreeMap<&str, Arc<Provider>> =
            provider::all().iter().map(|provider| (provider.id.as_str(), provider.clone())).collect();
        all.extend(held.own.iter().map(|(id, provider)| (id.as_str(), provider.clone())));
        all.extend(self.catalogue.fake.iter().map(|fake| (fake.provider.id.as_str(), fake.provider.clone())));
        Ok(all.into_values().collect())
    }

    /// What an app can use now, by id.
    pub async fn configured(&self, app: &AppId) -> Result<Vec<Configured>, Fault> {
        let held = self.held().await?;
        let mut all: BTreeMap<String, Configured> =
            self.catalogue.fake.iter().map(|fake| (fake.provider.id.clone(), fake.clone())).collect();
        // The server's first, so that an app's own take their place.
        for is_own in [false, true] {
            for client in held.clients.iter().filter(|client| client.app.is_some() == is_own) {
                if client.app.as_ref().is_some_and(|owner| owner != app) {
                    continue;
                }
                let own = held.own.get(&client.provider).cloned();
                let Some(provider) = own.or_else(|| provider::find(&client.provider)) else { continue };
                all.insert(client.provider.clone(), Configured { provider, client: client.clone() });
            }
        }
        Ok(all.into_values().collect())
    }

    /// One provider as an app can use it now. Ids are compared without regard to case and spaces around them.
    pub async fn configured_as(&self, app: &AppId, id: &str) -> Result<Option<Configured>, Fault> {
        let id = id.trim().to_ascii_lowercase();
        Ok(self.configured(app).await?.into_iter().find(|configured| configured.provider.id == id))
    }

    /// The credentials under which a connection was linked; those that took their place, when they are gone.
    pub(crate) async fn client_of(&self, connection: &Connection) -> Result<Option<Arc<ProviderClient>>, Fault> {
        if let Some(fake) = self.catalogue.fake.iter().find(|fake| fake.provider.id == connection.provider) {
            return Ok(Some(fake.client.clone()));
        }
        let held = self.held().await?;
        let by_id = held.clients.iter().find(|client| Some(&client.id) == connection.provider_client.as_ref()).cloned();
        match by_id {
            Some(client) => Ok(Some(client)),
            None => {
                Ok(self.configured_as(&connection.app, &connection.provider).await?.map(|configured| configured.client))
            }
        }
    }

    /// Sends a small request to a provider; the fake one has a door of its own.
    pub(crate) async fn send(&self, provider: &str, request: &provider::Request) -> Result<net::Answer, net::Trouble> {
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        let ask = net::Ask {
            method: request.method,
            url: &request.url,
            headers: &headers,
            body: request.body.as_ref().map(|body| body.reveal().as_bytes()),
        };
        self.egress_of(provider).send(ask, MOST_ANSWER).await
    }

    /// The way to a provider.
    pub(crate) fn egress_of(&self, provider: &str) -> &net::Egress {
        let is_fake = self.catalogue.fake.iter().any(|fake| fake.provider.id == provider);
        self.fake_egress.as_ref().filter(|_| is_fake).unwrap_or(&self.egress)
    }
}

/// How this server is known at the fake provider.
const FAKE_CLIENT: (&str, &str) = ("procura", "fake-secret");

/// The services of the fake provider, where there is one: in the catalogue of every app, with credentials.
pub(crate) fn fakes(settings: &Settings, seams: &Seams) -> Result<Vec<Configured>, Fault> {
    let Some(origin) = &settings.fake_provider else { return Ok(Vec::new()) };
    let providers = provider::fake(origin).map_err(|wrong| Fault::new(format!("fake provider: {wrong}")))?;
    let now = seams.now();
    let known = |provider: Provider| Configured {
        client: Arc::new(ProviderClient {
            id: format!("pcl_{}", provider.id),
            provider: provider.id.clone(),
            app: None,
            client_id: FAKE_CLIENT.0.to_owned(),
            secret: Some(Secret::new(FAKE_CLIENT.1)),
            scopes_allowed: None,
            scopes_default: None,
            inputs: Inputs::new(),
            created_at: now,
            updated_at: now,
            refused_at: None,
        }),
        provider: Arc::new(provider),
    };
    Ok(providers.into_iter().map(known).collect())
}

/// More than any token endpoint has to say.
const MOST_ANSWER: usize = 256 << 10;

/// True for a kind that needs credentials of this server at the service.
pub(crate) fn needs_client(kind: AuthKind) -> bool {
    kind.is_oauth()
}
