//! All SQL of the connections.

use super::{Connection, Trouble};
use crate::caller::Subject;
use crate::provider::Inputs;
use base::{AccountId, AppId, AppUserId, ConnectionId, Fault, IdentityId, Scope, Time};
use db::{Row, Tx, args};

fn connection(row: &Row) -> Result<Connection, Fault> {
    let inputs: Inputs = serde_json::from_str(&row.text("inputs")?)
        .map_err(|_| Fault::new("connections: inputs are not what was stored"))?;
    let trouble = match row.opt_text("trouble")? {
        Some(word) => Some(Trouble::parse(&word).ok_or_else(|| Fault::new("connections: unknown trouble"))?),
        None => None,
    };
    Ok(Connection {
        id: ConnectionId::from_text(row.text("id")?),
        app: AppId::from_text(row.text("app_id")?),
        provider: row.text("provider")?,
        provider_client: row.opt_text("provider_client_id")?,
        managed_secret: row.opt_text("managed_secret_id")?,
        account: row.opt_text("account_id")?.map(AccountId::from_text),
        identity: row.opt_text("identity_id")?.map(IdentityId::from_text),
        app_user: row.opt_text("app_user_id")?.map(AppUserId::from_text),
        outside_id: row.text("outside_id")?,
        label: row.text("label")?,
        api_base: row.opt_text("api_base")?,
        inputs,
        scopes: row.scope("scopes")?,
        scope_mismatch: row.flag("scope_mismatch")?,
        sealed: row.opt_bytes("sealed")?,
        version: row.int("version")?,
        generation: row.text("generation")?,
        expires_at: row.opt_time("expires_at")?,
        can_refresh: row.flag("can_refresh")?,
        refreshed_at: row.time("refreshed_at")?,
        refresh_sent_at: row.opt_time("refresh_sent_at")?,
        refresh_after: row.opt_time("refresh_after")?,
        failures: row.int("failures")?,
        trouble,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

/// A connection to be written.
pub(crate) struct NewConnection {
    pub id: ConnectionId,
    pub app: AppId,
    pub provider: String,
    pub provider_client: Option<String>,
    pub managed_secret: Option<String>,
    pub subject: Subject,
    pub outside_id: String,
    pub label: String,
    pub api_base: Option<String>,
    pub inputs: Inputs,
    pub scopes: Scope,
    pub sealed: Vec<u8>,
    pub key_id: String,
    pub generation: String,
    pub expires_at: Option<Time>,
    pub can_refresh: bool,
}

pub(crate) fn insert(tx: &mut Tx<'_>, new: &NewConnection, now: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO connections (id, app_id, provider, provider_client_id, managed_secret_id, account_id,
                                        identity_id, app_user_id, owner, outside_id, label, api_base, inputs, scopes,
                                        scope_mismatch, sealed, key_id, version, generation, expires_at, can_refresh,
                                        refreshed_at, failures, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, FALSE, $15, $16, 1, $17, $18, $19,
                       $20, 0, $20, $20)";
    let inputs = serde_json::to_string(&new.inputs).map_err(|_| Fault::new("connections: inputs do not serialize"))?;
    tx.run(
        sql,
        args![
            new.id,
            new.app,
            new.provider,
            new.provider_client,
            new.managed_secret,
            new.subject.account(),
            new.subject.identity(),
            new.subject.app_user(),
            new.subject.owner(),
            new.outside_id,
            new.label,
            new.api_base,
            inputs,
            new.scopes,
            new.sealed,
            new.key_id,
            new.generation,
            new.expires_at,
            new.can_refresh,
            now
        ],
    )?;
    Ok(())
}

/// Puts a new credential in the place of the one with this version, when the person has connected again. False when somebody was faster.
pub(crate) fn replace(tx: &mut Tx<'_>, old: &Connection, new: &NewConnection, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE connections
               SET provider_client_id = $3, label = $4, api_base = $5, inputs = $6, scopes = $7, scope_mismatch = FALSE,
                   sealed = $8, key_id = $9, version = version + 1, generation = $10, expires_at = $11,
                   can_refresh = $12, refreshed_at = $13, refresh_sent_at = NULL, refresh_after = NULL, failures = 0,
                   trouble = NULL, outside_id = $14, updated_at = $13
               WHERE id = $1 AND version = $2 AND ended_at IS NULL";
    let inputs = serde_json::to_string(&new.inputs).map_err(|_| Fault::new("connections: inputs do not serialize"))?;
    let changed = tx.run(
        sql,
        args![
            old.id,
            old.version,
            new.provider_client,
            new.label,
            new.api_base,
            inputs,
            new.scopes,
            new.sealed,
            new.key_id,
            new.generation,
            new.expires_at,
            new.can_refresh,
            now,
            new.outside_id
        ],
    )?;
    Ok(changed == 1)
}

/// What a refresh brought.
pub(crate) struct Renewed {
    pub sealed: Vec<u8>,
    pub key_id: String,
    pub generation: String,
    pub scopes: Scope,
    pub expires_at: Option<Time>,
    pub can_refresh: bool,
}

/// Stores what a refresh brought, unless somebody stored something since (threat 158).
pub(crate) fn renew(tx: &mut Tx<'_>, id: &ConnectionId, version: i64, new: &Renewed, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE connections
               SET sealed = $3, key_id = $4, version = version + 1, generation = $5, scopes = $6, expires_at = $7,
                   can_refresh = $8, refreshed_at = $9, refresh_sent_at = NULL, refresh_after = NULL, failures = 0,
                   trouble = NULL, updated_at = $9
               WHERE id = $1 AND version = $2 AND ended_at IS NULL";
    let changed = tx.run(
        sql,
        args![id, version, new.sealed, new.key_id, new.generation, new.scopes, new.expires_at, new.can_refresh, now],
    )?;
    Ok(changed == 1)
}

/// Notes that a refresh goes out now. False when the credential has changed since it was read.
pub(crate) fn note_sent(tx: &mut Tx<'_>, id: &ConnectionId, version: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE connections
               SET refresh_sent_at = $3
               WHERE id = $1 AND version = $2 AND ended_at IS NULL";
    Ok(tx.run(sql, args![id, version, now])? == 1)
}

/// Notes that a refresh came to nothing, and when the next one may go out. `is_answered` says that the service has spoken: nothing is in doubt then.
pub(crate) fn note_failure(
    tx: &mut Tx<'_>,
    id: &ConnectionId,
    version: i64,
    after: Time,
    is_answered: bool,
) -> Result<(), Fault> {
    let sql = "UPDATE connections
               SET failures = failures + 1, refresh_after = $3,
                   refresh_sent_at = CASE WHEN $4 THEN NULL ELSE refresh_sent_at END
               WHERE id = $1 AND version = $2 AND ended_at IS NULL";
    tx.run(sql, args![id, version, after, is_answered])?;
    Ok(())
}

/// Says why it has to be connected again.
pub(crate) fn mark_trouble(
    tx: &mut Tx<'_>,
    id: &ConnectionId,
    version: i64,
    trouble: Trouble,
    now: Time,
) -> Result<bool, Fault> {
    let sql = "UPDATE connections
               SET trouble = $3, refresh_sent_at = NULL, updated_at = $4
               WHERE id = $1 AND version = $2 AND ended_at IS NULL AND trouble IS NULL";
    Ok(tx.run(sql, args![id, version, trouble.as_str(), now])? == 1)
}

/// Notes that a call found a scope missing.
pub(crate) fn note_scope_mismatch(tx: &mut Tx<'_>, id: &ConnectionId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE connections
               SET scope_mismatch = TRUE, updated_at = $2
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![id, now])?;
    Ok(())
}

/// Notes a use, at most once a minute.
pub(crate) fn touch(tx: &mut Tx<'_>, id: &ConnectionId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE connections
               SET last_used_at = $2
               WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)";
    tx.send(sql, args![id, now, now.plus_secs(-60)])
}

/// Ends it and wipes its credential.
pub(super) fn take(tx: &mut Tx<'_>, id: &ConnectionId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE connections
               SET ended_at = $2, updated_at = $2, sealed = NULL, can_refresh = FALSE
               WHERE id = $1 AND ended_at IS NULL";
    Ok(tx.run(sql, args![id, now])? == 1)
}

/// The connection with this id, live or ended.
pub(crate) fn find(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<Connection>, Fault> {
    let sql =
        "SELECT id, app_id, provider, provider_client_id, managed_secret_id, account_id, identity_id, app_user_id,
                      outside_id, label, api_base, inputs, scopes, scope_mismatch, sealed, version, generation,
                      expires_at, can_refresh, refreshed_at, refresh_sent_at, refresh_after, failures, trouble,
                      created_at, updated_at, last_used_at, ended_at
               FROM connections
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(connection).transpose()
}

/// The live connections of an owner at a provider, newest first.
pub(crate) fn find_live_of(
    tx: &mut Tx<'_>,
    app: &AppId,
    owner: &str,
    provider: &str,
) -> Result<Vec<Connection>, Fault> {
    let sql =
        "SELECT id, app_id, provider, provider_client_id, managed_secret_id, account_id, identity_id, app_user_id,
                      outside_id, label, api_base, inputs, scopes, scope_mismatch, sealed, version, generation,
                      expires_at, can_refresh, refreshed_at, refresh_sent_at, refresh_after, failures, trouble,
                      created_at, updated_at, last_used_at, ended_at
               FROM connections
               WHERE app_id = $1 AND owner = $2 AND provider = $3 AND ended_at IS NULL
               ORDER BY id DESC";
    tx.all(sql, args![app, owner, provider])?.iter().map(connection).collect()
}

/// The live connections of an account below an id (empty for the newest), newest first.
pub(super) fn list_of_account(
    tx: &mut Tx<'_>,
    account: &AccountId,
    before: &str,
    limit: u32,
) -> Result<Vec<Connection>, Fault> {
    let sql =
        "SELECT id, app_id, provider, provider_client_id, managed_secret_id, account_id, identity_id, app_user_id,
                      outside_id, label, api_base, inputs, scopes, scope_mismatch, sealed, version, generation,
                      expires_at, can_refresh, refreshed_at, refresh_sent_at, refresh_after, failures, trouble,
                      created_at, updated_at, last_used_at, ended_at
               FROM connections
               WHERE account_id = $1 AND ended_at IS NULL AND ($2 = '' OR id < $2)
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![account, before, limit])?.iter().map(connection).collect()
}

/// The live connections of an app below an id (empty for the newest), newest first.
pub(super) fn list_of_app(tx: &mut Tx<'_>, app: &AppId, before: &str, limit: u32) -> Result<Vec<Connection>, Fault> {
    let sql =
        "SELECT id, app_id, provider, provider_client_id, managed_secret_id, account_id, identity_id, app_user_id,
                      outside_id, label, api_base, inputs, scopes, scope_mismatch, sealed, version, generation,
                      expires_at, can_refresh, refreshed_at, refresh_sent_at, refresh_after, failures, trouble,
                      created_at, updated_at, last_used_at, ended_at
               FROM connections
               WHERE app_id = $1 AND ended_at IS NULL AND ($2 = '' OR id < $2)
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![app, before, limit])?.iter().map(connection).collect()
}

/// Some live connections that are sealed under another key than this one.
pub(super) fn under_other_key(tx: &mut Tx<'_>, key: &str, limit: u32) -> Result<Vec<Connection>, Fault> {
    let sql =
        "SELECT id, app_id, provider, provider_client_id, managed_secret_id, account_id, identity_id, app_user_id,
                      outside_id, label, api_base, inputs, scopes, scope_mismatch, sealed, version, generation,
                      expires_at, can_refresh, refreshed_at, refresh_sent_at, refresh_after, failures, trouble,
                      created_at, updated_at, last_used_at, ended_at
               FROM connections
               WHERE key_id <> $1 AND ended_at IS NULL
               ORDER BY id
               LIMIT $2";
    tx.all(sql, args![key, limit])?.iter().map(connection).collect()
}

/// Puts the same credential under another key.
pub(super) fn reseal(
    tx: &mut Tx<'_>,
    id: &ConnectionId,
    version: i64,
    sealed: &[u8],
    key: &str,
) -> Result<bool, Fault> {
    let sql = "UPDATE connections
               SET sealed = $3, key_id = $4
               WHERE id = $1 AND version = $2 AND ended_at IS NULL";
    Ok(tx.run(sql, args![id, version, sealed, key])? == 1)
}

/// Live connections of persons and apps on which nothing is permitted any more: of one account (empty for all), unchanged since a moment.
pub(super) fn idle(
    tx: &mut Tx<'_>,
    account: &str,
    unchanged_since: Time,
    now: Time,
    limit: u32,
) -> Result<Vec<ConnectionId>, Fault> {
    let sql = "SELECT c.id
               FROM connections c
               WHERE c.ended_at IS NULL AND c.managed_secret_id IS NULL AND c.updated_at <= $2
                 AND ($1 = '' OR c.account_id = $1)
                 AND NOT EXISTS (SELECT 1
                                 FROM grants g
                                 WHERE g.connection_id = c.id AND g.ended_at IS NULL
                                   AND (g.expires_at IS NULL OR g.expires_at > $3))
               ORDER BY c.id
               LIMIT $4";
    let rows = tx.all(sql, args![account, unchanged_since, now, limit])?;
    rows.iter().map(|row| row.text("id").map(ConnectionId::from_text)).collect()
}

/// The live connections of an account.
pub(crate) fn ids_of_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<ConnectionId>, Fault> {
    let rows = tx.all("SELECT id FROM connections WHERE account_id = $1 AND ended_at IS NULL", args![account])?;
    rows.iter().map(|row| row.text("id").map(ConnectionId::from_text)).collect()
}

/// The live connections to an app.
pub(crate) fn ids_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<ConnectionId>, Fault> {
    let rows = tx.all("SELECT id FROM connections WHERE app_id = $1 AND ended_at IS NULL", args![app])?;
    rows.iter().map(|row| row.text("id").map(ConnectionId::from_text)).collect()
}

/// Removes what is left of an app's connections: they have ended.
pub(crate) fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM connections WHERE app_id = $1",
        "DELETE FROM connect_sessions WHERE app_id = $1",
        "DELETE FROM links WHERE app_id = $1",
        "DELETE FROM provider_clients WHERE app_id = $1",
        "DELETE FROM policies WHERE app_id = $1",
        "DELETE FROM managed_secrets WHERE app_id = $1",
        "DELETE FROM call_approvals WHERE app_id = $1",
        "DELETE FROM deliveries WHERE app_id = $1",
        "DELETE FROM webhooks WHERE app_id = $1",
        "DELETE FROM spans WHERE app_id = $1",
    ] {
        tx.run(sql, args![app])?;
    }
    Ok(())
}

/// Live connections whose credential has not been renewed since a moment, oldest first.
pub(crate) fn idle_since(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<Vec<Connection>, Fault> {
    let sql =
        "SELECT id, app_id, provider, provider_client_id, managed_secret_id, account_id, identity_id, app_user_id,
                      outside_id, label, api_base, inputs, scopes, scope_mismatch, sealed, version, generation,
                      expires_at, can_refresh, refreshed_at, refresh_sent_at, refresh_after, failures, trouble,
                      created_at, updated_at, last_used_at, ended_at
               FROM connections
               WHERE can_refresh AND ended_at IS NULL AND trouble IS NULL AND refreshed_at < $1
               ORDER BY refreshed_at
               LIMIT $2";
    tx.all(sql, args![before, limit])?.iter().map(connection).collect()
}
