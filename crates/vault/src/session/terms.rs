//! What a backend asked of a session, as its row keeps it.

use crate::grants::{Limits, sooner};
use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a backend asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// The providers that may be chosen, by id.
    pub providers: Vec<String>,
    /// Scopes that take the place of the defaults, by provider.
    pub scopes: BTreeMap<String, Vec<String>>,
    pub label: Option<String>,
    pub restrictions: Option<Restrictions>,
    pub policy: Option<GrantPolicy>,
    /// The agent that is let in with what is linked.
    pub agent: Option<String>,
    pub agent_name: Option<String>,
    /// Nothing keeps what is set; yes asks the person.
    pub delegable: Option<bool>,
    /// The person left the agent out.
    pub agent_refused: bool,
    pub scope_constraint: Option<Vec<String>>,
    /// The grant whose account is connected again.
    pub repair: Option<String>,
    pub repair_connection: Option<String>,
    pub direct: bool,
    pub switch_account: bool,
    /// The person may not set limits of their own.
    pub no_user_rules: bool,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

/// What narrows the calls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Restrictions {
    pub allowed_methods: Option<Vec<String>>,
    pub allowed_endpoints: Option<Vec<String>>,
}

/// How long a permission lasts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantPolicy {
    pub max_ttl_seconds: Option<i64>,
    pub default_ttl_seconds: Option<i64>,
    pub expires_at_ms: Option<i64>,
}

impl GrantPolicy {
    /// When what is opened now ends by itself.
    pub fn expiry(&self, now: Time) -> Option<Time> {
        let ttl = self.default_ttl_seconds.or(self.max_ttl_seconds).map(|secs| now.plus_secs(secs));
        let longest = self.max_ttl_seconds.map(|secs| now.plus_secs(secs));
        sooner(sooner(ttl, longest), self.expires_at_ms.map(Time::from_ms))
    }
}

impl Terms {
    /// When what is opened now ends by itself.
    pub(crate) fn expiry(&self, now: Time) -> Option<Time> {
        self.policy.as_ref()?.expiry(now)
    }

    pub(crate) fn has_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// What narrows the permission.
    pub(crate) fn limits(&self) -> Limits {
        let restrictions = self.restrictions.clone().unwrap_or_default();
        Limits {
            allowed_methods: restrictions.allowed_methods,
            allowed_endpoints: restrictions.allowed_endpoints,
            max_ttl_secs: self.policy.as_ref().and_then(|policy| policy.max_ttl_seconds),
            ..Limits::default()
        }
    }
}
