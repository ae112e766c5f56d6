//! Opening a node, and changing what it covers.

use super::rows;
use super::{Kind, Presence};
use base::{AccountId, AgentId, AppId, AppUserId, ConnectionId, Fault, GrantId, IdentityId, Scope, Seams, Time};
use db::Tx;

/// What a new node permits.
#[derive(Debug, Clone)]
pub struct NewGrant {
    pub id: GrantId,
    pub kind: Kind,
    pub parent: Option<GrantId>,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    pub app: Option<AppId>,
    pub target: String,
    pub scope: Scope,
    pub withheld: Scope,
    pub presence: Option<Presence>,
    pub expires_at: Option<Time>,
    /// The terms of the resource that the person was shown; only connector grants have any.
    pub terms: Option<i64>,
    pub app_user: Option<AppUserId>,
    pub connection: Option<ConnectionId>,
    pub agent: Option<AgentId>,
    pub label: Option<String>,
    pub limits: Option<String>,
}

impl NewGrant {
    /// A node of a kind with a fresh id and nothing else set.
    pub fn of(kind: Kind, seams: &Seams) -> Result<NewGrant, Fault> {
        Ok(NewGrant {
            id: GrantId::new(seams.now(), seams.entropy())?,
            kind,
            parent: None,
            account: None,
            identity: None,
            app: None,
            target: String::new(),
            scope: Scope::empty(),
            withheld: Scope::empty(),
            presence: None,
            expires_at: None,
            terms: None,
            app_user: None,
            connection: None,
            agent: None,
            label: None,
            limits: None,
        })
    }
}

/// Opens the node. A second live one for the same identity, app, kind and target is a clash.
pub fn open(tx: &mut Tx, new: &NewGrant, now: Time) -> Result<(), Fault> {
    rows::insert(tx, new, now)
}

/// Sets what a live node covers, and what could not be given: the person was shown the whole and allowed it.
pub fn set_scope(tx: &mut Tx, id: &GrantId, scope: &Scope, withheld: &Scope, now: Time) -> Result<(), Fault> {
    rows::update_scope(tx, id, scope, withheld, now)
}

/// Sets what a live connector grant covers, when, and under which terms of its resource: the person was shown all of it.
pub fn set_terms(
    tx: &mut Tx,
    id: &GrantId,
    scope: &Scope,
    presence: Presence,
    terms: i64,
    now: Time,
) -> Result<(), Fault> {
    rows::update_terms(tx, id, scope, presence, terms, now)
}
