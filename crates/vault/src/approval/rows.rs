//! All SQL of the approvals.

use super::{Approval, Status};
use base::{AccountId, AgentId, AppId, AppUserId, ApprovalId, Fault, GrantId, Time};
use db::{Row, Tx, args};

fn approval(row: &Row) -> Result<Approval, Fault> {
    let status = row.text("status")?;
    let result = row.opt_bytes("result")?;
    Ok(Approval {
        id: ApprovalId::from_text(row.text("id")?),
        group: row.text("group_id")?,
        app: AppId::from_text(row.text("app_id")?),
        agent: row.opt_text("agent_id")?.map(AgentId::from_text),
        grant: GrantId::from_text(row.text("grant_id")?),
        account: row.opt_text("account_id")?.map(AccountId::from_text),
        app_user: row.opt_text("app_user_id")?.map(AppUserId::from_text),
        provider: row.text("provider")?,
        status: Status::parse(&status).ok_or_else(|| Fault::new("approvals: unknown status"))?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        decided_at: row.opt_time("decided_at")?,
        reason: row.opt_text("reason")?,
        executed_at: row.opt_time("executed_at")?,
        has_result: result.is_some(),
        execution_error: row.opt_text("execution_error")?,
        digest: row.bytes("digest")?,
        request: row.bytes("request")?,
        result,
    })
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Approval, key_id: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO call_approvals (id, group_id, app_id, agent_id, grant_id, account_id, app_user_id, provider,
                                      request, digest, key_id, status, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    tx.run(
        sql,
        args![
            new.id,
            new.group,
            new.app,
            new.agent,
            new.grant,
            new.account,
            new.app_user,
            new.provider,
            new.request,
            new.digest,
            key_id,
            new.status.as_str(),
            new.created_at,
            new.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx<'_>, id: &ApprovalId) -> Result<Option<Approval>, Fault> {
    let sql =
        "SELECT id, group_id, app_id, agent_id, grant_id, account_id, app_user_id, provider, request, digest, status,
                      created_at, expires_at, decided_at, reason, executed_at, result, execution_error
               FROM call_approvals
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(approval).transpose()
}

/// A person's, newest first, below an id (empty for the newest).
pub(super) fn list_of_account(
    tx: &mut Tx<'_>,
    account: &AccountId,
    before: &str,
    limit: u32,
) -> Result<Vec<Approval>, Fault> {
    let sql =
        "SELECT id, group_id, app_id, agent_id, grant_id, account_id, app_user_id, provider, request, digest, status,
                      created_at, expires_at, decided_at, reason, executed_at, result, execution_error
               FROM call_approvals
               WHERE account_id = $1 AND ($2 = '' OR id < $2)
               ORDER BY id DESC
               LIMIT $3";
    tx.all(sql, args![account, before, limit])?.iter().map(approval).collect()
}

/// How many of a person's wait now.
pub(super) fn count_pending(tx: &mut Tx<'_>, account: &AccountId, now: Time) -> Result<i64, Fault> {
    let sql = "SELECT count(*) AS total
               FROM call_approvals
               WHERE account_id = $1 AND status = 'pending' AND expires_at > $2";
    tx.one(sql, args![account, now])?.map_or(Ok(0), |row| row.int("total"))
}

/// A person's word on the very request that has this digest. False when it is too late, not theirs, or another request.
pub(super) fn take_pending(
    tx: &mut Tx<'_>,
    id: &ApprovalId,
    account: &AccountId,
    digest: &[u8],
    status: Status,
    (by, reason): (&str, Option<&str>),
    now: Time,
) -> Result<bool, Fault> {
    let sql = "UPDATE call_approvals
               SET status = $4, decided_at = $5, decided_by = $6, reason = $7
               WHERE id = $1 AND account_id = $2 AND digest = $3 AND status = 'pending' AND expires_at > $5";
    Ok(tx.run(sql, args![id, account, digest, status.as_str(), now, by, reason])? == 1)
}

/// Takes an approved one for running. False when somebody else has.
pub(super) fn take_approved(tx: &mut Tx<'_>, id: &ApprovalId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE call_approvals
               SET status = 'executing', executed_at = $2
               WHERE id = $1 AND status = 'approved'";
    Ok(tx.run(sql, args![id, now])? == 1)
}

pub(super) fn set_result(tx: &mut Tx<'_>, id: &ApprovalId, result: &[u8], now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE call_approvals
               SET status = 'executed', result = $2, executed_at = $3
               WHERE id = $1 AND status = 'executing'";
    Ok(tx.run(sql, args![id, result, now])? == 1)
}

pub(super) fn set_failed(tx: &mut Tx<'_>, id: &ApprovalId, error: &str, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE call_approvals
               SET status = 'failed', execution_error = $2, executed_at = $3
               WHERE id = $1 AND status = 'executing'";
    Ok(tx.run(sql, args![id, error, now])? == 1)
}

/// The time of these is over and nobody decided.
pub(super) fn list_late(tx: &mut Tx<'_>, now: Time, limit: u32) -> Result<Vec<ApprovalId>, Fault> {
    let sql = "SELECT id
               FROM call_approvals
               WHERE status = 'pending' AND expires_at <= $1
               ORDER BY id
               LIMIT $2";
    tx.all(sql, args![now, limit])?.iter().map(|row| Ok(ApprovalId::from_text(row.text("id")?))).collect()
}

pub(super) fn set_expired(tx: &mut Tx<'_>, id: &ApprovalId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE call_approvals
               SET status = 'expired'
               WHERE id = $1 AND status = 'pending' AND expires_at <= $2";
    Ok(tx.run(sql, args![id, now])? == 1)
}

/// Approved ones whose run has not begun: the server went away in between.
pub(super) fn list_approved(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<ApprovalId>, Fault> {
    let sql = "SELECT id
               FROM call_approvals
               WHERE status = 'approved'
               ORDER BY id
               LIMIT $1";
    tx.all(sql, args![limit])?.iter().map(|row| Ok(ApprovalId::from_text(row.text("id")?))).collect()
}

/// Runs that were cut off. They are not tried again: nobody knows whether the call arrived.
pub(super) fn fail_stuck(tx: &mut Tx<'_>, before: Time, now: Time) -> Result<u64, Fault> {
    let sql = "UPDATE call_approvals
               SET status = 'failed', execution_error = 'interrupted', executed_at = $2
               WHERE status = 'executing' AND executed_at < $1";
    tx.run(sql, args![before, now])
}

/// Wipes requests and results that are over for so long.
pub(super) fn wipe_results(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "UPDATE call_approvals
               SET result = NULL, request = $3
               WHERE id IN (SELECT id FROM call_approvals
                            WHERE expires_at < $1 AND status NOT IN ('pending', 'approved', 'executing') AND request <> $3
                            ORDER BY id
                            LIMIT $2)";
    tx.run(sql, args![before, limit, &b""[..]])
}

pub(super) fn sweep(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM call_approvals
               WHERE id IN (SELECT id FROM call_approvals WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![before, limit])
}

/// Removes the calls of an app that is going away.
pub(crate) fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    let sql = "DELETE FROM call_approvals
               WHERE app_id = $1";
    tx.run(sql, args![app])?;
    Ok(())
}

/// Removes the calls that a person who is going away was asked about.
pub(crate) fn delete_of_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<(), Fault> {
    let sql = "DELETE FROM call_approvals
               WHERE account_id = $1";
    tx.run(sql, args![account])?;
    Ok(())
}

/// Some that are sealed under another key.
pub(super) fn list_under_other_key(tx: &mut Tx<'_>, key_id: &str, limit: u32) -> Result<Vec<Approval>, Fault> {
    let sql =
        "SELECT id, group_id, app_id, agent_id, grant_id, account_id, app_user_id, provider, request, digest, status,
                      created_at, expires_at, decided_at, reason, executed_at, result, execution_error
               FROM call_approvals
               WHERE key_id <> $1
               ORDER BY id
               LIMIT $2";
    tx.all(sql, args![key_id, limit])?.iter().map(approval).collect()
}

pub(super) fn set_sealed(tx: &mut Tx<'_>, own: &Approval, key_id: &str) -> Result<(), Fault> {
    let sql = "UPDATE call_approvals
               SET request = $2, result = $3, key_id = $4
               WHERE id = $1";
    tx.run(sql, args![own.id, own.request, own.result, key_id])?;
    Ok(())
}

/// Ends every call that waits, or that was about to run.
pub(crate) fn end_all(tx: &mut Tx<'_>, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE call_approvals
               SET status = 'expired', decided_at = $1
               WHERE status IN ('pending', 'approved', 'executing')";
    tx.run(sql, args![now])?;
    Ok(())
}
