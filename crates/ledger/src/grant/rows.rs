//! All SQL of the grants.

use super::{EndedBy, Grant, Kind, NewGrant, Presence};
use base::{AccountId, AgentId, AppId, AppUserId, ConnectionId, Fault, GrantId, IdentityId, Scope, Time};
use db::{Row, Tx, args};

fn grant(row: &Row) -> Result<Grant, Fault> {
    let kind = Kind::parse(&row.text("kind")?).ok_or_else(|| Fault::new("grants: unknown kind"))?;
    let presence = match row.opt_text("presence")? {
        Some(word) => Some(Presence::parse(&word).ok_or_else(|| Fault::new("grants: unknown presence"))?),
        None => None,
    };
    Ok(Grant {
        id: GrantId::from_text(row.text("id")?),
        kind,
        parent: row.opt_text("parent_id")?.map(GrantId::from_text),
        account: row.opt_text("account_id")?.map(AccountId::from_text),
        identity: row.opt_text("identity_id")?.map(IdentityId::from_text),
        app: row.opt_text("app_id")?.map(AppId::from_text),
        target: row.text("target")?,
        scope: row.scope("scope")?,
        withheld: row.scope("withheld")?,
        presence,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        expires_at: row.opt_time("expires_at")?,
        ended_at: row.opt_time("ended_at")?,
        terms: row.opt_int("terms")?,
        app_user: row.opt_text("app_user_id")?.map(AppUserId::from_text),
        connection: row.opt_text("connection_id")?.map(ConnectionId::from_text),
        agent: row.opt_text("agent_id")?.map(AgentId::from_text),
        label: row.opt_text("label")?,
        limits: row.opt_text("limits")?,
    })
}

pub(super) fn insert(tx: &mut Tx, new: &NewGrant, now: Time) -> Result<(), Fault> {
    let sql =
        "INSERT INTO grants (id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                                   created_at, updated_at, expires_at, terms, app_user_id, connection_id, agent_id,
                                   label, limits)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14, $15, $16, $17, $18)";
    tx.run(
        sql,
        args![
            new.id,
            new.kind.as_str(),
            new.parent,
            new.account,
            new.identity,
            new.app,
            new.target,
            new.scope,
            new.withheld,
            new.presence.map(Presence::as_str),
            now,
            new.expires_at,
            new.terms,
            new.app_user,
            new.connection,
            new.agent,
            new.label,
            new.limits
        ],
    )?;
    Ok(())
}

pub(super) fn update_scope(tx: &mut Tx, id: &GrantId, scope: &Scope, withheld: &Scope, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE grants
               SET scope = $2, withheld = $3, updated_at = $4
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![id, scope, withheld, now])?;
    Ok(())
}

/// Sets all that a live connector grant covers.
pub(super) fn update_terms(
    tx: &mut Tx,
    id: &GrantId,
    scope: &Scope,
    presence: Presence,
    terms: i64,
    now: Time,
) -> Result<(), Fault> {
    let sql = "UPDATE grants
               SET scope = $2, presence = $3, terms = $4, updated_at = $5
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![id, scope, presence.as_str(), terms, now])?;
    Ok(())
}

/// The node with this id, live or ended.
pub fn find(tx: &mut Tx, id: &GrantId) -> Result<Option<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(grant).transpose()
}

/// The live node of a kind for this identity, app and target.
pub fn find_live(
    tx: &mut Tx,
    kind: Kind,
    identity: &IdentityId,
    app: &AppId,
    target: &str,
) -> Result<Option<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE identity_id = $1 AND app_id = $2 AND kind = $3 AND target = $4 AND ended_at IS NULL";
    tx.one(sql, args![identity, app, kind.as_str(), target])?.as_ref().map(grant).transpose()
}

/// Live nodes of an account, newest first.
pub fn list_of_account(tx: &mut Tx, account: &AccountId, kind: Kind, limit: u32) -> Result<Vec<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE account_id = $1 AND kind = $2 AND ended_at IS NULL
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![account, kind.as_str(), limit])?.iter().map(grant).collect()
}

/// Live nodes of an app, newest first.
pub fn list_of_app(tx: &mut Tx, app: &AppId, kind: Kind, limit: u32) -> Result<Vec<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE app_id = $1 AND kind = $2 AND ended_at IS NULL
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![app, kind.as_str(), limit])?.iter().map(grant).collect()
}

/// What hangs on an app now: every kind, below an id (empty for the newest), newest first.
pub fn page_of_app(tx: &mut Tx, app: &AppId, before: &str, limit: u32) -> Result<Vec<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE app_id = $1 AND ended_at IS NULL AND ($2 = '' OR id < $2)
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![app, before, limit])?.iter().map(grant).collect()
}

/// Live nodes on a target.
pub(super) fn live_ids_of_target(tx: &mut Tx, target: &str) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT id
               FROM grants
               WHERE target = $1 AND target <> '' AND ended_at IS NULL";
    tx.all(sql, args![target])?.iter().map(|row| row.text("id").map(GrantId::from_text)).collect()
}

/// How many identities let an app know them, and when one of those permissions was last used.
pub fn use_of_app(tx: &mut Tx, app: &AppId) -> Result<(i64, Option<Time>), Fault> {
    let sql = "SELECT count(DISTINCT identity_id) AS identities, max(last_used_at) AS last_used_at
               FROM grants
               WHERE app_id = $1 AND kind = $2 AND ended_at IS NULL";
    match tx.one(sql, args![app, Kind::SignIn.as_str()])? {
        Some(row) => Ok((row.int("identities")?, row.opt_time("last_used_at")?)),
        None => Ok((0, None)),
    }
}

/// Notes a use, at most once a minute: a write for every use would cost more than the knowledge is worth.
pub fn touch(tx: &mut Tx, id: &GrantId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE grants
               SET last_used_at = $2
               WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)";
    tx.send(sql, args![id, now, now.plus_secs(-60)])
}

/// Ends the node unless it has ended already.
pub(super) fn take_live(tx: &mut Tx, id: &GrantId, by: EndedBy, now: Time) -> Result<Option<Grant>, Fault> {
    let sql = "UPDATE grants
               SET ended_at = $2, ended_by = $3
               WHERE id = $1 AND ended_at IS NULL
               RETURNING id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                         created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                         app_user_id, connection_id, agent_id, label, limits";
    tx.one(sql, args![id, now, by.as_str()])?.as_ref().map(grant).transpose()
}

/// Ends the live nodes right below one.
pub(super) fn take_children(tx: &mut Tx, parent: &GrantId, now: Time) -> Result<Vec<Grant>, Fault> {
    let sql = "UPDATE grants
               SET ended_at = $2, ended_by = $3
               WHERE parent_id = $1 AND ended_at IS NULL
               RETURNING id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                         created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                         app_user_id, connection_id, agent_id, label, limits";
    tx.all(sql, args![parent, now, EndedBy::Parent.as_str()])?.iter().map(grant).collect()
}

/// Every live node of a kind.
pub(super) fn live_ids_of_kind(tx: &mut Tx, kind: Kind) -> Result<Vec<GrantId>, Fault> {
    let rows = tx.all("SELECT id FROM grants WHERE kind = $1 AND ended_at IS NULL", args![kind.as_str()])?;
    rows.iter().map(|row| row.text("id").map(GrantId::from_text)).collect()
}

pub(super) fn live_ids_of_app(tx: &mut Tx, app: &AppId) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT id
               FROM grants
               WHERE app_id = $1 AND ended_at IS NULL";
    tx.all(sql, args![app])?.iter().map(|row| row.text("id").map(GrantId::from_text)).collect()
}

pub(super) fn live_ids_of_account(tx: &mut Tx, account: &AccountId) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT id
               FROM grants
               WHERE account_id = $1 AND ended_at IS NULL";
    tx.all(sql, args![account])?.iter().map(|row| row.text("id").map(GrantId::from_text)).collect()
}

/// The live nodes right below one, newest first.
pub fn children(tx: &mut Tx, parent: &GrantId, limit: u32) -> Result<Vec<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE parent_id = $1 AND ended_at IS NULL
               ORDER BY id DESC
               LIMIT $2";
    tx.all(sql, args![parent, limit])?.iter().map(grant).collect()
}

/// The live nodes on a linked account, newest first.
pub fn list_of_connection(tx: &mut Tx, connection: &ConnectionId, limit: u32) -> Result<Vec<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE connection_id = $1 AND ended_at IS NULL
               ORDER BY id DESC
               LIMIT $2";
    tx.all(sql, args![connection, limit])?.iter().map(grant).collect()
}

/// The live nodes of an agent, newest first.
pub fn list_of_agent(tx: &mut Tx, agent: &AgentId, limit: u32) -> Result<Vec<Grant>, Fault> {
    let sql = "SELECT id, kind, parent_id, account_id, identity_id, app_id, target, scope, withheld, presence,
                      created_at, updated_at, last_used_at, expires_at, ended_at, terms,
                      app_user_id, connection_id, agent_id, label, limits
               FROM grants
               WHERE agent_id = $1 AND ended_at IS NULL
               ORDER BY id DESC
               LIMIT $2";
    tx.all(sql, args![agent, limit])?.iter().map(grant).collect()
}

/// Sets when a live node ends by itself, what narrows it and what it is called.
pub fn set_limits(
    tx: &mut Tx,
    id: &GrantId,
    expires_at: Option<Time>,
    label: Option<&str>,
    limits: Option<&str>,
    now: Time,
) -> Result<(), Fault> {
    let sql = "UPDATE grants
               SET expires_at = $2, label = $3, limits = $4, updated_at = $5
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![id, expires_at, label, limits, now])?;
    Ok(())
}

/// Puts a live node on another linked account: the person chose it.
pub fn set_connection(tx: &mut Tx, id: &GrantId, connection: Option<&ConnectionId>, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE grants
               SET connection_id = $2, updated_at = $3
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![id, connection, now])?;
    Ok(())
}

pub(super) fn live_ids_of_connection(tx: &mut Tx, connection: &ConnectionId) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT id
               FROM grants
               WHERE connection_id = $1 AND ended_at IS NULL";
    tx.all(sql, args![connection])?.iter().map(|row| row.text("id").map(GrantId::from_text)).collect()
}

pub(super) fn live_ids_of_agent(tx: &mut Tx, agent: &AgentId) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT id
               FROM grants
               WHERE agent_id = $1 AND ended_at IS NULL";
    tx.all(sql, args![agent])?.iter().map(|row| row.text("id").map(GrantId::from_text)).collect()
}
