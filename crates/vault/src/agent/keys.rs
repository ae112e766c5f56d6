//! The keys of an agent.

use super::{Agent, Status, find, gone};
use crate::key::{self, Force, Key, Minted, rows};
use crate::{By, Code, Result, acts, refuse};
use base::{AgentId, KeyId, Seams};
use db::Tx;
use ledger::{Act, journal};
use serde_json::json;

/// So many keys of one agent may be usable at once.
const MOST: usize = 10;

/// Mints another key, inside the caller's transaction.
pub fn mint_key(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId) -> Result<Minted> {
    living(tx, by, id)?;
    let keys = rows::list_of_agent(tx, id)?;
    if keys.iter().filter(|key| key.is_usable(seams.now())).count() >= MOST {
        return Err(refuse(Code::AgentKeyLimitReached, "the agent has ten keys already")
            .with("hint", "revoke one that is no longer used"));
    }
    let minted = key::mint_for_agent(tx, seams, by, id, &format!("Key {}", keys.len() + 1))?;
    write(tx, seams, by, id, acts::AGENT_KEY_MINTED, &minted.key)?;
    Ok(minted)
}

/// Every key that the agent has had, newest first.
pub fn list_keys(tx: &mut Tx<'_>, by: &By, id: &AgentId) -> Result<Vec<Key>> {
    find(tx, &by.app, id)?.ok_or_else(gone)?;
    Ok(rows::list_of_agent(tx, id)?)
}

/// Announces that a key will go. It goes on working, and every answer says so.
pub fn deprecate_key(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, key: &KeyId) -> Result<Key> {
    let found = own_key(tx, by, id, key)?;
    if found.deprecated_at.is_some() {
        return Ok(found);
    }
    let changed = Key { deprecated_at: Some(seams.now()), ..found };
    rows::set_deprecated(tx, key, changed.deprecated_at)?;
    write(tx, seams, by, id, acts::AGENT_KEY_DEPRECATED, &changed)?;
    Ok(changed)
}

/// Takes that back.
pub fn undeprecate_key(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, key: &KeyId) -> Result<Key> {
    let found = own_key(tx, by, id, key)?;
    if found.deprecated_at.is_none() {
        return Ok(found);
    }
    let changed = Key { deprecated_at: None, ..found };
    rows::set_deprecated(tx, key, None)?;
    write(tx, seams, by, id, acts::AGENT_KEY_UNDEPRECATED, &changed)?;
    Ok(changed)
}

/// Ends a key; the last active one only when the caller insists. Again, it is told as it is.
pub fn revoke_key(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, key: &KeyId, force: Force) -> Result<Key> {
    let now = seams.now();
    find(tx, &by.app, id)?.ok_or_else(gone)?;
    let keys = rows::list_of_agent(tx, id)?;
    let found = keys.iter().find(|own| own.id == *key).cloned().ok_or_else(key::revoke::gone)?;
    if found.revoked_at.is_some() {
        return Ok(found);
    }
    let has_another = keys.iter().any(|other| other.id != *key && other.is_active(now));
    if !has_another && force == Force::No {
        return Err(key::revoke::last());
    }
    key::revoke::end(tx, &found, now)?;
    let changed = Key { revoked_at: Some(now), ..found };
    write(tx, seams, by, id, acts::AGENT_KEY_REVOKED, &changed)?;
    Ok(changed)
}

fn living(tx: &mut Tx<'_>, by: &By, id: &AgentId) -> Result<Agent> {
    let found = find(tx, &by.app, id)?.ok_or_else(gone)?;
    match found.status() {
        Status::Active => Ok(found),
        Status::Inactive => Err(refuse(Code::AgentInactive, "the agent is suspended")),
        Status::Revoked => Err(refuse(Code::AgentRevoked, "the agent has been revoked")),
    }
}

/// A key of the agent that has not been revoked.
fn own_key(tx: &mut Tx<'_>, by: &By, id: &AgentId, key: &KeyId) -> Result<Key> {
    find(tx, &by.app, id)?.ok_or_else(gone)?;
    let found = key::find(tx, &by.app, key)?.filter(|found| found.agent.as_ref() == Some(id));
    let found = found.ok_or_else(key::revoke::gone)?;
    if found.revoked_at.is_some() {
        return Err(refuse(Code::KeyAlreadyRevoked, "the key has been revoked"));
    }
    Ok(found)
}

fn write(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, act: Act, key: &Key) -> Result<()> {
    let detail = json!({ "key": key.id.as_str(), "hint": key.hint });
    Ok(journal::write(tx, &by.entry(act, seams, detail)?.agent(id))?)
}
