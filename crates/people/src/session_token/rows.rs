//! All SQL of the session tokens.

use super::SessionToken;
use base::{AccountId, Bearer, Fault, Time};
use db::{Row, Tx, args};

fn token(row: &Row) -> Result<SessionToken, Fault> {
    Ok(SessionToken {
        number: row.int("id")?,
        account: AccountId::from_text(row.text("account_id")?),
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
    })
}

pub(super) fn insert(
    tx: &mut Tx,
    bearer: &Bearer,
    account: &AccountId,
    name: &str,
    now: Time,
    until: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO session_tokens (id, digest, account_id, name, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    tx.run(sql, args![bearer.number(), bearer.digest(), account, name, now, until])?;
    Ok(())
}

/// The token that this secret is, while its account may use it.
pub(super) fn find_live(tx: &mut Tx, bearer: &Bearer, now: Time) -> Result<Option<SessionToken>, Fault> {
    let sql = "SELECT t.id, t.digest, t.account_id, t.name, t.created_at, t.expires_at, t.last_used_at
               FROM session_tokens t
               JOIN accounts a ON a.id = t.account_id
               WHERE t.id = $1 AND t.ended_at IS NULL AND t.expires_at > $2 AND a.disabled_at IS NULL";
    let row = tx.one(sql, args![bearer.number(), now])?;
    let digest = row.as_ref().map(|row| row.bytes("digest")).transpose()?;
    if !bearer.opens(digest.as_deref()) {
        return Ok(None);
    }
    row.as_ref().map(token).transpose()
}

/// Those of an account that are good now, newest first.
pub(super) fn list_of_account(tx: &mut Tx, account: &AccountId, now: Time) -> Result<Vec<SessionToken>, Fault> {
    let sql = "SELECT id, account_id, name, created_at, expires_at, last_used_at
               FROM session_tokens
               WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2
               ORDER BY id DESC";
    tx.all(sql, args![account, now])?.iter().map(token).collect()
}

/// Notes that a token was used.
pub(super) fn see(tx: &mut Tx, number: i64, now: Time) -> Result<(), Fault> {
    tx.run("UPDATE session_tokens SET last_used_at = $2 WHERE id = $1", args![number, now])?;
    Ok(())
}

/// Ends one token of an account. False when there is none that lives.
pub(super) fn end(tx: &mut Tx, account: &AccountId, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE session_tokens
               SET ended_at = $3
               WHERE account_id = $1 AND id = $2 AND ended_at IS NULL";
    Ok(tx.run(sql, args![account, number, now])? > 0)
}

/// Ends every token of an account.
pub(crate) fn end_of_account(tx: &mut Tx, account: &AccountId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE session_tokens
               SET ended_at = $2
               WHERE account_id = $1 AND ended_at IS NULL";
    tx.run(sql, args![account, now])?;
    Ok(())
}

/// Removes every token of an account.
pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM session_tokens WHERE account_id = $1", args![account])?;
    Ok(())
}

/// Forgets tokens whose time is over, at most so many.
pub(crate) fn sweep(tx: &mut Tx, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM session_tokens
               WHERE id IN (SELECT id FROM session_tokens WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![now, limit])
}
