//! All SQL of the connect sessions.

use super::{Results, Session, Stage, Terms, Transport};
use crate::caller::Subject;
use base::{AccountId, AppId, AppUserId, Digest, Fault, IdentityId, Time};
use db::{Row, Tx, args};

fn session(row: &Row) -> Result<Session, Fault> {
    let account = row.opt_text("account_id")?.map(AccountId::from_text);
    let identity = row.opt_text("identity_id")?.map(IdentityId::from_text);
    let app_user = row.opt_text("app_user_id")?.map(AppUserId::from_text);
    let subject = match (account, identity, app_user) {
        (Some(account), Some(identity), _) => Subject::Identity { account, identity },
        (_, _, Some(app_user)) => Subject::AppUser(app_user),
        _ => Subject::App,
    };
    let not_stored = |_| Fault::new("connect_sessions: holds what was not stored");
    let terms: Terms = serde_json::from_str(&row.text("terms")?).map_err(not_stored)?;
    let result: Results = serde_json::from_str(&row.text("outcome")?).map_err(not_stored)?;
    Ok(Session {
        number: row.int("id")?,
        digest: row.bytes("digest")?,
        app: AppId::from_text(row.text("app_id")?),
        subject,
        origin: row.opt_text("origin")?,
        return_url: row.opt_text("return_url")?,
        terms,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        browser: row.opt_bytes("browser")?,
        transport: row.opt_text("transport")?.as_deref().and_then(Transport::parse),
        confirmed_at: row.opt_time("confirmed_at")?,
        stage: Stage::parse(&row.text("stage")?).ok_or_else(|| Fault::new("connect_sessions: unknown stage"))?,
        result,
        ended_at: row.opt_time("ended_at")?,
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::new("connect_sessions: does not serialize"))
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Session) -> Result<(), Fault> {
    let sql = "INSERT INTO connect_sessions (id, digest, app_id, kind, account_id, identity_id, app_user_id, agent_id,
                                             origin, return_url, terms, created_at, expires_at, stage, outcome)
               VALUES ($1, $2, $3, 'provider', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    tx.run(
        sql,
        args![
            new.number,
            new.digest,
            new.app,
            new.subject.account(),
            new.subject.identity(),
            new.subject.app_user(),
            new.terms.agent,
            new.origin,
            new.return_url,
            json(&new.terms)?,
            new.created_at,
            new.expires_at,
            new.stage.as_str(),
            json(&new.result)?
        ],
    )?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx<'_>, number: i64) -> Result<Option<Session>, Fault> {
    let sql = "SELECT id, digest, app_id, account_id, identity_id, app_user_id, origin, return_url, terms, created_at,
                      expires_at, browser, transport, confirmed_at, stage, outcome, ended_at
               FROM connect_sessions
               WHERE id = $1 AND kind = 'provider'";
    tx.one(sql, args![number])?.as_ref().map(session).transpose()
}

/// Gives it to a browser, unless another one has it. How it gets back is fixed with that.
pub(super) fn take(tx: &mut Tx<'_>, number: i64, browser: &Digest, transport: Transport) -> Result<bool, Fault> {
    let sql = "UPDATE connect_sessions
               SET browser = $2, transport = CASE WHEN transport IS NULL THEN $3 ELSE transport END
               WHERE id = $1 AND ended_at IS NULL AND (browser IS NULL OR browser = $2)";
    Ok(tx.run(sql, args![number, browser, transport.as_str()])? == 1)
}

pub(super) fn confirm(tx: &mut Tx<'_>, number: i64, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE connect_sessions
               SET confirmed_at = $2
               WHERE id = $1 AND confirmed_at IS NULL";
    tx.run(sql, args![number, now])?;
    Ok(())
}

pub(super) fn set_stage(tx: &mut Tx<'_>, number: i64, stage: Stage) -> Result<(), Fault> {
    let sql = "UPDATE connect_sessions
               SET stage = $2
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![number, stage.as_str()])?;
    Ok(())
}

pub(super) fn set_terms(tx: &mut Tx<'_>, number: i64, terms: &Terms) -> Result<(), Fault> {
    let sql = "UPDATE connect_sessions
               SET terms = $2
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![number, json(terms)?])?;
    Ok(())
}

pub(super) fn set_result(
    tx: &mut Tx<'_>,
    number: i64,
    result: &Results,
    stage: Stage,
    ended_at: Option<Time>,
) -> Result<(), Fault> {
    let sql = "UPDATE connect_sessions
               SET outcome = $2, stage = $3, ended_at = $4
               WHERE id = $1 AND ended_at IS NULL";
    tx.run(sql, args![number, json(result)?, stage.as_str(), ended_at])?;
    Ok(())
}

/// Ends every session that is open.
pub(crate) fn end_all(tx: &mut Tx<'_>, now: Time) -> Result<(), Fault> {
    tx.run("UPDATE connect_sessions SET expires_at = $1 WHERE ended_at IS NULL AND expires_at > $1", args![now])?;
    Ok(())
}

/// Forgets sessions that nobody can ask about any more.
pub(crate) fn sweep(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM connect_sessions
               WHERE id IN (SELECT id FROM connect_sessions WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![before, limit])
}
