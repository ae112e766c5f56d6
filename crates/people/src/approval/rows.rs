//! All SQL of the approvals.

use super::{Approval, Asked, State};
use crate::device::{Described, DeviceKind};
use crate::{Flow, Visit};
use base::{AccountId, Fault, Time, Uuid};
use db::{Row, Tx, args};

/// An approval that has just been spent.
#[derive(Debug)]
pub(super) struct Taken {
    pub account: AccountId,
    pub acr: String,
    pub device: Described,
}

fn approval(row: &Row) -> Result<Approval, Fault> {
    Ok(Approval {
        id: row.text("id")?,
        code: row.text("code")?,
        device_name: row.text("device_name")?,
        device_kind: row.text("device_kind")?,
        source: row.text("source")?,
        user_agent: row.text("user_agent")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn state(row: &Row, now: Time) -> Result<State, Fault> {
    let is_over = now >= row.time("expires_at")? || row.opt_time("spent_at")?.is_some();
    match (row.opt_time("approved_at")?, row.opt_time("denied_at")?) {
        (Some(_), Some(_)) => Err(Fault::new("approvals: both approved and denied")),
        (None, Some(_)) => Ok(State::Denied),
        _ if is_over => Ok(State::Expired),
        (Some(_), None) => Ok(State::Approved),
        (None, None) => Ok(State::Pending),
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn insert(
    tx: &mut Tx,
    id: &Uuid,
    flow: &Flow,
    code: &str,
    asked: Option<&AccountId>,
    device: &Described,
    visit: &Visit,
    now: Time,
    until: Time,
) -> Result<(), Fault> {
    let sql =
        "INSERT INTO approvals (id, flow, code, asked_account_id, device_name, device_kind, device_browser, device_os,
                                      device_fingerprint, source, user_agent, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let Described { name, kind, browser, os, fingerprint } = device;
    let Visit { source, user_agent } = visit;
    tx.run(
        sql,
        args![
            id,
            flow.digest(),
            code,
            asked,
            name,
            kind.as_str(),
            browser,
            os,
            fingerprint,
            source,
            user_agent,
            now,
            until
        ],
    )?;
    Ok(())
}

pub(super) fn is_waiting(tx: &mut Tx, code: &str, now: Time) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM approvals
               WHERE code = $1 AND expires_at > $2
               LIMIT 1";
    Ok(tx.one(sql, args![code, now])?.is_some())
}

/// The request of this browser.
pub(super) fn find_asked(tx: &mut Tx, id: &str, flow: &Flow, now: Time) -> Result<Option<Asked>, Fault> {
    let sql = "SELECT id, flow, code, expires_at, approved_at, denied_at, spent_at
               FROM approvals
               WHERE id = $1";
    let Some(row) = tx.one(sql, args![id])? else { return Ok(None) };
    if !flow.is(&row.bytes("flow")?) {
        return Ok(None);
    }
    Ok(Some(Asked {
        id: row.text("id")?,
        code: row.text("code")?,
        state: state(&row, now)?,
        expires_at: row.time("expires_at")?,
    }))
}

/// The undecided request with this code, unless it names somebody else.
pub(super) fn find_waiting(tx: &mut Tx, code: &str, account: &AccountId, now: Time) -> Result<Option<Approval>, Fault> {
    let sql = "SELECT id, code, device_name, device_kind, source, user_agent, created_at, expires_at
               FROM approvals
               WHERE code = $1 AND approved_at IS NULL AND denied_at IS NULL AND expires_at > $3
                 AND (asked_account_id IS NULL OR asked_account_id = $2)
               ORDER BY id DESC
               LIMIT 1";
    tx.one(sql, args![code, account, now])?.as_ref().map(approval).transpose()
}

/// Undecided requests that name an account, newest first.
pub(super) fn list_waiting(tx: &mut Tx, account: &AccountId, now: Time) -> Result<Vec<Approval>, Fault> {
    let sql = "SELECT id, code, device_name, device_kind, source, user_agent, created_at, expires_at
               FROM approvals
               WHERE asked_account_id = $1 AND approved_at IS NULL AND denied_at IS NULL AND expires_at > $2
               ORDER BY id DESC
               LIMIT 20";
    tx.all(sql, args![account, now])?.iter().map(approval).collect()
}

/// Approves an undecided request. Gives the device's name; nothing when it was decided before.
pub(super) fn approve(
    tx: &mut Tx,
    id: &str,
    code: &str,
    account: &AccountId,
    acr: &str,
    now: Time,
) -> Result<Option<String>, Fault> {
    let sql = "UPDATE approvals
               SET approved_at = $5, account_id = $3, acr = $4
               WHERE id = $1 AND code = $2 AND approved_at IS NULL AND denied_at IS NULL AND expires_at > $5
                 AND (asked_account_id IS NULL OR asked_account_id = $3)
               RETURNING device_name";
    tx.one(sql, args![id, code, account, acr, now])?.map(|row| row.text("device_name")).transpose()
}

/// Denies an undecided request.
pub(super) fn deny(tx: &mut Tx, id: &str, code: &str, account: &AccountId, now: Time) -> Result<Option<String>, Fault> {
    let sql = "UPDATE approvals
               SET denied_at = $4
               WHERE id = $1 AND code = $2 AND approved_at IS NULL AND denied_at IS NULL AND expires_at > $4
                 AND (asked_account_id IS NULL OR asked_account_id = $3)
               RETURNING device_name";
    tx.one(sql, args![id, code, account, now])?.map(|row| row.text("device_name")).transpose()
}

/// Spends an approval that was given. Nothing for any other browser, or the second time.
pub(super) fn take(tx: &mut Tx, id: &str, flow: &Flow, now: Time) -> Result<Option<Taken>, Fault> {
    let sql = "SELECT flow
               FROM approvals
               WHERE id = $1";
    let Some(row) = tx.one(sql, args![id])? else { return Ok(None) };
    if !flow.is(&row.bytes("flow")?) {
        return Ok(None);
    }
    let sql = "UPDATE approvals
               SET spent_at = $2
               WHERE id = $1 AND spent_at IS NULL AND approved_at IS NOT NULL AND expires_at > $2
               RETURNING account_id, acr, device_name, device_kind, device_browser, device_os, device_fingerprint";
    let Some(row) = tx.one(sql, args![id, now])? else { return Ok(None) };
    let kind =
        DeviceKind::parse(&row.text("device_kind")?).ok_or_else(|| Fault::new("approvals: unknown device kind"))?;
    Ok(Some(Taken {
        account: AccountId::from_text(row.text("account_id")?),
        acr: row.text("acr")?,
        device: Described {
            name: row.text("device_name")?,
            kind,
            browser: row.opt_text("device_browser")?,
            os: row.opt_text("device_os")?,
            fingerprint: row.opt_text("device_fingerprint")?,
        },
    }))
}

/// Spends every request, decided or not.
pub(crate) fn take_all(tx: &mut Tx, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE approvals
               SET spent_at = $1
               WHERE spent_at IS NULL";
    tx.run(sql, args![now])?;
    Ok(())
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM approvals WHERE account_id = $1 OR asked_account_id = $1", args![account])?;
    Ok(())
}

/// Forgets requests whose time is over.
pub(crate) fn sweep(tx: &mut Tx, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM approvals
               WHERE id IN (SELECT id FROM approvals WHERE expires_at < $1 LIMIT $2)";
    tx.run(sql, args![before, limit])
}
