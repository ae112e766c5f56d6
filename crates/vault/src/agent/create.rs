//! Making agents. A request that carries an `Idempotency-Key` makes one, however often it is sent.

use super::{Agent, AgentKind, Scopes, check_data, check_scopes, find, find_by_name, rows};
use crate::agent::Status;
use crate::key::{self, Key, Minted};
use crate::{By, Code, Result, acts, refuse};
use base::{AgentId, Digest, Fault, KeyId, Seams, Secret, Time};
use db::Tx;
use ledger::journal;
use serde_json::{Map, Value, json};

/// How long a repeated request is known.
const REMEMBERED_SECS: i64 = 86_400;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    pub name: String,
    pub kind: AgentKind,
    pub display_name: Option<String>,
    pub scopes: Scopes,
    pub policy: Map<String, Value>,
    pub metadata: Map<String, Value>,
}

/// The agent and its first key. A repeated request gets the text no more.
#[derive(Debug, Clone)]
pub struct Created {
    pub agent: Agent,
    pub key: Key,
    pub secret: Option<Secret>,
}

/// Makes an agent inside the caller's transaction. `once` is the request's key and the digest of its body.
pub fn create(tx: &mut Tx<'_>, seams: &Seams, by: &By, wish: &Wish, once: Option<(&str, Digest)>) -> Result<Created> {
    let now = seams.now();
    let once = once.map(|(key, digest)| (format!("agents:{key}"), digest));
    if let Some((name, request)) = &once
        && let Some(made) = made_before(tx, by, name, request, now)?
    {
        return Ok(made);
    }
    key::check_name(&wish.name)?;
    if let Some(name) = &wish.display_name {
        key::check_name(name)?;
    }
    check_scopes(&wish.scopes)?;
    check_data("policy", &wish.policy)?;
    check_data("metadata", &wish.metadata)?;
    if find_by_name(tx, &by.app, &wish.name)?.is_some() {
        return Err(refuse(Code::AgentNameExists, "an agent of this name exists"));
    }
    let agent = Agent {
        id: AgentId::new(now, seams.entropy())?,
        app: by.app.clone(),
        name: wish.name.clone(),
        kind: wish.kind,
        display_name: wish.display_name.clone(),
        scopes: wish.scopes.clone(),
        pending: None,
        policy: wish.policy.clone(),
        metadata: wish.metadata.clone(),
        version: 1,
        created_at: now,
        updated_at: now,
        suspended_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    rows::insert(tx, &agent)?;
    let Minted { key, secret } = key::mint_for_agent(tx, seams, by, &agent.id, "Key 1")?;
    if let Some((name, request)) = &once {
        let outcome = json!({ "agent": agent.id.as_str(), "key": key.id.as_str() }).to_string();
        let until = now.plus_secs(REMEMBERED_SECS);
        rows::forget_answer(tx, &by.app, name, now)?;
        let answered = rows::Answered { request: request.bytes().to_vec(), outcome };
        rows::keep_answer(tx, seams.number()?, &by.app, name, &answered, until)?;
    }
    let detail = json!({ "name": agent.name, "kind": agent.kind.as_str(), "key": key.id.as_str() });
    journal::write(tx, &by.entry(acts::AGENT_CREATED, seams, detail)?.agent(&agent.id))?;
    Ok(Created { agent, key, secret: Some(secret) })
}

/// What the same request made before.
fn made_before(tx: &mut Tx<'_>, by: &By, name: &str, request: &Digest, now: Time) -> Result<Option<Created>> {
    let Some(answered) = rows::find_answered(tx, &by.app, name, now)? else { return Ok(None) };
    if Digest::from_bytes(&answered.request).is_none_or(|before| before != *request) {
        return Err(refuse(Code::IdempotencyBodyMismatch, "the Idempotency-Key was sent with another body"));
    }
    let outcome: Value = serde_json::from_str(&answered.outcome).unwrap_or_default();
    let text = |member: &str| outcome.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let agent = find(tx, &by.app, &AgentId::from_text(text("agent")))?;
    let agent = agent.ok_or_else(|| Fault::new("idempotency_keys: no such agent"))?;
    match agent.status() {
        Status::Active => {}
        Status::Inactive => return Err(refuse(Code::IdempotencyAgentInactive, "the agent made then is suspended")),
        Status::Revoked => return Err(refuse(Code::IdempotencyAgentRevoked, "the agent made then has been revoked")),
    }
    let key = key::find(tx, &by.app, &KeyId::from_text(text("key")))?;
    let key = key.ok_or_else(|| Fault::new("idempotency_keys: no such key"))?;
    Ok(Some(Created { agent, key, secret: None }))
}

/// Forgets requests that are too old to be repeated, at most so many.
pub(crate) fn sweep(tx: &mut Tx<'_>, now: Time, limit: u32) -> std::result::Result<u64, Fault> {
    rows::delete_answers(tx, now, limit)
}
