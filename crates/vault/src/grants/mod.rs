//! Permissions on linked accounts, as the ledger keeps them: who may use which account, how narrowly, and which agent hangs below
//! (`connect-wire.md` 2.6.8–2.6.11, 3.3).
//!
//! Promise: a permission is found only by whom it concerns, foreign ones look unknown (threat 154); what an agent may do comes from
//! a node below the person's own, and never lasts longer or reaches further than what it hangs on (threat 153).

mod delegate;
mod list;
mod mint;
mod open;
mod report;
mod resolve;
mod revoke;
mod rows;

pub use delegate::{DelegateAsk, Delegated};
pub use list::{Filter, Listed, Page};
pub use mint::MintAsk;
pub(crate) use open::{On, open_on};
pub use report::MismatchReport;
pub use resolve::{ForResource, Resolved, Wanted};
pub(crate) use resolve::{limits_above, resolve};
pub use revoke::{Revoked, end_of_account};
pub(crate) use revoke::{end_of_app, end_whole, subject_of};
pub(crate) use rows::find_agent;

use crate::caller::Subject;
use base::{AgentId, GrantId, Scope, Time};
use ledger::grant::Grant;
use ledger::journal::Entry;
use serde::{Deserialize, Serialize};

/// What came of linking an account, or of using one that was linked before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Granted {
    #[serde(with = "text_grant")]
    pub grant: GrantId,
    pub provider: String,
    pub provider_name: String,
    /// Never empty: what people recognise the account by.
    pub account: String,
    pub at_ms: i64,
    pub operation: Operation,
    pub scopes: Vec<String>,
    pub api_base: Option<String>,
    pub delegation: Option<DelegationMade>,
    pub policy: Option<PolicyMade>,
}

/// The lifetime that was set for a permission.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyMade {
    pub expires_at_ms: Option<i64>,
    pub created_at_ms: i64,
}

/// The agent that was let in with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DelegationMade {
    pub agent: String,
    pub delegable: bool,
    /// The person left the agent out.
    pub refused: bool,
}

/// Whether an account is new, or was connected again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Creation,
    Reauth,
}

impl Operation {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Creation => "creation",
            Operation::Reauth => "reauth",
        }
    }
}

/// What narrows a permission, as its row keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_methods: Option<Vec<String>>,
    /// Patterns of paths (`/v3/**`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_endpoints: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<serde_json::Value>,
    /// An agent may pass it on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub delegable: bool,
    /// How many agents stand between it and the person.
    #[serde(skip_serializing_if = "is_zero")]
    pub depth: i64,
    /// It reaches less far than the account's own scopes: calls are judged one by one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_narrowed: bool,
    /// A lifetime was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ttl_secs: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Limits {
    /// What the row says. What cannot be read narrows to nothing: it fails closed.
    pub fn of(grant: &Grant) -> Result<Limits, base::Fault> {
        match &grant.limits {
            None => Ok(Limits::default()),
            Some(text) => {
                serde_json::from_str(text).map_err(|_| base::Fault::new("grants: limits are not what was stored"))
            }
        }
    }

    /// As the row keeps it; nothing when nothing is narrowed.
    pub(crate) fn text(&self) -> Option<String> {
        if *self == Limits::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// True when single calls have to be judged, so that the raw credential must not leave.
    pub fn needs_proxy(&self) -> bool {
        self.allowed_methods.is_some() || self.allowed_endpoints.is_some() || self.is_narrowed
    }
}

/// The deepest that a permission may be passed on.
pub const DEEPEST: i64 = 3;

/// A journal entry about somebody.
pub(crate) fn about(entry: Entry, subject: &Subject) -> Entry {
    match subject {
        Subject::Identity { account, identity } => entry.account(account).identity(identity),
        Subject::AppUser(app_user) => entry.app_user(app_user),
        Subject::App => entry,
    }
}

/// The ids of the agents that a permission was given to directly.
pub(crate) fn agents_of(children: &[Grant]) -> Vec<AgentId> {
    children.iter().filter_map(|child| child.agent.clone()).collect()
}

/// The earlier of two ends; nothing is never.
pub(crate) fn sooner(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The scopes as a list.
pub fn words(scope: &Scope) -> Vec<String> {
    scope.iter().map(str::to_owned).collect()
}

mod text_grant {
    use base::GrantId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &GrantId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GrantId, D::Error> {
        String::deserialize(deserializer).map(GrantId::from_text)
    }
}
