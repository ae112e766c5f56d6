//! What an identity has allowed one app at another: shown as it stands, kept with the code, written when the code is redeemed.
//!
//! Promise: one live grant for each identity, app and resource; it only ever widens by what a person was shown (threat 126), and
//! one made under older terms of its resource counts for nothing until they were asked again (threat 131).

mod delegation;
mod keep;
mod rows;

pub use delegation::Delegation;

pub(crate) use keep::Allowed;

use crate::OAuth;
use crate::ask::Connector;
use crate::resource::Resource;
use base::{AppId, ConnectionId, Fault, IdentityId, Scope};
use db::Tx;
use ledger::{Grant, Kind, Presence, grant};

/// What an identity has allowed on a resource before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The scopes that count still.
    pub scope: Scope,
    /// When they may be used; nothing where nothing is allowed.
    pub presence: Option<Presence>,
    /// Something was allowed under terms that have changed since.
    pub is_suspended: bool,
    /// The linked account that it is on, for a vault resource.
    pub connection: Option<ConnectionId>,
}

impl Standing {
    fn of(grant: Option<&Grant>, resource: &Resource) -> Standing {
        match grant {
            Some(grant) if resource.is_agreed_in(grant) => Standing {
                scope: grant.scope.clone(),
                presence: grant.presence,
                is_suspended: false,
                connection: grant.connection.clone(),
            },
            other => Standing {
                scope: Scope::empty(),
                presence: None,
                is_suspended: other.is_some(),
                connection: other.and_then(|grant| grant.connection.clone()),
            },
        }
    }

    /// True when all that is asked was allowed before, in the way it may be used.
    pub fn covers(&self, asked: &Connector) -> bool {
        let is_settled = !asked.offers_background || self.presence == Some(Presence::Background);
        self.presence.is_some() && self.scope.covers(&asked.scope) && is_settled
    }

    /// True when a request may be answered without showing anything.
    pub(crate) fn is_silent_for(&self, asked: &Connector) -> bool {
        self.presence == Some(Presence::Background) && self.scope.covers(&asked.scope)
    }
}

impl OAuth {
    /// What this identity has allowed the app on the resource, as it stands now.
    pub(crate) async fn standing(
        &self,
        asked: &Connector,
        identity: &IdentityId,
        app: &AppId,
    ) -> Result<Standing, Fault> {
        let (resource, identity, app) = (asked.resource.clone(), identity.clone(), app.clone());
        self.store.read(move |tx| Ok(Standing::of(find(tx, &identity, &app, &resource.key)?.as_ref(), &resource))).await
    }
}

/// The live grant of an identity for an app on a resource. Its target is the resource's key.
pub(crate) fn find(tx: &mut Tx, identity: &IdentityId, app: &AppId, key: &str) -> Result<Option<Grant>, Fault> {
    grant::find_live(tx, Kind::Connector, identity, app, key)
}
