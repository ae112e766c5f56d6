//! Ending keys. What was derived from one ends with it.

use super::{Key, rows};
use crate::{By, Caller, Code, Error, Result, Vault, acts, refuse};
use base::{AgentId, Fault, KeyId, Seams, Time};
use db::Tx;
use ledger::journal;
use serde_json::json;

/// Whether the last key of an app or agent may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    No,
    Yes,
}

/// Revokes an app's key inside the caller's transaction; one that is revoked already is told as it is.
pub fn revoke(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &KeyId, force: Force) -> Result<Key> {
    let now = seams.now();
    let key = rows::find(tx, &by.app, id)?.filter(|key| key.agent.is_none()).ok_or_else(gone)?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let others = rows::list_of_app(tx, &by.app, u32::MAX)?;
    let is_last = key.parent.is_none() && !others.iter().any(|other| other.id != key.id && is_own(other, now));
    if is_last && force == Force::No {
        return Err(last());
    }
    end(tx, &key, now)?;
    let detail = json!({ "key": key.id.as_str(), "hint": key.hint });
    journal::write(tx, &by.entry(acts::KEY_REVOKED, seams, detail)?)?;
    Ok(Key { revoked_at: Some(now), ..key })
}

fn is_own(key: &Key, now: Time) -> bool {
    key.parent.is_none() && key.is_active(now)
}

/// Ends a key and what was derived from it.
pub(crate) fn end(tx: &mut Tx<'_>, key: &Key, now: Time) -> std::result::Result<(), Fault> {
    rows::take_live(tx, &key.id, now)?;
    for child in rows::children(tx, &key.id)? {
        rows::take_live(tx, &child.id, now)?;
    }
    Ok(())
}

/// Ends every key of an agent.
pub(crate) fn revoke_all_of_agent(tx: &mut Tx<'_>, agent: &AgentId, now: Time) -> std::result::Result<u64, Fault> {
    let mut count = 0;
    for key in rows::list_of_agent(tx, agent)?.iter().filter(|key| key.revoked_at.is_none()) {
        end(tx, key, now)?;
        count += 1;
    }
    Ok(count)
}

/// Refuses a key that is neither the caller's own nor derived from it: it does not exist for them.
pub(super) fn check_own(tx: &mut Tx<'_>, caller: &Caller, id: &KeyId) -> Result<()> {
    let is_own = |key: &Key| key.id == caller.key || key.parent.as_ref() == Some(&caller.key);
    let found = rows::find(tx, &caller.app, id)?.filter(is_own);
    found.map(drop).ok_or_else(gone)
}

pub(crate) fn gone() -> Error {
    refuse(Code::KeyNotFound, "there is no such key")
}

pub(crate) fn last() -> Error {
    refuse(Code::LastActiveKey, "this is the last active key")
        .with("hint", "mint another one first, or send force=true")
}

impl Vault {
    /// Revokes the caller's own key, or one derived from it.
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId, force: Force) -> Result<Key> {
        let (vault, caller) = (self.clone(), caller.clone());
        self.store
            .write_again(move |tx| {
                check_own(tx, &caller, &id)?;
                revoke(tx, &vault.seams, &By::caller(&caller), &id, force)
            })
            .await
    }
}
