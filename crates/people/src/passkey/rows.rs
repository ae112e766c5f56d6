//! All SQL of the passkeys and their ceremonies.

use super::ceremony::{Made, shown};
use super::{Kind, Passkey};
use crate::Flow;
use base::{AccountId, Bearer, Fault, PasskeyId, Time};
use db::{Row, Tx, args};

/// A ceremony that has just been spent.
#[derive(Debug)]
pub(crate) struct Taken {
    pub state: String,
}

/// A passkey that an assertion names.
#[derive(Debug)]
pub(crate) struct Found {
    pub id: PasskeyId,
    pub account: AccountId,
    pub credential: String,
    pub counter: i64,
    pub name: String,
}

pub(super) fn insert_ceremony(
    tx: &mut Tx,
    bearer: &Bearer,
    kind: Kind,
    flow: &Flow,
    account: Option<&AccountId>,
    state: &str,
    until: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO ceremonies (id, digest, kind, binding, account_id, state, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.run(sql, args![bearer.number(), bearer.digest(), kind.as_str(), flow.digest(), account, state, until])?;
    Ok(())
}

/// Spends the ceremony. Another browser's attempt finds nothing and spends nothing.
pub(super) fn take_ceremony(
    tx: &mut Tx,
    bearer: &Bearer,
    kind: Kind,
    flow: &Flow,
    now: Time,
) -> Result<Option<Taken>, Fault> {
    let sql = "SELECT digest, binding
               FROM ceremonies
               WHERE id = $1 AND kind = $2 AND spent_at IS NULL AND expires_at > $3";
    let Some(row) = tx.one(sql, args![bearer.number(), kind.as_str(), now])? else { return Ok(None) };
    if !bearer.opens(Some(&row.bytes("digest")?)) || !flow.is(&row.bytes("binding")?) {
        return Ok(None);
    }
    spend(tx, bearer.number(), now)
}

/// Spends the latest ceremony of a kind that an account began in this browser.
pub(super) fn take_latest(
    tx: &mut Tx,
    kind: Kind,
    flow: &Flow,
    account: &AccountId,
    now: Time,
) -> Result<Option<Taken>, Fault> {
    let sql = "SELECT id, binding
               FROM ceremonies
               WHERE account_id = $1 AND kind = $2 AND spent_at IS NULL AND expires_at > $3
               ORDER BY id DESC
               LIMIT 16";
    for row in tx.all(sql, args![account, kind.as_str(), now])? {
        if flow.is(&row.bytes("binding")?) {
            return spend(tx, row.int("id")?, now);
        }
    }
    Ok(None)
}

fn spend(tx: &mut Tx, number: i64, now: Time) -> Result<Option<Taken>, Fault> {
    let sql = "UPDATE ceremonies
               SET spent_at = $2
               WHERE id = $1 AND spent_at IS NULL
               RETURNING state";
    tx.one(sql, args![number, now])?.map(|row| Ok(Taken { state: row.text("state")? })).transpose()
}

/// The passkey with this credential id, if it is this user's and the account is not disabled.
pub(super) fn find(tx: &mut Tx, credential_id: &[u8], user_handle: &str) -> Result<Option<Found>, Fault> {
    let sql = "SELECT passkeys.id, passkeys.account_id, passkeys.credential, passkeys.counter, passkeys.name
               FROM passkeys
               JOIN accounts ON accounts.id = passkeys.account_id
               WHERE passkeys.credential_id = $1 AND accounts.user_handle = $2 AND accounts.disabled_at IS NULL";
    let row = tx.one(sql, args![credential_id, user_handle])?;
    let found = |row: Row| {
        Ok(Found {
            id: PasskeyId::from_text(row.text("id")?),
            account: AccountId::from_text(row.text("account_id")?),
            credential: row.text("credential")?,
            counter: row.int("counter")?,
            name: row.text("name")?,
        })
    };
    row.map(found).transpose()
}

/// Moves the counter from where the proof found it. False when it has moved meanwhile, or the passkey is gone.
pub(super) fn use_once(tx: &mut Tx, found: &Found, now_is: &Made, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE passkeys
               SET credential = $3, counter = $4, is_synced = $5, last_used_at = $6
               WHERE id = $1 AND counter = $2
               RETURNING id";
    let row = tx.one(sql, args![found.id, found.counter, now_is.credential, now_is.counter, now_is.is_synced, now])?;
    Ok(row.is_some())
}

pub(super) fn is_known(tx: &mut Tx, credential_id: &[u8]) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM passkeys
               WHERE credential_id = $1";
    Ok(tx.one(sql, args![credential_id])?.is_some())
}

pub(super) fn insert(
    tx: &mut Tx,
    id: &PasskeyId,
    account: &AccountId,
    made: &Made,
    name: &str,
    now: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO passkeys (id, account_id, credential_id, credential, counter, is_synced, name, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.run(sql, args![id, account, made.credential_id, made.credential, made.counter, made.is_synced, name, now])?;
    Ok(())
}

pub(super) fn credential_ids(tx: &mut Tx, account: &AccountId) -> Result<Vec<Vec<u8>>, Fault> {
    let sql = "SELECT credential_id
               FROM passkeys
               WHERE account_id = $1
               ORDER BY id
               LIMIT 64";
    tx.all(sql, args![account])?.iter().map(|row| row.bytes("credential_id")).collect()
}

/// The passkeys of an account, the oldest first.
pub fn list_of_account(tx: &mut Tx, account: &AccountId) -> Result<Vec<Passkey>, Fault> {
    let sql = "SELECT id, name, is_synced, created_at, last_used_at, credential_id
               FROM passkeys
               WHERE account_id = $1
               ORDER BY id
               LIMIT 64";
    let passkey = |row: &Row| {
        Ok(Passkey {
            id: PasskeyId::from_text(row.text("id")?),
            name: row.text("name")?,
            is_synced: row.flag("is_synced")?,
            created_at: row.time("created_at")?,
            last_used_at: row.opt_time("last_used_at")?,
            credential_id: shown(&row.bytes("credential_id")?),
        })
    };
    tx.all(sql, args![account])?.iter().map(passkey).collect()
}

pub(super) fn rename(tx: &mut Tx, account: &AccountId, id: &PasskeyId, name: &str) -> Result<bool, Fault> {
    let sql = "UPDATE passkeys
               SET name = $3
               WHERE id = $2 AND account_id = $1";
    Ok(tx.run(sql, args![account, id, name])? == 1)
}

pub(super) fn delete(tx: &mut Tx, account: &AccountId, id: &PasskeyId) -> Result<(), Fault> {
    let sql = "DELETE FROM passkeys
               WHERE id = $2 AND account_id = $1";
    tx.run(sql, args![account, id])?;
    Ok(())
}

/// Spends every ceremony that waits.
pub(crate) fn take_all(tx: &mut Tx, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE ceremonies
               SET spent_at = $1
               WHERE spent_at IS NULL";
    tx.run(sql, args![now])?;
    Ok(())
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM passkeys WHERE account_id = $1", args![account])?;
    tx.run("DELETE FROM ceremonies WHERE account_id = $1", args![account])?;
    Ok(())
}

/// Forgets ceremonies whose time is over.
pub(crate) fn sweep(tx: &mut Tx, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM ceremonies
               WHERE id IN (SELECT id FROM ceremonies WHERE expires_at < $1 LIMIT $2)";
    tx.run(sql, args![now, limit])
}
