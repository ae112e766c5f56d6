//! All SQL of access and refresh tokens.

use super::{Access, Refresh};
use crate::code;
use base::{Bearer, Fault, Scope, Time};
use db::{Row, Tx, args};

pub(crate) fn insert_access(
    tx: &mut Tx,
    access: &Bearer,
    family: i64,
    scope: &Scope,
    until: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO access_tokens (id, digest, family_id, scope, expires_at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.send(sql, args![access.number(), access.digest(), family, scope, until])
}

pub(crate) fn insert_refresh(tx: &mut Tx, refresh: &Bearer, family: i64, until: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO refresh_tokens (id, digest, family_id, expires_at)
               VALUES ($1, $2, $3, $4)";
    tx.send(sql, args![refresh.number(), refresh.digest(), family, until])
}

/// The access token in a row, with all it hangs on. `shown` is the opaque form; a JWT has proven itself by its signature.
pub(crate) fn find_access(tx: &mut Tx, number: i64, shown: Option<&Bearer>) -> Result<Option<Access>, Fault> {
    let sql = "SELECT t.id AS token_id, t.digest, t.scope AS token_scope, t.expires_at AS token_expires_at,
                      t.ended_at AS token_ended_at,
                      f.id, f.app_id, f.account_id, f.identity_id, f.grant_id, f.session_grant_id, f.scope,
                      f.asked_scope, f.redirect_uri, f.code_challenge, f.nonce, f.auth_time, f.amr, f.acr,
                      f.code_expires_at, f.audience, f.spent_at, f.burned_at, f.ended_at AS family_ended_at,
                      g.ended_at AS grant_ended_at, s.ended_at AS session_ended_at,
                      a.id AS registered_id, a.disabled_at
               FROM access_tokens t
               JOIN families f ON f.id = t.family_id
               LEFT JOIN grants g ON g.id = f.grant_id
               LEFT JOIN grants s ON s.id = f.session_grant_id
               LEFT JOIN apps a ON a.id = f.app_id
               WHERE t.id = $1";
    let row = tx.one(sql, args![number])?;
    if !is_proven(row.as_ref(), shown)? {
        return Ok(None);
    }
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Access {
        number: row.int("token_id")?,
        family: code_family(&row)?,
        scope: row.scope("token_scope")?,
        expires_at: row.time("token_expires_at")?,
        has_ended: row.opt_time("token_ended_at")?.is_some(),
    }))
}

/// The refresh token in a row, with all it hangs on.
pub(crate) fn find_refresh(tx: &mut Tx, shown: &Bearer) -> Result<Option<Refresh>, Fault> {
    let sql =
        "SELECT t.id AS token_id, t.digest, t.expires_at AS token_expires_at, t.used_at, t.ended_at AS token_ended_at,
                      f.id, f.app_id, f.account_id, f.identity_id, f.grant_id, f.session_grant_id, f.scope,
                      f.asked_scope, f.redirect_uri, f.code_challenge, f.nonce, f.auth_time, f.amr, f.acr,
                      f.code_expires_at, f.audience, f.spent_at, f.burned_at, f.ended_at AS family_ended_at,
                      g.ended_at AS grant_ended_at, s.ended_at AS session_ended_at,
                      a.id AS registered_id, a.disabled_at
               FROM refresh_tokens t
               JOIN families f ON f.id = t.family_id
               LEFT JOIN grants g ON g.id = f.grant_id
               LEFT JOIN grants s ON s.id = f.session_grant_id
               LEFT JOIN apps a ON a.id = f.app_id
               WHERE t.id = $1";
    let row = tx.one(sql, args![shown.number()])?;
    if !is_proven(row.as_ref(), Some(shown))? {
        return Ok(None);
    }
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Refresh {
        number: row.int("token_id")?,
        family: code_family(&row)?,
        expires_at: row.time("token_expires_at")?,
        used_at: row.opt_time("used_at")?,
        has_ended: row.opt_time("token_ended_at")?.is_some(),
    }))
}

fn is_proven(row: Option<&Row>, shown: Option<&Bearer>) -> Result<bool, Fault> {
    let digest = row.map(|row| row.bytes("digest")).transpose()?;
    Ok(shown.is_none_or(|shown| shown.opens(digest.as_deref())))
}

fn code_family(row: &Row) -> Result<code::Family, Fault> {
    code::family(row)
}

/// Uses the refresh token. False when somebody else already has.
pub(crate) fn take_refresh(tx: &mut Tx, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE refresh_tokens
               SET used_at = $2
               WHERE id = $1 AND used_at IS NULL AND ended_at IS NULL
               RETURNING id";
    Ok(tx.one(sql, args![number, now])?.is_some())
}

/// Keeps the sealed answer of a use for the app's replay window. `key` is who may have it again, and for what.
pub(crate) fn keep_replay(tx: &mut Tx, number: i64, key: &str, sealed: &[u8]) -> Result<(), Fault> {
    let sql = "UPDATE refresh_tokens
               SET replay_key = $2, replay_answer = $3
               WHERE id = $1";
    tx.run(sql, args![number, key, sealed])?;
    Ok(())
}

/// The sealed answer of a use, for the same asker.
pub(crate) fn replay_answer(tx: &mut Tx, number: i64, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "SELECT replay_answer
               FROM refresh_tokens
               WHERE id = $1 AND replay_key = $2";
    Ok(tx.one(sql, args![number, key])?.map(|row| row.opt_bytes("replay_answer")).transpose()?.flatten())
}

/// Ends one access token, both forms. False when it had ended before.
pub(crate) fn end_access(tx: &mut Tx, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE access_tokens
               SET ended_at = $2
               WHERE id = $1 AND ended_at IS NULL
               RETURNING id";
    Ok(tx.one(sql, args![number, now])?.is_some())
}

/// Which of the next access tokens after a number are over, and the last number looked at.
pub(crate) fn access_over_after(
    tx: &mut Tx,
    after: i64,
    limit: u32,
    now: Time,
) -> Result<(Vec<i64>, Option<i64>), Fault> {
    let sql = "SELECT id, expires_at
               FROM access_tokens
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    crate::sweep::over(&tx.all(sql, args![after, limit])?, now)
}

/// Which of the next refresh tokens after a number are over, and the last number looked at.
pub(crate) fn refresh_over_after(
    tx: &mut Tx,
    after: i64,
    limit: u32,
    now: Time,
) -> Result<(Vec<i64>, Option<i64>), Fault> {
    let sql = "SELECT id, expires_at
               FROM refresh_tokens
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    crate::sweep::over(&tx.all(sql, args![after, limit])?, now)
}

/// Forgets an access token.
pub(crate) fn delete_access(tx: &mut Tx, number: i64) -> Result<u64, Fault> {
    tx.run("DELETE FROM access_tokens WHERE id = $1", args![number])
}

/// Forgets a refresh token. Shown again, it is unknown: theft of what has long expired opens nothing.
pub(crate) fn delete_refresh(tx: &mut Tx, number: i64) -> Result<u64, Fault> {
    tx.run("DELETE FROM refresh_tokens WHERE id = $1", args![number])
}

/// Wipes answers that were kept for a replay window; none is longer than a minute.
pub(crate) fn wipe_replays(tx: &mut Tx, now: Time) -> Result<u64, Fault> {
    let sql = "UPDATE refresh_tokens
               SET replay_answer = NULL
               WHERE replay_answer IS NOT NULL AND used_at < $1";
    tx.run(sql, args![now.plus_secs(-60)])
}
