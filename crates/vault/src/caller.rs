//! Who calls, and for whom: what the edge has proven before a verb is asked.

use base::{AccountId, AgentId, AppId, AppUserId, IdentityId, KeyId, OrganizationId, Scope};
use std::collections::BTreeMap;

/// An app's backend or one of its agents, with what its key allows.
#[derive(Debug, Clone)]
pub struct Caller {
    pub app: AppId,
    pub organization: OrganizationId,
    pub key: KeyId,
    pub kind: KeyKind,
    /// The beginning of the key, as lists show it.
    pub hint: String,
    /// What the key may do, narrowed by what the request itself gave up.
    pub scopes: Scope,
    /// The agent that acts: by a key of its own, or named by its app.
    pub agent: Option<Acting>,
    /// The address that the request came from.
    pub source: String,
    /// What the client says of its run (`X-Alter-Context`), for the journal alone.
    pub context: BTreeMap<String, String>,
    /// A rule that this one request brings along (`X-Alter-Request-Rule`), as JSON; it can only narrow.
    pub rule: Option<serde_json::Value>,
}

/// The kinds of key (`connect-wire.md` 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `rk`, or the classic form: an app's backend.
    App,
    /// `ak`, or the classic form: an agent.
    Agent,
    /// `dk`: derived from another, with less.
    Derived,
    /// `pk`: may stand in a page.
    Publishable,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [KeyKind; 4] = [KeyKind::App, KeyKind::Agent, KeyKind::Derived, KeyKind::Publishable];

    /// The stored word, and the one in a key's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyKind::App => "rk",
            KeyKind::Agent => "ak",
            KeyKind::Derived => "dk",
            KeyKind::Publishable => "pk",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<KeyKind> {
        KeyKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An agent that acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    pub id: AgentId,
    pub name: String,
    /// True when the agent's own key was used, false when its app spoke for it (`App.get_agent`).
    pub by_own_key: bool,
    /// Provider id → scopes that it may use there; a provider that is absent is denied.
    pub scopes: BTreeMap<String, Vec<String>>,
}

/// Whose linked accounts are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A person of this server.
    Identity { account: AccountId, identity: IdentityId },
    /// A person whom an app's own identity provider vouches for.
    AppUser(AppUserId),
    /// The app itself.
    App,
}

impl Subject {
    /// The stored word: one column tells whose a connection is.
    pub fn owner(&self) -> String {
        match self {
            Subject::Identity { identity, .. } => format!("identity:{identity}"),
            Subject::AppUser(id) => format!("app_user:{id}"),
            Subject::App => "app".to_owned(),
        }
    }

    /// The word on the wire (`principal_type`).
    pub fn principal_type(&self) -> &'static str {
        match self {
            Subject::Identity { .. } | Subject::AppUser(_) => "user",
            Subject::App => "system",
        }
    }

    /// The account, where we know it.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Subject::Identity { account, .. } => Some(account),
            Subject::AppUser(_) | Subject::App => None,
        }
    }

    /// The identity, where we know it.
    pub fn identity(&self) -> Option<&IdentityId> {
        match self {
            Subject::Identity { identity, .. } => Some(identity),
            Subject::AppUser(_) | Subject::App => None,
        }
    }

    /// The app user, where it is one.
    pub fn app_user(&self) -> Option<&AppUserId> {
        match self {
            Subject::AppUser(id) => Some(id),
            Subject::Identity { .. } | Subject::App => None,
        }
    }
}
