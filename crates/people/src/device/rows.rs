//! All SQL of the devices.

use super::{Described, Device, DeviceKind};
use base::{AccountId, DeviceId, Fault, Time};
use db::{Row, Tx, args};

fn device(row: &Row) -> Result<Device, Fault> {
    Ok(Device {
        id: DeviceId::from_text(row.text("id")?),
        name: row.text("name")?,
        kind: DeviceKind::parse(&row.text("kind")?).ok_or_else(|| Fault::new("devices: unknown kind"))?,
        browser: row.opt_text("browser")?,
        os: row.opt_text("os")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        is_new: false,
    })
}

/// The device with this fingerprint, seen now. Nothing when it is unknown or says no fingerprint.
pub(super) fn refresh(
    tx: &mut Tx,
    account: &AccountId,
    described: &Described,
    now: Time,
) -> Result<Option<Device>, Fault> {
    let Some(fingerprint) = &described.fingerprint else { return Ok(None) };
    let sql = "UPDATE devices
               SET browser = $3, os = $4, last_seen_at = $5
               WHERE account_id = $1 AND fingerprint = $2
               RETURNING id, name, kind, browser, os, created_at, last_seen_at";
    tx.one(sql, args![account, fingerprint, described.browser, described.os, now])?.as_ref().map(device).transpose()
}

/// One device.
pub(crate) fn find(tx: &mut Tx, id: &DeviceId) -> Result<Option<Device>, Fault> {
    let sql = "SELECT id, name, kind, browser, os, created_at, last_seen_at
               FROM devices
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(device).transpose()
}

pub(super) fn insert(
    tx: &mut Tx,
    id: &DeviceId,
    account: &AccountId,
    described: &Described,
    now: Time,
) -> Result<Device, Fault> {
    let sql = "INSERT INTO devices (id, account_id, name, kind, browser, os, fingerprint, created_at, last_seen_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let Described { name, kind, browser, os, fingerprint } = described;
    tx.run(sql, args![id, account, name, kind.as_str(), browser, os, fingerprint, now])?;
    Ok(Device {
        id: id.clone(),
        name: name.clone(),
        kind: *kind,
        browser: browser.clone(),
        os: os.clone(),
        created_at: now,
        last_seen_at: now,
        is_new: true,
    })
}

/// The devices of an account, the latest first.
pub fn list_of_account(tx: &mut Tx, account: &AccountId, limit: u32) -> Result<Vec<Device>, Fault> {
    let sql = "SELECT id, name, kind, browser, os, created_at, last_seen_at
               FROM devices
               WHERE account_id = $1
               ORDER BY last_seen_at DESC, id DESC
               LIMIT $2";
    tx.all(sql, args![account, limit])?.iter().map(device).collect()
}

pub(super) fn is_of_account(tx: &mut Tx, account: &AccountId, id: &DeviceId) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM devices
               WHERE id = $2 AND account_id = $1";
    Ok(tx.one(sql, args![account, id])?.is_some())
}

pub(super) fn rename(tx: &mut Tx, account: &AccountId, id: &DeviceId, name: &str) -> Result<bool, Fault> {
    let sql = "UPDATE devices
               SET name = $3
               WHERE id = $2 AND account_id = $1";
    Ok(tx.run(sql, args![account, id, name])? == 1)
}

pub(super) fn delete(tx: &mut Tx, id: &DeviceId) -> Result<(), Fault> {
    tx.run("DELETE FROM devices WHERE id = $1", args![id])?;
    Ok(())
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM devices WHERE account_id = $1", args![account])?;
    Ok(())
}

/// Forgets devices that nobody is signed in on and that were last seen before a moment.
pub(crate) fn sweep(tx: &mut Tx, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM devices
               WHERE id IN (SELECT id
                            FROM devices
                            WHERE last_seen_at < $1
                              AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.device_id = devices.id)
                            LIMIT $2)";
    tx.run(sql, args![before, limit])
}
