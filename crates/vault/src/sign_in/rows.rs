//! All SQL of the sign-in sessions. They lie beside the connect sessions and are swept with them.

use super::SignIn;
use base::{AppId, Bearer, Digest, Fault, IdentityId, Time};
use db::{Row, Tx, args};

fn sign_in(row: &Row) -> Result<SignIn, Fault> {
    let outcome = serde_json::from_str(&row.text("outcome")?)
        .map_err(|_| Fault::new("connect_sessions: holds what was not stored"))?;
    Ok(SignIn {
        number: row.int("id")?,
        digest: row.bytes("digest")?,
        app: AppId::from_text(row.text("app_id")?),
        expires_at: row.time("expires_at")?,
        browser: row.opt_bytes("browser")?,
        outcome,
        ended_at: row.opt_time("ended_at")?,
    })
}

pub(super) fn insert(tx: &mut Tx<'_>, token: &Bearer, app: &AppId, now: Time, until: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO connect_sessions (id, digest, app_id, kind, terms, created_at, expires_at, stage, outcome)
               VALUES ($1, $2, $3, 'sign_in', '{}', $4, $5, 'page', '{}')";
    tx.run(sql, args![token.number(), token.digest(), app, now, until])?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx<'_>, number: i64) -> Result<Option<SignIn>, Fault> {
    let sql = "SELECT id, digest, app_id, expires_at, browser, outcome, ended_at
               FROM connect_sessions
               WHERE id = $1 AND kind = 'sign_in'";
    tx.one(sql, args![number])?.as_ref().map(sign_in).transpose()
}

/// Gives it to a browser, unless another one has it.
pub(super) fn take(tx: &mut Tx<'_>, number: i64, browser: &Digest) -> Result<bool, Fault> {
    let sql = "UPDATE connect_sessions
               SET browser = $2
               WHERE id = $1 AND kind = 'sign_in' AND ended_at IS NULL AND (browser IS NULL OR browser = $2)";
    Ok(tx.run(sql, args![number, browser])? > 0)
}

/// Answers it. False when it was answered before.
pub(super) fn end(
    tx: &mut Tx<'_>,
    number: i64,
    outcome: &str,
    identity: Option<&IdentityId>,
    now: Time,
) -> Result<bool, Fault> {
    let sql = "UPDATE connect_sessions
               SET outcome = $2, identity_id = $3, ended_at = $4
               WHERE id = $1 AND kind = 'sign_in' AND ended_at IS NULL AND expires_at > $4";
    Ok(tx.run(sql, args![number, outcome, identity, now])? > 0)
}
