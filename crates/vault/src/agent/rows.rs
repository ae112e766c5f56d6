//! All SQL of the agents, and of requests that are answered once.

use super::{Agent, AgentKind, Scopes};
use base::{AgentId, AppId, Fault, Time};
use db::{Row, Tx, args};
use serde::de::DeserializeOwned;

fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::new("agents: unreadable JSON"))
}

fn agent(row: &Row) -> Result<Agent, Fault> {
    let kind = AgentKind::parse(&row.text("kind")?).ok_or_else(|| Fault::new("agents: unknown kind"))?;
    let pending = match (row.opt_text("scopes_pending")?, row.opt_time("scopes_applies_at")?) {
        (None, None) => None,
        (Some(scopes), Some(from)) => Some((read_json(&scopes)?, from)),
        _ => return Err(Fault::new("agents: half announced")),
    };
    Ok(Agent {
        id: AgentId::from_text(row.text("id")?),
        app: AppId::from_text(row.text("app_id")?),
        name: row.text("name")?,
        kind,
        display_name: row.opt_text("display_name")?,
        scopes: read_json(&row.text("scopes")?)?,
        pending,
        policy: read_json(&row.text("policy")?)?,
        metadata: read_json(&row.text("metadata")?)?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        suspended_at: row.opt_time("suspended_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        last_used_at: row.opt_time("last_used_at")?,
    })
}

fn json_of(scopes: &Scopes) -> String {
    serde_json::json!(scopes).to_string()
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Agent) -> Result<(), Fault> {
    let sql = "INSERT INTO agents (id, app_id, name, kind, display_name, scopes, policy, metadata, version, created_at,
                                   updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)";
    tx.run(
        sql,
        args![
            new.id,
            new.app,
            new.name,
            new.kind.as_str(),
            new.display_name,
            json_of(&new.scopes),
            serde_json::json!(new.policy).to_string(),
            serde_json::json!(new.metadata).to_string(),
            new.version,
            new.created_at
        ],
    )?;
    Ok(())
}

/// Writes a changed agent over the version it was read at. False when somebody was there first.
pub(super) fn update(tx: &mut Tx<'_>, changed: &Agent, read_at: i64) -> Result<bool, Fault> {
    let sql = "UPDATE agents
               SET display_name = $3, scopes = $4, scopes_pending = $5, scopes_applies_at = $6, policy = $7,
                   metadata = $8, version = $9, updated_at = $10, suspended_at = $11, revoked_at = $12
               WHERE id = $1 AND version = $2";
    let changed_rows = tx.run(
        sql,
        args![
            changed.id,
            read_at,
            changed.display_name,
            json_of(&changed.scopes),
            changed.pending.as_ref().map(|(scopes, _)| json_of(scopes)),
            changed.pending.as_ref().map(|(_, from)| *from),
            serde_json::json!(changed.policy).to_string(),
            serde_json::json!(changed.metadata).to_string(),
            changed.version,
            changed.updated_at,
            changed.suspended_at,
            changed.revoked_at
        ],
    )?;
    Ok(changed_rows > 0)
}

/// The agent of an app with this id, whatever has become of it.
pub fn find(tx: &mut Tx<'_>, app: &AppId, id: &AgentId) -> Result<Option<Agent>, Fault> {
    let sql =
        "SELECT id, app_id, name, kind, display_name, scopes, scopes_pending, scopes_applies_at, policy, metadata,
                      version, created_at, updated_at, suspended_at, revoked_at, last_used_at
               FROM agents
               WHERE id = $1 AND app_id = $2";
    tx.one(sql, args![id, app])?.as_ref().map(agent).transpose()
}

/// The agent of an app that is called so and has not been revoked.
pub fn find_by_name(tx: &mut Tx<'_>, app: &AppId, name: &str) -> Result<Option<Agent>, Fault> {
    let sql =
        "SELECT id, app_id, name, kind, display_name, scopes, scopes_pending, scopes_applies_at, policy, metadata,
                      version, created_at, updated_at, suspended_at, revoked_at, last_used_at
               FROM agents
               WHERE app_id = $1 AND name = $2 AND revoked_at IS NULL";
    tx.one(sql, args![app, name])?.as_ref().map(agent).transpose()
}

/// The agents of an app, newest first; the revoked ones only when they are asked for.
pub fn list_of_app(
    tx: &mut Tx<'_>,
    app: &AppId,
    with_revoked: bool,
    limit: u32,
    offset: u32,
) -> Result<Vec<Agent>, Fault> {
    let sql =
        "SELECT id, app_id, name, kind, display_name, scopes, scopes_pending, scopes_applies_at, policy, metadata,
                      version, created_at, updated_at, suspended_at, revoked_at, last_used_at
               FROM agents
               WHERE app_id = $1 AND ($2 OR revoked_at IS NULL)
               ORDER BY id DESC
               LIMIT $3 OFFSET $4";
    tx.all(sql, args![app, with_revoked, limit, offset])?.iter().map(agent).collect()
}

/// How many there are in that list.
pub fn count_of_app(tx: &mut Tx<'_>, app: &AppId, with_revoked: bool) -> Result<i64, Fault> {
    let sql = "SELECT COUNT(*) AS many
               FROM agents
               WHERE app_id = $1 AND ($2 OR revoked_at IS NULL)";
    tx.one(sql, args![app, with_revoked])?.map_or(Ok(0), |row| row.int("many"))
}

/// A request that was answered.
pub(super) struct Answered {
    pub request: Vec<u8>,
    pub outcome: String,
}

/// What a request of that name got, while it is remembered.
pub(super) fn find_answered(tx: &mut Tx<'_>, app: &AppId, name: &str, now: Time) -> Result<Option<Answered>, Fault> {
    let sql = "SELECT request, outcome
               FROM idempotency_keys
               WHERE app_id = $1 AND name = $2 AND expires_at > $3";
    let row = tx.one(sql, args![app, name, now])?;
    row.map(|row| Ok(Answered { request: row.bytes("request")?, outcome: row.text("outcome")? })).transpose()
}

/// Remembers what a request got, under the number of a row.
pub(super) fn keep_answer(
    tx: &mut Tx<'_>,
    number: i64,
    app: &AppId,
    name: &str,
    answered: &Answered,
    until: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO idempotency_keys (id, app_id, name, request, outcome, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    tx.run(sql, args![number, app, name, answered.request, answered.outcome, until])?;
    Ok(())
}

/// Forgets what a request of that name got, where that is over.
pub(super) fn forget_answer(tx: &mut Tx<'_>, app: &AppId, name: &str, now: Time) -> Result<(), Fault> {
    let sql = "DELETE FROM idempotency_keys
               WHERE app_id = $1 AND name = $2 AND expires_at <= $3";
    tx.run(sql, args![app, name, now])?;
    Ok(())
}

/// Forgets answers that are over, at most so many.
pub(super) fn delete_answers(tx: &mut Tx<'_>, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM idempotency_keys
               WHERE id IN (SELECT id FROM idempotency_keys WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![now, limit])
}

/// Removes the agents of an app that is going away.
pub fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    tx.run("DELETE FROM idempotency_keys WHERE app_id = $1", args![app])?;
    tx.run("DELETE FROM agents WHERE app_id = $1", args![app])?;
    Ok(())
}
