//! All SQL of the families.
//!
//! The lookups join the grant, the session's node and the app: whether a token is alive is one statement (`performance.md`).

use super::{CodeState, Family, NewFamily};
use crate::connector::Allowed;
use base::{AccountId, AppId, Bearer, Fault, GrantId, IdentityId, Time};
use db::{Row, Tx, args};

pub(crate) fn insert(tx: &mut Tx, new: &NewFamily) -> Result<(), Fault> {
    let sql =
        "INSERT INTO families (id, code_digest, app_id, account_id, identity_id, grant_id, session_grant_id, scope,
                                     asked_scope, redirect_uri, code_challenge, nonce, auth_time, amr, acr,
                                     code_expires_at, expires_at, connector, audience)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    tx.send(
        sql,
        args![
            new.number,
            new.code_digest,
            new.app,
            new.account,
            new.identity,
            new.grant,
            new.session,
            new.scope,
            new.asked_scope,
            new.redirect,
            new.challenge,
            new.nonce,
            new.auth_time,
            new.amr,
            new.acr,
            new.code_until,
            new.until,
            new.connector.as_ref().map(Allowed::to_json).transpose()?,
            new.audience
        ],
    )?;
    Ok(())
}

/// The family that a code names, once the code has proven to be the one that was issued.
pub(crate) fn find(tx: &mut Tx, code: &Bearer) -> Result<Option<Family>, Fault> {
    let sql =
        "SELECT f.id, f.code_digest, f.app_id, f.account_id, f.identity_id, f.grant_id, f.session_grant_id, f.scope,
                      f.asked_scope, f.redirect_uri, f.code_challenge, f.nonce, f.auth_time, f.amr, f.acr,
                      f.code_expires_at, f.connector, f.audience, f.spent_at, f.burned_at, f.ended_at AS family_ended_at,
                      g.ended_at AS grant_ended_at, s.ended_at AS session_ended_at,
                      a.id AS registered_id, a.disabled_at
               FROM families f
               LEFT JOIN grants g ON g.id = f.grant_id
               LEFT JOIN grants s ON s.id = f.session_grant_id
               LEFT JOIN apps a ON a.id = f.app_id
               WHERE f.id = $1";
    let row = tx.one(sql, args![code.number()])?;
    let digest = row.as_ref().map(|row| row.opt_bytes("code_digest")).transpose()?.flatten();
    if !code.opens(digest.as_deref()) {
        return Ok(None);
    }
    let Some(row) = row else { return Ok(None) };
    let connector = row.opt_text("connector")?.map(|text| Allowed::of_json(&text)).transpose()?;
    Ok(Some(Family { connector, ..family(&row)? }))
}

/// Reads the columns that every lookup of a family selects, under the names of [`find`].
pub(crate) fn family(row: &Row) -> Result<Family, Fault> {
    let app = AppId::from_text(row.text("app_id")?);
    let is_registered = crate::app::is_app_id(app.as_str());
    let state = match (row.opt_time("code_expires_at")?, row.opt_time("spent_at")?, row.opt_time("burned_at")?) {
        (None, None, None) => CodeState::None,
        (Some(_), None, None) => CodeState::Issued,
        (Some(_), Some(_), None) => CodeState::Spent,
        (Some(_), None, Some(_)) => CodeState::Burned,
        _ => return Err(Fault::new("families: a code that is both spent and burned, or never was")),
    };
    Ok(Family {
        number: row.int("id")?,
        state,
        app_is_off: is_registered
            && (row.opt_text("registered_id")?.is_none() || row.opt_time("disabled_at")?.is_some()),
        app,
        account: row.opt_text("account_id")?.map(AccountId::from_text),
        identity: row.opt_text("identity_id")?.map(IdentityId::from_text),
        grant: row.opt_text("grant_id")?.map(GrantId::from_text),
        session: row.opt_text("session_grant_id")?.map(GrantId::from_text),
        scope: row.scope("scope")?,
        asked_scope: row.scope("asked_scope")?,
        redirect: row.opt_text("redirect_uri")?,
        challenge: row.opt_text("code_challenge")?,
        nonce: row.opt_text("nonce")?,
        auth_time: row.opt_time("auth_time")?,
        amr: row.opt_text("amr")?,
        acr: row.opt_text("acr")?,
        code_until: row.opt_time("code_expires_at")?,
        connector: None,
        audience: row.opt_text("audience")?,
        has_ended: row.opt_time("family_ended_at")?.is_some(),
        grant_has_ended: row.opt_time("grant_ended_at")?.is_some(),
        session_has_ended: row.opt_time("session_ended_at")?.is_some(),
    })
}

/// Spends the code. False when somebody else already has.
pub(crate) fn take(tx: &mut Tx, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE families
               SET spent_at = $2
               WHERE id = $1 AND spent_at IS NULL AND burned_at IS NULL
               RETURNING id";
    Ok(tx.one(sql, args![number, now])?.is_some())
}

/// Makes the code worthless without spending it.
pub(crate) fn burn(tx: &mut Tx, number: i64, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE families
               SET burned_at = $2
               WHERE id = $1 AND spent_at IS NULL AND burned_at IS NULL";
    tx.run(sql, args![number, now])?;
    Ok(())
}

/// Ends the family: every token of it is dead with the commit. False when it had ended before.
pub(crate) fn end(tx: &mut Tx, number: i64, by: &str, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE families
               SET ended_at = $2, ended_by = $3
               WHERE id = $1 AND ended_at IS NULL
               RETURNING id";
    Ok(tx.one(sql, args![number, now, by])?.is_some())
}

/// Ends every family there is.
pub(crate) fn end_all(tx: &mut Tx, by: &str, now: Time) -> Result<u64, Fault> {
    let sql = "UPDATE families
               SET ended_at = $1, ended_by = $2
               WHERE ended_at IS NULL";
    tx.run(sql, args![now, by])
}

/// Which of the next families after a number are over, and the last number looked at.
pub(crate) fn over_after(tx: &mut Tx, after: i64, limit: u32, now: Time) -> Result<(Vec<i64>, Option<i64>), Fault> {
    let sql = "SELECT id, expires_at
               FROM families
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    crate::sweep::over(&tx.all(sql, args![after, limit])?, now)
}

/// Forgets a family.
pub(crate) fn delete(tx: &mut Tx, number: i64) -> Result<u64, Fault> {
    tx.run("DELETE FROM families WHERE id = $1", args![number])
}
