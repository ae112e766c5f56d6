//! All SQL of the operator tokens.

use base::{Digest, Fault, Time};
use db::{Tx, args};

pub(super) fn insert(tx: &mut Tx<'_>, id: i64, digest: &Digest, now: Time, expires_at: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO operator_tokens (id, digest, created_at, expires_at)
               VALUES ($1, $2, $3, $4)";
    tx.run(sql, args![id, digest, now, expires_at])?;
    Ok(())
}

/// The digest of a token that has neither ended nor been revoked.
pub(super) fn find_live(tx: &mut Tx<'_>, id: i64, now: Time) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "SELECT digest
               FROM operator_tokens
               WHERE id = $1 AND expires_at > $2 AND revoked_at IS NULL";
    tx.one(sql, args![id, now])?.map(|row| row.bytes("digest")).transpose()
}

pub(super) fn delete_expired(tx: &mut Tx<'_>, before: Time) -> Result<u64, Fault> {
    tx.run("DELETE FROM operator_tokens WHERE expires_at < $1", args![before])
}
