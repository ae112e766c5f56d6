//! All SQL of the addresses that wait for a code.

use base::{Fault, IdentityId, Time};
use db::{Row, Tx, args};

/// An address that waits.
#[derive(Debug)]
pub(super) struct Kept {
    pub address: String,
    pub sealed_code: Vec<u8>,
    pub tries: i64,
    pub sent_at: Time,
    pub expires_at: Time,
}

fn kept(row: &Row) -> Result<Kept, Fault> {
    Ok(Kept {
        address: row.text("address")?,
        sealed_code: row.bytes("sealed_code")?,
        tries: row.int("tries")?,
        sent_at: row.time("sent_at")?,
        expires_at: row.time("expires_at")?,
    })
}

/// Sets the one code of an identity.
pub(super) fn set(
    tx: &mut Tx,
    identity: &IdentityId,
    address: &str,
    sealed: &[u8],
    now: Time,
    until: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO email_codes (identity_id, address, sealed_code, tries, sent_at, expires_at)
               VALUES ($1, $2, $3, 0, $4, $5)
               ON CONFLICT (identity_id) DO UPDATE
               SET address = $2, sealed_code = $3, tries = 0, sent_at = $4, expires_at = $5";
    tx.run(sql, args![identity, address, sealed, now, until])?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx, identity: &IdentityId) -> Result<Option<Kept>, Fault> {
    let sql = "SELECT address, sealed_code, tries, sent_at, expires_at
               FROM email_codes
               WHERE identity_id = $1";
    tx.one(sql, args![identity])?.as_ref().map(kept).transpose()
}

/// Counts a try. Nothing when no code waits or its time is over.
pub(super) fn count_try(tx: &mut Tx, identity: &IdentityId, now: Time) -> Result<Option<Kept>, Fault> {
    let sql = "UPDATE email_codes
               SET tries = tries + 1
               WHERE identity_id = $1 AND expires_at > $2
               RETURNING address, sealed_code, tries, sent_at, expires_at";
    tx.one(sql, args![identity, now])?.as_ref().map(kept).transpose()
}

/// Spends the code. False when somebody else already has.
pub(super) fn take(tx: &mut Tx, identity: &IdentityId, code: &Kept) -> Result<bool, Fault> {
    let sql = "DELETE FROM email_codes
               WHERE identity_id = $1 AND sealed_code = $2
               RETURNING identity_id";
    Ok(tx.one(sql, args![identity, code.sealed_code])?.is_some())
}

pub(super) fn delete(tx: &mut Tx, identity: &IdentityId) -> Result<(), Fault> {
    tx.run("DELETE FROM email_codes WHERE identity_id = $1", args![identity])?;
    Ok(())
}

/// Forgets codes whose time is over.
pub(crate) fn sweep(tx: &mut Tx, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM email_codes
               WHERE identity_id IN (SELECT identity_id FROM email_codes WHERE expires_at < $1 LIMIT $2)";
    tx.run(sql, args![now, limit])
}
