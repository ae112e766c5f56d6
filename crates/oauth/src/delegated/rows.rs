//! All SQL of the delegated tokens.

use super::Delegated;
use crate::code;
use base::{AppId, Fault, GrantId, ResourceId, Time};
use db::{Tx, args};
use ledger::Presence;

/// A delegated token to be stored.
pub(crate) struct NewDelegated<'a> {
    pub number: i64,
    pub family: i64,
    pub grant: &'a GrantId,
    pub resource: &'a ResourceId,
    /// The delegated token that it was exchanged for.
    pub subject: Option<i64>,
    pub presence: Presence,
    pub until: Time,
}

pub(crate) fn insert(tx: &mut Tx, new: &NewDelegated<'_>) -> Result<(), Fault> {
    let sql = "INSERT INTO delegated_tokens (id, family_id, grant_id, resource_id, subject_id, presence, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let presence = new.presence.as_str();
    tx.send(sql, args![new.number, new.family, new.grant, new.resource, new.subject, presence, new.until])
}

/// The delegated token in a row, with all it hangs on. One whose resource or grant is gone is none.
pub(crate) fn find(tx: &mut Tx, number: i64) -> Result<Option<Delegated>, Fault> {
    let sql = "SELECT t.grant_id AS token_grant_id, t.presence, t.expires_at AS token_expires_at,
                      t.ended_at AS token_ended_at,
                      c.ended_at AS connector_ended_at, c.terms AS agreed_terms,
                      r.id AS resource_id, r.key, r.runtime_endpoint, r.app_id AS owner_id, r.terms,
                      r.paused_at, o.disabled_at AS owner_disabled_at,
                      f.id, f.app_id, f.account_id, f.identity_id, f.grant_id, f.session_grant_id, f.scope,
                      f.asked_scope, f.redirect_uri, f.code_challenge, f.nonce, f.auth_time, f.amr, f.acr,
                      f.code_expires_at, f.audience, f.spent_at, f.burned_at, f.ended_at AS family_ended_at,
                      g.ended_at AS grant_ended_at, s.ended_at AS session_ended_at,
                      a.id AS registered_id, a.disabled_at
               FROM delegated_tokens t
               JOIN families f ON f.id = t.family_id
               JOIN grants c ON c.id = t.grant_id
               JOIN resources r ON r.id = t.resource_id
               JOIN apps o ON o.id = r.app_id
               LEFT JOIN grants g ON g.id = f.grant_id
               LEFT JOIN grants s ON s.id = f.session_grant_id
               LEFT JOIN apps a ON a.id = f.app_id
               WHERE t.id = $1";
    let Some(row) = tx.one(sql, args![number])? else { return Ok(None) };
    let is_agreed = row.opt_int("agreed_terms")? == Some(row.int("terms")?);
    Ok(Some(Delegated {
        family: code::family(&row)?,
        grant: GrantId::from_text(row.text("token_grant_id")?),
        presence: Presence::parse(&row.text("presence")?)
            .ok_or_else(|| Fault::new("delegated_tokens: unknown presence"))?,
        expires_at: row.time("token_expires_at")?,
        has_ended: row.opt_time("token_ended_at")?.is_some(),
        grant_is_over: row.opt_time("connector_ended_at")?.is_some() || !is_agreed,
        resource: ResourceId::from_text(row.text("resource_id")?),
        key: row.text("key")?,
        runtime_endpoint: row.opt_text("runtime_endpoint")?,
        owner: AppId::from_text(row.text("owner_id")?),
        resource_is_off: row.opt_time("paused_at")?.is_some() || row.opt_time("owner_disabled_at")?.is_some(),
    }))
}

/// Ends a delegated token and those that were exchanged for it. False when it had ended before.
pub(crate) fn end(tx: &mut Tx, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE delegated_tokens
               SET ended_at = $2
               WHERE id = $1 AND ended_at IS NULL
               RETURNING id";
    let has_ended = tx.one(sql, args![number, now])?.is_some();
    let sql = "SELECT id
               FROM delegated_tokens
               WHERE subject_id = $1 AND ended_at IS NULL";
    for row in tx.all(sql, args![number])? {
        end(tx, row.int("id")?, now)?;
    }
    Ok(has_ended)
}

/// Which of the next delegated tokens after a number are over, and the last number looked at.
pub(crate) fn over_after(tx: &mut Tx, after: i64, limit: u32, now: Time) -> Result<(Vec<i64>, Option<i64>), Fault> {
    let sql = "SELECT id, expires_at
               FROM delegated_tokens
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    crate::sweep::over(&tx.all(sql, args![after, limit])?, now)
}

/// Forgets a delegated token.
pub(crate) fn delete(tx: &mut Tx, number: i64) -> Result<u64, Fault> {
    tx.run("DELETE FROM delegated_tokens WHERE id = $1", args![number])
}
