//! Passing a permission on to an agent (`connect-wire.md` 2.6.10).

use super::open::{Below, put_below};
use super::{DEEPEST, Limits, about, revoke, rows};
use crate::caller::Caller;
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts};
use base::{GrantId, Scope};
use ledger::grant::{self, Grant};
use ledger::journal;
use serde_json::json;

/// What is to be passed on, and to whom.
#[derive(Debug, Clone, Default)]
pub struct DelegateAsk {
    /// Id or name of an active agent of the same app.
    pub to_agent: String,
    pub delegable: Option<bool>,
    pub scope_constraint: Option<Vec<String>>,
    pub ttl_secs: Option<i64>,
}

/// The node that was made.
#[derive(Debug, Clone)]
pub struct Delegated {
    pub grant: Grant,
    pub limits: Limits,
    /// It is on a secret of the company, not on an account of a person.
    pub is_secret: bool,
}

impl Vault {
    /// Puts an agent below a permission. An app may do so for its own, an agent only if what it holds may be passed on.
    pub async fn delegate(&self, caller: &Caller, id: &GrantId, ask: DelegateAsk) -> Result<Delegated> {
        let (vault, caller, id) = (self.clone(), caller.clone(), id.clone());
        self.store
            .write_again(move |tx| {
                let (seams, now) = (&vault.seams, vault.seams.now());
                let wanted = super::Wanted { grant: Some(id.clone()), ..super::Wanted::default() };
                let held = super::resolve::resolve(tx, &caller, &wanted, now)?;
                let (agent, _) = rows::find_agent(tx, &caller.app, &ask.to_agent)?
                    .ok_or_else(|| refuse(Code::AgentNotFound, "there is no such active agent"))?;
                if held.root.identity.is_none() && held.root.app_user.is_none() {
                    return Err(not_delegable("no_consenting_user"));
                }
                if caller.agent.is_some() && !held.limits.delegable {
                    return Err(not_delegable("holder_not_delegable"));
                }
                if held.limits.depth >= DEEPEST {
                    return Err(not_delegable("no_onward_hop"));
                }
                let ceiling = ask.scope_constraint.as_ref().map(Scope::of);
                if ceiling.as_ref().is_some_and(|ceiling| held.ceiling.intersection(ceiling).is_empty()) {
                    return Err(refuse(Code::InvalidScopeConstraint, "the constraint leaves nothing of the grant"));
                }
                if ask.ttl_secs.is_some_and(|secs| secs <= 0) {
                    return Err(refuse(Code::InvalidRequest, "ttl_seconds must be above zero"));
                }
                let below = Below {
                    agent: agent.clone(),
                    ceiling,
                    delegable: ask.delegable,
                    expires_at: ask.ttl_secs.map(|secs| now.plus_secs(secs)),
                };
                let (made, _) = put_below(tx, seams, &held.grant, &below)?;
                let made = grant::find(tx, &made)?.ok_or_else(|| base::Fault::new("grants: what was made is gone"))?;
                let entry = journal::Entry::new(acts::GRANT_DELEGATED, seams)?
                    .app(&caller.app)
                    .grant(&made.id)
                    .agent(&agent)
                    .detail(json!({ "parent": held.grant.id.as_str(), "scopes": made.scope.to_string() }));
                journal::write(tx, &about(entry, &revoke::subject_of(&made)))?;
                let limits = Limits::of(&made)?;
                Ok(Delegated { grant: made, limits, is_secret: held.connection.managed_secret.is_some() })
            })
            .await
    }
}

fn not_delegable(reason: &'static str) -> Error {
    refuse(Code::GrantNotDelegable, "this grant cannot be passed on").with("detail_reason", reason)
}
