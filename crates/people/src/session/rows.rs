//! All SQL of the sessions.

use super::Session;
use base::{AccountId, Bearer, DeviceId, Digest, Fault, GrantId, Time};
use db::{Row, Tx, args};

/// A session in the list of where one is signed in.
#[derive(Debug, Clone)]
pub struct Listed {
    pub session: Session,
    pub device_name: String,
}

fn session(row: &Row) -> Result<Session, Fault> {
    Ok(Session {
        number: row.int("id")?,
        account: AccountId::from_text(row.text("account_id")?),
        grant: GrantId::from_text(row.text("grant_id")?),
        device: DeviceId::from_text(row.text("device_id")?),
        auth_time: row.time("auth_time")?,
        amr: row.text("amr")?.split(' ').map(str::to_owned).collect(),
        acr: row.text("acr")?,
        is_operator: row.flag("is_operator")?,
        source: row.text("source")?,
        user_agent: row.text("user_agent")?,
        opened_at: row.time("opened_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
    })
}

pub(super) fn insert(tx: &mut Tx, new: &Session, digest: &Digest, embed: &Digest) -> Result<(), Fault> {
    let sql =
        "INSERT INTO sessions (id, digest, grant_id, account_id, device_id, auth_time, amr, acr, source, user_agent,
                                     opened_at, last_seen_at, expires_at, embed_digest)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    tx.run(
        sql,
        args![
            new.number,
            digest,
            new.grant,
            new.account,
            new.device,
            new.auth_time,
            new.amr.join(" "),
            new.acr,
            new.source,
            new.user_agent,
            new.opened_at,
            new.last_seen_at,
            new.expires_at,
            embed
        ],
    )?;
    Ok(())
}

/// Which of its two secrets a session was shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    ByCookie,
    InFrame,
}

/// The session that this secret opens, if everything it hangs on lives.
pub(super) fn find_live(
    tx: &mut Tx,
    bearer: &Bearer,
    shown: Shown,
    now: Time,
    idle_since: Time,
) -> Result<Option<Session>, Fault> {
    let sql = "SELECT sessions.id, sessions.digest, sessions.embed_digest, sessions.account_id, sessions.grant_id,
                      sessions.device_id, sessions.auth_time, sessions.amr, sessions.acr, sessions.source,
                      sessions.user_agent, sessions.opened_at, sessions.last_seen_at, sessions.expires_at,
                      accounts.is_operator
               FROM sessions
               JOIN grants ON grants.id = sessions.grant_id
               JOIN accounts ON accounts.id = sessions.account_id
               WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND grants.ended_at IS NULL AND accounts.disabled_at IS NULL
                 AND sessions.expires_at > $2 AND sessions.last_seen_at > $3";
    let row = tx.one(sql, args![bearer.number(), now, idle_since])?;
    let column = if shown == Shown::InFrame { "embed_digest" } else { "digest" };
    let stored = row.as_ref().map(|row| row.opt_bytes(column)).transpose()?.flatten();
    match row {
        Some(row) if bearer.opens(stored.as_deref()) => session(&row).map(Some),
        _ => Ok(None),
    }
}

/// Where an account is signed in, the latest first.
pub fn list_of_account(
    tx: &mut Tx,
    account: &AccountId,
    now: Time,
    idle_since: Time,
    limit: u32,
) -> Result<Vec<Listed>, Fault> {
    let sql = "SELECT sessions.id, sessions.account_id, sessions.grant_id, sessions.device_id,
                      sessions.auth_time, sessions.amr, sessions.acr, sessions.source, sessions.user_agent,
                      sessions.opened_at, sessions.last_seen_at, sessions.expires_at, accounts.is_operator,
                      devices.name AS device_name
               FROM sessions
               JOIN grants ON grants.id = sessions.grant_id
               JOIN accounts ON accounts.id = sessions.account_id
               JOIN devices ON devices.id = sessions.device_id
               WHERE sessions.account_id = $1 AND sessions.ended_at IS NULL AND grants.ended_at IS NULL
                 AND sessions.expires_at > $2 AND sessions.last_seen_at > $3
               ORDER BY sessions.last_seen_at DESC, sessions.id DESC
               LIMIT $4";
    let rows = tx.all(sql, args![account, now, idle_since, limit])?;
    rows.iter().map(|row| Ok(Listed { session: session(row)?, device_name: row.text("device_name")? })).collect()
}

/// Notes that session and device were seen.
pub(super) fn see(tx: &mut Tx, number: i64, device: &DeviceId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE sessions
               SET last_seen_at = $2
               WHERE id = $1 AND last_seen_at < $2";
    tx.run(sql, args![number, now])?;
    let sql = "UPDATE devices
               SET last_seen_at = $2
               WHERE id = $1 AND last_seen_at < $2";
    tx.run(sql, args![device, now])?;
    Ok(())
}

/// Ends the secret of a live session, whose node may go on under another. False when it has ended.
pub(super) fn take_live(tx: &mut Tx, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE sessions
               SET ended_at = $2
               WHERE id = $1 AND ended_at IS NULL
                 AND EXISTS (SELECT 1 FROM grants WHERE grants.id = sessions.grant_id AND grants.ended_at IS NULL)
               RETURNING id";
    Ok(tx.one(sql, args![number, now])?.is_some())
}

pub(super) fn end_by_grant(tx: &mut Tx, grant: &GrantId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE sessions
               SET ended_at = $2
               WHERE grant_id = $1 AND ended_at IS NULL";
    tx.run(sql, args![grant, now])?;
    Ok(())
}

pub(super) fn live_grants_of_account(tx: &mut Tx, account: &AccountId) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT grant_id
               FROM sessions
               WHERE account_id = $1 AND ended_at IS NULL";
    tx.all(sql, args![account])?.iter().map(|row| row.text("grant_id").map(GrantId::from_text)).collect()
}

pub(super) fn live_grants_on_device(tx: &mut Tx, device: &DeviceId) -> Result<Vec<GrantId>, Fault> {
    let sql = "SELECT grant_id
               FROM sessions
               WHERE device_id = $1 AND ended_at IS NULL";
    tx.all(sql, args![device])?.iter().map(|row| row.text("grant_id").map(GrantId::from_text)).collect()
}

pub(crate) fn delete_on_device(tx: &mut Tx, device: &DeviceId) -> Result<(), Fault> {
    tx.run("DELETE FROM sessions WHERE device_id = $1", args![device])?;
    Ok(())
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM sessions WHERE account_id = $1", args![account])?;
    Ok(())
}

/// Removes sessions whose time is over, or that nobody has used for too long. Gives the node of each that nobody has ended yet.
pub(crate) fn sweep(tx: &mut Tx, now: Time, idle_since: Time, limit: u32) -> Result<Vec<Option<GrantId>>, Fault> {
    let sql = "DELETE FROM sessions
               WHERE id IN (SELECT id
                            FROM sessions
                            WHERE expires_at < $1 OR last_seen_at < $2
                            LIMIT $3)
               RETURNING grant_id, ended_at";
    let mut grants = Vec::new();
    for row in tx.all(sql, args![now, idle_since, limit])? {
        // The secret of a renewed session is long dead while its node lives on under the next one.
        let is_live = row.opt_time("ended_at")?.is_none();
        grants.push(if is_live { Some(GrantId::from_text(row.text("grant_id")?)) } else { None });
    }
    Ok(grants)
}
