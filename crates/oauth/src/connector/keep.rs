//! From the person's Allow to the ledger: what was shown waits with the code, and is written when the code is redeemed.

use super::find;
use crate::ask::Connector;
use crate::code::Family;
use crate::refusal::{Code, Error, refuse};
use crate::resource::{self, Resource};
use base::{ConnectionId, Fault, GrantId, ResourceId, Scope, Seams, Time};
use db::Tx;
use ledger::{Kind, NewGrant, Presence, grant};
use serde::{Deserialize, Serialize};

/// What the person was shown and allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Allowed {
    resource: String,
    terms: i64,
    scope: String,
    /// When it may be used, if the page asked that.
    presence: Option<String>,
    /// The linked account that it is on, for a vault resource.
    #[serde(default)]
    connection: Option<String>,
}

impl Allowed {
    pub(crate) fn new(asked: &Connector, presence: Option<Presence>, connection: Option<&ConnectionId>) -> Allowed {
        Allowed {
            resource: asked.resource.id.as_str().to_owned(),
            terms: asked.resource.terms,
            scope: asked.scope.to_string(),
            presence: presence.map(|presence| presence.as_str().to_owned()),
            connection: connection.map(|id| id.as_str().to_owned()),
        }
    }

    pub(crate) fn to_json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| Fault::new("families: what was allowed does not serialize"))
    }

    pub(crate) fn of_json(text: &str) -> Result<Allowed, Fault> {
        serde_json::from_str(text).map_err(|_| Fault::new("families: what was allowed is not readable"))
    }

    /// Opens the grant, or widens the one there is by what was shown. Refused when the resource is not what was shown any more.
    pub(crate) fn write(&self, tx: &mut Tx, family: &Family, seams: &Seams, now: Time) -> Result<Written, Error> {
        let id = ResourceId::from_text(&self.resource);
        let resource = resource::find(tx, &id)?
            .filter(|resource| resource.is_active() && resource.terms == self.terms)
            .ok_or_else(|| refuse(Code::InvalidGrant, "the resource has changed since the person was asked"))?;
        let shown = Scope::parse(&self.scope).ok_or_else(|| Fault::new("families: an allowed scope is not one"))?;
        let presence = self.presence.as_deref().and_then(Presence::parse);
        let connection = self.connection.clone().map(ConnectionId::from_text);
        if resource.is_vault() && connection.is_none() {
            return Err(refuse(Code::InvalidGrant, "no account was chosen for the resource"));
        }
        let (account, identity) = family.person()?;
        let Some(old) = find(tx, identity, &family.app, &resource.key)? else {
            let new = NewGrant {
                parent: family.grant.clone(),
                account: Some(account.clone()),
                identity: Some(identity.clone()),
                app: Some(family.app.clone()),
                target: resource.key.clone(),
                scope: shown.clone(),
                presence: Some(presence.unwrap_or(Presence::UserPresent)),
                terms: Some(resource.terms),
                connection: connection.clone(),
                ..NewGrant::of(Kind::Connector, seams)?
            };
            grant::open(tx, &new, now)?;
            return Ok(Written { grant: new.id, scope: shown, resource });
        };
        let is_agreed = resource.is_agreed_in(&old);
        // What was allowed under other terms was not shown, so nothing of it stays.
        let scope = if is_agreed { old.scope.union(&shown) } else { shown };
        let kept = old.presence.filter(|_| is_agreed);
        let presence = presence.or(kept).unwrap_or(Presence::UserPresent);
        grant::set_terms(tx, &old.id, &scope, presence, resource.terms, now)?;
        if connection != old.connection {
            grant::set_connection(tx, &old.id, connection.as_ref(), now)?;
        }
        Ok(Written { grant: old.id, scope, resource })
    }
}

/// The grant as it stands after a code was redeemed.
pub(crate) struct Written {
    pub(crate) grant: GrantId,
    pub(crate) scope: Scope,
    pub(crate) resource: Resource,
}
