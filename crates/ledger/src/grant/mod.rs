//! One node of the grant ledger (`product.md` section 1): a session, a sign-in consent, and what hangs on them.

mod end;
mod open;
mod rows;

pub use end::{
    Ending, end, end_all_of_account, end_all_of_agent, end_all_of_app, end_all_of_connection, end_all_of_kind,
    end_all_of_target,
};
pub use open::{NewGrant, open, set_scope, set_terms};
pub use rows::{
    children, find, find_live, list_of_account, list_of_agent, list_of_app, list_of_connection, page_of_app,
    set_connection, set_limits, touch, use_of_app,
};

use base::{AccountId, AgentId, AppId, AppUserId, ConnectionId, GrantId, IdentityId, Scope, Time};

/// What the node permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A browser or device of an account.
    Session,
    /// An identity lets an app know who it is.
    SignIn,
    /// An identity lets an app act at a resource.
    Connector,
    /// An identity, app user or app lets an app use a linked account.
    Connection,
    /// Hangs below any: an agent may use it.
    Agent,
}

impl Kind {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Session => "session",
            Kind::SignIn => "sign_in",
            Kind::Connector => "connector",
            Kind::Connection => "connection",
            Kind::Agent => "agent",
        }
    }

    fn parse(text: &str) -> Option<Kind> {
        [Kind::Session, Kind::SignIn, Kind::Connector, Kind::Connection, Kind::Agent]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Whether a permission holds while its person is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    UserPresent,
    Background,
}

impl Presence {
    /// The word on the wire (`communication_mode`).
    pub fn as_str(self) -> &'static str {
        match self {
            Presence::UserPresent => "user_present",
            Presence::Background => "background",
        }
    }

    /// From the word.
    pub fn parse(text: &str) -> Option<Presence> {
        [Presence::UserPresent, Presence::Background].into_iter().find(|presence| presence.as_str() == text)
    }
}

/// Why a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The person ended it.
    Person,
    /// Signing out ended it.
    SignOut,
    /// What it hung on ended.
    Parent,
    /// The app gave it back, or was removed.
    App,
    /// A code or refresh token was used twice.
    Replay,
    /// An operator ended it.
    Operator,
    /// The account was deleted or disabled.
    Account,
    /// Its time was over.
    Expiry,
}

impl EndedBy {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            EndedBy::Person => "person",
            EndedBy::SignOut => "sign_out",
            EndedBy::Parent => "parent",
            EndedBy::App => "app",
            EndedBy::Replay => "replay",
            EndedBy::Operator => "operator",
            EndedBy::Account => "account",
            EndedBy::Expiry => "expiry",
        }
    }
}

/// A node as stored.
#[derive(Debug, Clone)]
pub struct Grant {
    pub id: GrantId,
    pub kind: Kind,
    pub parent: Option<GrantId>,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    pub app: Option<AppId>,
    /// What it is for, besides the app: empty for a sign-in, the resource key for a connector grant.
    pub target: String,
    pub scope: Scope,
    /// What was asked and could not be given when it was allowed.
    pub withheld: Scope,
    pub presence: Option<Presence>,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_used_at: Option<Time>,
    pub expires_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// The terms of its resource that it was made under; only connector grants have any.
    pub terms: Option<i64>,
    /// Whose it is, when an app's own identity provider vouches for the person.
    pub app_user: Option<AppUserId>,
    /// The linked account that it is on, and that it ends with.
    pub connection: Option<ConnectionId>,
    /// Who may use it, when that is an agent.
    pub agent: Option<AgentId>,
    /// What its app calls it, where one person has several on the same account.
    pub label: Option<String>,
    /// What narrows it, as JSON; its writer knows the form.
    pub limits: Option<String>,
}

impl Grant {
    /// True while nobody has ended it and its time is not over.
    pub fn is_live(&self, now: Time) -> bool {
        self.ended_at.is_none() && self.expires_at.is_none_or(|until| now < until)
    }
}
