//! A second permission of the same app on the same account, under a label of its own (`connect-wire.md` 2.6.11).

use super::{Limits, about, open, revoke};
use crate::caller::Caller;
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, acts, connection};
use base::{GrantId, Time};
use ledger::grant::{self, Grant, Kind, NewGrant};
use ledger::journal;
use serde_json::{Value, json};

/// What is to be made.
#[derive(Debug, Clone)]
pub struct MintAsk {
    pub label: String,
    pub expires_at: Option<Time>,
    pub tags: Option<Value>,
}

impl Vault {
    /// Opens a sibling. Its label must be free on this account.
    pub async fn mint_grant(
        &self,
        caller: &Caller,
        id: &GrantId,
        ask: MintAsk,
    ) -> Result<(Grant, connection::Connection)> {
        if caller.agent.is_some() {
            return Err(refuse(Code::AgentsCannotMint, "an agent cannot make grants"));
        }
        if ask.expires_at.is_some_and(|until| until <= self.seams.now()) {
            return Err(refuse(Code::InvalidGrantPolicy, "expires_at is over already"));
        }
        let (vault, caller, id) = (self.clone(), caller.clone(), id.clone());
        self.store
            .write_again(move |tx| {
                let (seams, now) = (&vault.seams, vault.seams.now());
                let wanted = super::Wanted { grant: Some(id.clone()), ..super::Wanted::default() };
                let source = super::resolve::resolve(tx, &caller, &wanted, now)?;
                if source.limits.needs_proxy() {
                    return Err(refuse(Code::MintSourceHasGrantRules, "a narrowed grant has no siblings"));
                }
                let target = open::target(source.connection.id.as_str(), Some(&ask.label));
                let siblings = grant::list_of_connection(tx, &source.connection.id, 1000)?;
                if siblings.iter().any(|sibling| sibling.target == target) {
                    return Err(refuse(Code::SiblingLabelConflict, "this label is taken on this account")
                        .with("label", ask.label.clone()));
                }
                let mut new = NewGrant::of(Kind::Connection, seams)?;
                new.parent.clone_from(&source.root.parent);
                new.account.clone_from(&source.root.account);
                new.identity.clone_from(&source.root.identity);
                new.app_user.clone_from(&source.root.app_user);
                new.app = Some(caller.app.clone());
                new.target = target;
                new.connection = Some(source.connection.id.clone());
                new.scope = source.root.scope.clone();
                new.label = Some(ask.label.clone());
                new.limits = Limits { tags: ask.tags.clone(), ..Limits::default() }.text();
                new.expires_at = super::sooner(ask.expires_at, source.root.expires_at);
                grant::open(tx, &new, now)?;
                let entry = journal::Entry::new(acts::GRANT_MINTED, seams)?
                    .app(&caller.app)
                    .grant(&new.id)
                    .detail(json!({ "source": source.root.id.as_str(), "label": ask.label }));
                journal::write(tx, &about(entry, &revoke::subject_of(&source.root)))?;
                let made =
                    grant::find(tx, &new.id)?.ok_or_else(|| base::Fault::new("grants: what was made is gone"))?;
                Ok((made, source.connection))
            })
            .await
    }
}
