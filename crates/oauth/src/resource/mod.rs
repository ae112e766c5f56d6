//! Resources: what an app offers to other apps, with scopes in words (`product.md` 3.1).
//!
//! Promise: a key and an audience name one resource for ever; nobody can register a name that belongs to somebody else or looks
//! like it (threat 130). A change that a person would have to be asked about again raises `terms`, and every grant made under
//! older terms is suspended until they are (threat 131).

mod change;
mod rows;
mod wish;

pub use change::{NewResource, act, create, delete, pause, resume, update, update_if_different, would_suspend};
pub use rows::{find, find_active_of_app, find_by_audience, find_by_key, holders, list_of_app, page, runtime_origins};
pub use wish::{ScopeWish, Wish};

pub(crate) use change::delete_of_app;
pub(crate) use rows::find_named;

use base::{AppId, OrganizationId, ResourceId, Scope, Time};
use ledger::Grant;
use serde::{Deserialize, Serialize};

/// What can happen when a scope is misused, as the consent page marks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    /// Every risk, the least first.
    pub const ALL: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];

    /// The word in manifests, the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Risk> {
        Risk::ALL.into_iter().find(|risk| risk.as_str() == word)
    }
}

/// One thing that can be allowed, in the owner's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceScope {
    pub name: String,
    /// What it lets an app do: *Ask Iris questions in your name*.
    pub text: String,
    pub risk: Risk,
    /// Of a vault resource: what has to be granted at the provider for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provider_scopes: Vec<String>,
    /// Of a vault resource: the calls that it lets through, as `METHOD /path/**`, or `METHOD https://host/path/**` where it is not the provider's first host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

/// A resource as registered.
#[derive(Debug, Clone)]
pub struct Resource {
    pub id: ResourceId,
    /// Its name on the wire (`resource`, `target_resource`): `iris:inference`.
    pub key: String,
    /// The app that offers it.
    pub app: AppId,
    /// Whose app that is.
    pub organization: OrganizationId,
    pub name: String,
    pub description: Option<String>,
    /// Set for a vault resource: the provider whose accounts it reaches through our proxy.
    pub provider: Option<String>,
    /// `aud` of its delegated tokens.
    pub audience: String,
    /// Where the runtime sends requests; its origin is the resource's `targetOrigin`.
    pub runtime_endpoint: Option<String>,
    /// The owner may exchange a delegated token for a narrower one.
    pub allow_chains: bool,
    /// Apps of other organizations may ask for this audience (RFC 8707).
    pub open_audience: bool,
    pub scopes: Vec<ResourceScope>,
    /// Counts the changes that people must be asked about again.
    pub terms: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub paused_at: Option<Time>,
    /// The app that offers it is switched off.
    pub owner_is_off: bool,
}

impl Resource {
    /// True for an account elsewhere that our proxy reaches.
    pub fn is_vault(&self) -> bool {
        self.provider.is_some()
    }

    /// What has to be granted at the provider for some of its scopes.
    pub fn provider_scopes(&self, scope: &Scope) -> Scope {
        let named = self.scopes.iter().filter(|own| scope.has(&own.name));
        Scope::of(named.flat_map(|own| &own.provider_scopes))
    }

    /// True while tokens for it may be asked for and used.
    pub fn is_active(&self) -> bool {
        self.paused_at.is_none() && !self.owner_is_off
    }

    /// The word for what is: `active` or `disabled`.
    pub fn status(&self) -> &'static str {
        if self.is_active() { "active" } else { "disabled" }
    }

    /// The names of its scopes.
    pub fn scope(&self) -> Scope {
        Scope::of(self.scopes.iter().map(|scope| &scope.name))
    }

    /// The scope with this name.
    pub fn find_scope(&self, name: &str) -> Option<&ResourceScope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// The part of its key that belongs to its organization.
    pub fn namespace(&self) -> &str {
        namespace(&self.key).unwrap_or_default()
    }

    /// True when a grant on it was made under what it says today.
    pub fn is_agreed_in(&self, grant: &Grant) -> bool {
        grant.terms == Some(self.terms)
    }
}

/// How many live grants there are on a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holders {
    pub grants: u64,
    /// Of these, those made under older terms: they count for nothing until their people are asked again.
    pub suspended: u64,
}

/// What stands before the first `:` of a key.
pub(crate) fn namespace(key: &str) -> Option<&str> {
    key.split_once(':').map(|(namespace, _)| namespace)
}
