//! All SQL of the keys.

use super::{Key, Network};
use crate::KeyKind;
use base::{AgentId, AppId, Digest, Fault, KeyId, Time};
use db::{Row, Tx, args};

fn key(row: &Row) -> Result<Key, Fault> {
    let kind = KeyKind::parse(&row.text("kind")?).ok_or_else(|| Fault::new("app_keys: unknown kind"))?;
    let networks = match row.opt_text("networks")? {
        None => None,
        Some(text) => {
            let texts: Vec<String> =
                serde_json::from_str(&text).map_err(|_| Fault::new("app_keys: networks are no list"))?;
            let read: Option<Vec<Network>> = texts.iter().map(|text| Network::parse(text)).collect();
            Some(read.ok_or_else(|| Fault::new("app_keys: unreadable network"))?)
        }
    };
    Ok(Key {
        id: KeyId::from_text(row.text("id")?),
        app: AppId::from_text(row.text("app_id")?),
        agent: row.opt_text("agent_id")?.map(AgentId::from_text),
        key: row.opt_text("key")?,
        kind,
        hint: row.text("hint")?,
        name: row.text("name")?,
        scopes: row.scope("scopes")?,
        scope_version: row.int("scope_version")?,
        networks,
        rate_limit_rpm: row.opt_int("rate_limit_rpm")?,
        metadata: serde_json::from_str(&row.text("metadata")?)
            .map_err(|_| Fault::new("app_keys: metadata is no object"))?,
        parent: row.opt_text("parent_id")?.map(KeyId::from_text),
        created_at: row.time("created_at")?,
        expires_at: row.opt_time("expires_at")?,
        deprecated_at: row.opt_time("deprecated_at")?,
        grace_until: row.opt_time("grace_until")?,
        revoked_at: row.opt_time("revoked_at")?,
        last_used_at: row.opt_time("last_used_at")?,
    })
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Key, digest: &Digest) -> Result<(), Fault> {
    let sql = "INSERT INTO app_keys (id, app_id, agent_id, key, kind, digest, hint, name, scopes, scope_version,
                                     networks, rate_limit_rpm, metadata, parent_id, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let networks = new.networks.as_ref().map(|networks| {
        let texts: Vec<String> = networks.iter().map(ToString::to_string).collect();
        serde_json::json!(texts).to_string()
    });
    tx.run(
        sql,
        args![
            new.id,
            new.app,
            new.agent,
            new.key,
            new.kind.as_str(),
            *digest,
            new.hint,
            new.name,
            new.scopes,
            new.scope_version,
            networks,
            new.rate_limit_rpm,
            serde_json::json!(new.metadata).to_string(),
            new.parent,
            new.created_at,
            new.expires_at
        ],
    )?;
    Ok(())
}

/// The key of an app with this id.
pub fn find(tx: &mut Tx<'_>, app: &AppId, id: &KeyId) -> Result<Option<Key>, Fault> {
    let sql = "SELECT id, app_id, agent_id, key, kind, hint, name, scopes, scope_version, networks, rate_limit_rpm,
                      metadata, parent_id, created_at, expires_at, deprecated_at, grace_until, revoked_at, last_used_at
               FROM app_keys
               WHERE id = $1 AND app_id = $2";
    tx.one(sql, args![id, app])?.as_ref().map(key).transpose()
}

/// The key with this text, whatever has become of it.
pub(super) fn find_by_digest(tx: &mut Tx<'_>, digest: &Digest) -> Result<Option<Key>, Fault> {
    let sql = "SELECT id, app_id, agent_id, key, kind, hint, name, scopes, scope_version, networks, rate_limit_rpm,
                      metadata, parent_id, created_at, expires_at, deprecated_at, grace_until, revoked_at, last_used_at
               FROM app_keys
               WHERE digest = $1";
    tx.one(sql, args![*digest])?.as_ref().map(key).transpose()
}

/// True when the text is this key's.
pub fn is_text_of(tx: &mut Tx<'_>, id: &KeyId, text: &base::Secret) -> Result<bool, Fault> {
    Ok(find_by_digest(tx, &text.digest())?.is_some_and(|found| found.id == *id))
}

/// The key that a manifest calls so, while nobody has revoked it.
pub fn find_named(tx: &mut Tx<'_>, app: &AppId, name: &str) -> Result<Option<Key>, Fault> {
    let sql = "SELECT id, app_id, agent_id, key, kind, hint, name, scopes, scope_version, networks, rate_limit_rpm,
                      metadata, parent_id, created_at, expires_at, deprecated_at, grace_until, revoked_at, last_used_at
               FROM app_keys
               WHERE app_id = $1 AND key = $2 AND revoked_at IS NULL";
    tx.one(sql, args![app, name])?.as_ref().map(key).transpose()
}

/// An app's own keys and those derived from them, newest first; its agents' are listed with them.
pub fn list_of_app(tx: &mut Tx<'_>, app: &AppId, limit: u32) -> Result<Vec<Key>, Fault> {
    let sql = "SELECT id, app_id, agent_id, key, kind, hint, name, scopes, scope_version, networks, rate_limit_rpm,
                      metadata, parent_id, created_at, expires_at, deprecated_at, grace_until, revoked_at, last_used_at
               FROM app_keys
               WHERE app_id = $1 AND agent_id IS NULL
               ORDER BY id DESC
               LIMIT $2";
    tx.all(sql, args![app, limit])?.iter().map(key).collect()
}

/// An agent's keys, newest first.
pub(crate) fn list_of_agent(tx: &mut Tx<'_>, agent: &AgentId) -> Result<Vec<Key>, Fault> {
    let sql = "SELECT id, app_id, agent_id, key, kind, hint, name, scopes, scope_version, networks, rate_limit_rpm,
                      metadata, parent_id, created_at, expires_at, deprecated_at, grace_until, revoked_at, last_used_at
               FROM app_keys
               WHERE agent_id = $1
               ORDER BY id DESC";
    tx.all(sql, args![agent])?.iter().map(key).collect()
}

/// What was derived from a key.
pub(super) fn children(tx: &mut Tx<'_>, parent: &KeyId) -> Result<Vec<Key>, Fault> {
    let sql = "SELECT id, app_id, agent_id, key, kind, hint, name, scopes, scope_version, networks, rate_limit_rpm,
                      metadata, parent_id, created_at, expires_at, deprecated_at, grace_until, revoked_at, last_used_at
               FROM app_keys
               WHERE parent_id = $1
               ORDER BY id";
    tx.all(sql, args![parent])?.iter().map(key).collect()
}

/// Revokes the key. False when somebody already has.
pub(super) fn take_live(tx: &mut Tx<'_>, id: &KeyId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE app_keys
               SET revoked_at = $2
               WHERE id = $1 AND revoked_at IS NULL";
    Ok(tx.run(sql, args![id, now])? > 0)
}

/// Gives a key's name in the manifest up, for the one that takes its place.
pub(super) fn forget_name(tx: &mut Tx<'_>, id: &KeyId) -> Result<(), Fault> {
    let sql = "UPDATE app_keys
               SET key = NULL
               WHERE id = $1";
    tx.run(sql, args![id])?;
    Ok(())
}

/// Ends a key at a moment, unless it ends earlier.
pub(super) fn set_grace(tx: &mut Tx<'_>, id: &KeyId, until: Time) -> Result<(), Fault> {
    let sql = "UPDATE app_keys
               SET grace_until = $2
               WHERE id = $1 AND (grace_until IS NULL OR grace_until > $2)";
    tx.run(sql, args![id, until])?;
    Ok(())
}

/// Says of a key that another should be used, or takes that back.
pub(crate) fn set_deprecated(tx: &mut Tx<'_>, id: &KeyId, at: Option<Time>) -> Result<(), Fault> {
    let sql = "UPDATE app_keys
               SET deprecated_at = $2
               WHERE id = $1 AND revoked_at IS NULL";
    tx.run(sql, args![id, at])?;
    Ok(())
}

/// Changes what a manifest may change of a key.
pub(super) fn update(tx: &mut Tx<'_>, changed: &Key) -> Result<(), Fault> {
    let sql = "UPDATE app_keys
               SET scopes = $2, scope_version = $3, name = $4
               WHERE id = $1";
    tx.run(sql, args![changed.id, changed.scopes, changed.scope_version, changed.name])?;
    Ok(())
}

/// Notes that the key was used, and its agent with it.
pub(super) fn see(tx: &mut Tx<'_>, seen: &Key, now: Time) -> Result<(), Fault> {
    tx.run("UPDATE app_keys SET last_used_at = $2 WHERE id = $1", args![seen.id, now])?;
    if let Some(agent) = &seen.agent {
        tx.run("UPDATE agents SET last_used_at = $2 WHERE id = $1", args![agent, now])?;
    }
    Ok(())
}

/// Remembers what a key may say only once. False when it was said before.
pub(super) fn insert_nonce(tx: &mut Tx<'_>, number: i64, key: &KeyId, nonce: &str, until: Time) -> Result<bool, Fault> {
    let sql = "INSERT INTO nonces (id, key_id, nonce, expires_at)
               VALUES ($1, $2, $3, $4)
               ON CONFLICT (key_id, nonce) DO NOTHING";
    Ok(tx.run(sql, args![number, key, nonce, until])? > 0)
}

/// Forgets nonces whose requests are too old to be heard, at most so many. Their numbers ascend with time.
pub(super) fn delete_nonces(tx: &mut Tx<'_>, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM nonces
               WHERE id IN (SELECT id FROM nonces WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![now, limit])
}

/// Removes the keys of an app that is going away.
pub fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    tx.run("DELETE FROM app_keys WHERE app_id = $1", args![app])?;
    Ok(())
}
