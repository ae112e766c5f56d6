//! The journal: what happened, to whom, through which app. A row is written in the transaction of what it tells.

mod rows;

pub use rows::{
    answers_of_account, calls_of_account, count_of_app, list, list_of_account, list_of_app, list_of_both,
    list_of_organization, list_of_target, write, written,
};

use base::{AccountId, AgentId, AppId, AppUserId, Fault, GrantId, IdentityId, OrganizationId, Seams, Time};

/// The name of a deed: noun and past participle (`session.opened`). Each crate declares its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act(pub &'static str);

/// A row to be written. Drawn before the transaction, so that the closure needs no clock.
#[derive(Debug, Clone)]
pub struct Entry {
    number: i64,
    act: Act,
    account: Option<AccountId>,
    identity: Option<IdentityId>,
    app: Option<AppId>,
    organization: Option<OrganizationId>,
    grant: Option<GrantId>,
    target: Option<AppId>,
    source: Option<String>,
    detail: Option<serde_json::Value>,
    agent: Option<AgentId>,
    app_user: Option<AppUserId>,
}

impl Entry {
    /// A row that so far tells only what was done.
    pub fn new(act: Act, seams: &Seams) -> Result<Entry, Fault> {
        Ok(Entry {
            number: seams.number()?,
            act,
            account: None,
            identity: None,
            app: None,
            organization: None,
            grant: None,
            target: None,
            source: None,
            detail: None,
            agent: None,
            app_user: None,
        })
    }

    /// Whose account it concerns.
    pub fn account(mut self, account: &AccountId) -> Entry {
        self.account = Some(account.clone());
        self
    }

    /// Which identity.
    pub fn identity(mut self, identity: &IdentityId) -> Entry {
        self.identity = Some(identity.clone());
        self
    }

    /// Which app.
    pub fn app(mut self, app: &AppId) -> Entry {
        self.app = Some(app.clone());
        self
    }

    /// Which organization.
    pub fn organization(mut self, organization: &OrganizationId) -> Entry {
        self.organization = Some(organization.clone());
        self
    }

    /// Which node of the ledger.
    pub fn grant(mut self, grant: &GrantId) -> Entry {
        self.grant = Some(grant.clone());
        self
    }

    /// The app at which it was done, where two took part: its developers see the row too.
    pub fn target(mut self, target: &AppId) -> Entry {
        self.target = Some(target.clone());
        self
    }

    /// Which agent did it.
    pub fn agent(mut self, agent: &AgentId) -> Entry {
        self.agent = Some(agent.clone());
        self
    }

    /// Whose it is, where an app's own identity provider vouches for the person.
    pub fn app_user(mut self, app_user: &AppUserId) -> Entry {
        self.app_user = Some(app_user.clone());
        self
    }

    /// Where the request came from (client address).
    pub fn source(mut self, source: &str) -> Entry {
        self.source = Some(source.to_owned());
        self
    }

    /// More words as JSON. Never a secret, never what a caller sent unread.
    pub fn detail(mut self, detail: serde_json::Value) -> Entry {
        self.detail = Some(detail);
        self
    }
}

/// Which calls are looked for. What is empty narrows nothing.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    pub app: String,
    pub agent: String,
    pub only_refused: bool,
}

/// A row as read back.
#[derive(Debug, Clone)]
pub struct Told {
    pub number: i64,
    pub at: Time,
    pub act: String,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    pub app: Option<AppId>,
    pub organization: Option<OrganizationId>,
    pub grant: Option<GrantId>,
    pub target: Option<AppId>,
    pub source: Option<String>,
    pub detail: Option<serde_json::Value>,
    pub agent: Option<AgentId>,
    pub app_user: Option<AppUserId>,
}
