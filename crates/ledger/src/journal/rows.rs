//! All SQL of the journal.

use super::{Calls, Entry, Told};
use base::{AccountId, AgentId, AppId, AppUserId, Fault, GrantId, IdentityId, OrganizationId};
use db::{Row, Tx, args};
use std::sync::atomic::{AtomicU64, Ordering};

static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// How many rows this process has written, for operators; some of them may have been undone with their transaction.
pub fn written() -> u64 {
    WRITTEN.load(Ordering::Relaxed)
}

/// Writes the row.
pub fn write(tx: &mut Tx, entry: &Entry) -> Result<(), Fault> {
    let sql =
        "INSERT INTO journal (id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail,
                                    target_app_id, agent_id, app_user_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    tx.send(
        sql,
        args![
            entry.number,
            entry.act.0,
            entry.account,
            entry.identity,
            entry.app,
            entry.organization,
            entry.grant,
            entry.source,
            entry.detail.as_ref().map(ToString::to_string),
            entry.target,
            entry.agent,
            entry.app_user
        ],
    )?;
    WRITTEN.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn told(row: &Row) -> Result<Told, Fault> {
    let number = row.int("id")?;
    Ok(Told {
        number,
        at: base::id::number_time(number),
        act: row.text("act")?,
        account: row.opt_text("account_id")?.map(AccountId::from_text),
        identity: row.opt_text("identity_id")?.map(IdentityId::from_text),
        app: row.opt_text("app_id")?.map(AppId::from_text),
        organization: row.opt_text("organization_id")?.map(OrganizationId::from_text),
        grant: row.opt_text("grant_id")?.map(GrantId::from_text),
        target: row.opt_text("target_app_id")?.map(AppId::from_text),
        source: row.opt_text("source")?,
        detail: row.opt_text("detail")?.and_then(|text| serde_json::from_str(&text).ok()),
        agent: row.opt_text("agent_id")?.map(AgentId::from_text),
        app_user: row.opt_text("app_user_id")?.map(AppUserId::from_text),
    })
}

/// Rows of an account before a number (`i64::MAX` for the newest), newest first.
pub fn list_of_account(tx: &mut Tx, account: &AccountId, before: i64, limit: u32) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE account_id = $1 AND id < $2
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![account, before, limit])?.iter().map(told).collect()
}

/// The calls made in somebody's name before a number, newest first: through the proxy, with a key that was handed out, or as an app
/// tells. What came back of a call is a row of its own.
pub fn calls_of_account(
    tx: &mut Tx,
    account: &AccountId,
    wanted: &Calls,
    before: i64,
    limit: u32,
) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE account_id = $1 AND id < $2
                 AND act IN ('call.sent', 'call.refused', 'call.reported', 'token.handed_out', 'token.refused')
                 AND ($3 = '' OR app_id = $3) AND ($4 = '' OR agent_id = $4)
                 AND (NOT $5 OR act IN ('call.refused', 'token.refused'))
               ORDER BY id DESC
               LIMIT $6";
    tx.all(sql, args![account, before, wanted.app, wanted.agent, wanted.only_refused, limit])?
        .iter()
        .map(told)
        .collect()
}

/// What came back of the calls made in somebody's name after a number, oldest first.
pub fn answers_of_account(tx: &mut Tx, account: &AccountId, after: i64, limit: u32) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE account_id = $1 AND id > $2 AND act = 'call.answered'
               ORDER BY id
               LIMIT $3";
    tx.all(sql, args![account, after, limit])?.iter().map(told).collect()
}

/// Rows of an app before a number, newest first.
pub fn list_of_app(tx: &mut Tx, app: &AppId, before: i64, limit: u32) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE app_id = $1 AND id < $2
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![app, before, limit])?.iter().map(told).collect()
}

/// What other apps did at an app, before a number, newest first.
pub fn list_of_target(tx: &mut Tx, target: &AppId, before: i64, limit: u32) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE target_app_id = $1 AND id < $2
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![target, before, limit])?.iter().map(told).collect()
}

/// What an app did, and what others did at it, before a number, newest first.
pub fn list_of_both(tx: &mut Tx, app: &AppId, before: i64, limit: u32) -> Result<Vec<Told>, Fault> {
    let mut both = list_of_app(tx, app, before, limit)?;
    both.extend(list_of_target(tx, app, before, limit)?);
    both.sort_by_key(|told| std::cmp::Reverse(told.number));
    both.dedup_by_key(|told| told.number);
    both.truncate(limit as usize);
    Ok(both)
}

/// Rows of an organization before a number, newest first.
pub fn list_of_organization(
    tx: &mut Tx,
    organization: &OrganizationId,
    before: i64,
    limit: u32,
) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE organization_id = $1 AND id < $2
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![organization, before, limit])?.iter().map(told).collect()
}

/// All rows before a number, newest first. For operators.
pub fn list(tx: &mut Tx, before: i64, limit: u32) -> Result<Vec<Told>, Fault> {
    let sql =
        "SELECT id, act, account_id, identity_id, app_id, organization_id, grant_id, source, detail, target_app_id,
                agent_id, app_user_id
               FROM journal
               WHERE id < $1
               ORDER BY id DESC
               LIMIT $2";
    tx.all(sql, args![before, limit])?.iter().map(told).collect()
}

/// How often each deed was done through an app since a number, by its name.
pub fn count_of_app(tx: &mut Tx, app: &AppId, since: i64) -> Result<Vec<(String, i64)>, Fault> {
    let sql = "SELECT act, count(*) AS times
               FROM journal
               WHERE app_id = $1 AND id >= $2
               GROUP BY act
               ORDER BY act";
    tx.all(sql, args![app, since])?.iter().map(|row| Ok((row.text("act")?, row.int("times")?))).collect()
}
