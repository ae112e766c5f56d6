//! Changing agents, suspending and revoking them.

use super::{Agent, Scopes, Status, check_data, check_scopes, covers, find, gone, rows, shared, united};
use crate::{By, Code, Result, acts, key, refuse};
use base::{AgentId, Seams};
use db::Tx;
use ledger::grant::{EndedBy, end_all_of_agent};
use ledger::{Act, journal};
use serde_json::{Map, Value, json};

/// How long what is taken away goes on holding, unless the request says otherwise.
pub const GRACE_SECS: i64 = 86_400;
const LONGEST_GRACE_SECS: i64 = 604_800;

/// What a request changes.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// `Some(None)` takes the name away.
    pub display_name: Option<Option<String>>,
    pub scopes: Option<Scopes>,
    pub policy: Option<Map<String, Value>>,
    pub metadata: Option<Map<String, Value>>,
}

/// A change, and what it supposes.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub change: Change,
    pub expected_version: Option<i64>,
    pub grace_secs: Option<i64>,
}

/// Changes an agent inside the caller's transaction. New scopes must name the version they were thought out on.
pub fn patch(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, patch: &Patch) -> Result<Agent> {
    let old = expected(tx, by, id, patch.expected_version)?;
    let now = seams.now();
    let mut new = settled(&old, seams);
    let change = &patch.change;
    if let Some(name) = &change.display_name {
        name.as_deref().map_or(Ok(()), key::check_name)?;
        new.display_name.clone_from(name);
    }
    if let Some(policy) = &change.policy {
        check_data("policy", policy)?;
        new.policy.clone_from(policy);
    }
    if let Some(metadata) = &change.metadata {
        check_data("metadata", metadata)?;
        new.metadata.clone_from(metadata);
    }
    if let Some(scopes) = &change.scopes {
        if patch.expected_version.is_none() {
            return Err(refuse(Code::InvalidRequest, "a change of scopes needs expected_version"));
        }
        check_scopes(scopes)?;
        let grace = patch.grace_secs.unwrap_or(GRACE_SECS);
        if !(0..=LONGEST_GRACE_SECS).contains(&grace) {
            return Err(refuse(Code::InvalidRequest, "grace_seconds is from 0 to 604800"));
        }
        let takes_away = !covers(scopes, &new.scopes);
        if takes_away && grace > 0 {
            new.pending = Some((scopes.clone(), now.plus_secs(grace)));
            new.scopes = united(&new.scopes, scopes);
        } else {
            new.pending = None;
            new.scopes.clone_from(scopes);
        }
    }
    let fields: Vec<&str> = [
        ("display_name", change.display_name.is_some()),
        ("scopes", change.scopes.is_some()),
        ("policy", change.policy.is_some()),
        ("metadata", change.metadata.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_changed)| is_changed.then_some(name))
    .collect();
    if fields.is_empty() {
        return Ok(old);
    }
    let detail = json!({ "name": new.name, "changed": fields, "kept": shared(&old.scopes, &new.scopes) });
    store(tx, seams, by, &old, new, acts::AGENT_CHANGED, detail)
}

/// Stops an agent from acting, until it is resumed.
pub fn suspend(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, expected_version: Option<i64>) -> Result<Agent> {
    let old = expected(tx, by, id, expected_version)?;
    if old.suspended_at.is_some() {
        return Ok(old);
    }
    let new = Agent { suspended_at: Some(seams.now()), ..settled(&old, seams) };
    let detail = json!({ "name": new.name });
    store(tx, seams, by, &old, new, acts::AGENT_SUSPENDED, detail)
}

/// Lets a suspended agent act again.
pub fn resume(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, expected_version: Option<i64>) -> Result<Agent> {
    let old = expected(tx, by, id, expected_version)?;
    if old.suspended_at.is_none() {
        return Ok(old);
    }
    let new = Agent { suspended_at: None, ..settled(&old, seams) };
    let detail = json!({ "name": new.name });
    store(tx, seams, by, &old, new, acts::AGENT_RESUMED, detail)
}

/// Ends an agent for good: its keys, what it was given, and what it passed on. Again, it is told as it is.
pub fn revoke(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId) -> Result<Agent> {
    let now = seams.now();
    let old = find(tx, &by.app, id)?.ok_or_else(gone)?;
    if old.status() == Status::Revoked {
        return Ok(old);
    }
    let keys = key::revoke_all_of_agent(tx, id, now)?;
    let grants = end_all_of_agent(tx, id, EndedBy::App, now)?;
    let new = Agent { revoked_at: Some(now), ..settled(&old, seams) };
    let detail = json!({ "name": new.name, "keys_revoked": keys, "grants_ended": grants });
    store(tx, seams, by, &old, new, acts::AGENT_REVOKED, detail)
}

/// The agent, if it can still be changed and is of the version that the caller has seen.
fn expected(tx: &mut Tx<'_>, by: &By, id: &AgentId, version: Option<i64>) -> Result<Agent> {
    let found = find(tx, &by.app, id)?.ok_or_else(gone)?;
    if found.status() == Status::Revoked {
        return Err(refuse(Code::AgentRevoked, "the agent has been revoked"));
    }
    if version.is_some_and(|version| version != found.version) {
        return Err(outrun(found.version));
    }
    Ok(found)
}

/// The next version of an agent, with what was announced and is due taken over.
fn settled(old: &Agent, seams: &Seams) -> Agent {
    let now = seams.now();
    let mut new = Agent { version: old.version + 1, updated_at: now, ..old.clone() };
    new.scopes.clone_from(old.effective_scopes(now));
    if old.announced(now).is_none() {
        new.pending = None;
    }
    new
}

fn store(tx: &mut Tx<'_>, seams: &Seams, by: &By, old: &Agent, new: Agent, act: Act, detail: Value) -> Result<Agent> {
    if !rows::update(tx, &new, old.version)? {
        return Err(outrun(new.version));
    }
    journal::write(tx, &by.entry(act, seams, detail)?.agent(&new.id))?;
    Ok(new)
}

fn outrun(version: i64) -> crate::Error {
    refuse(Code::AgentConcurrentUpdate, "the agent was changed in the meantime").with("current_version", version)
}
