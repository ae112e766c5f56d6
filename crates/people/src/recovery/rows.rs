//! All SQL of the recovery codes.

use base::{AccountId, Digest, Fault, Time};
use db::{Tx, args};

/// What there is to know of an account's codes without knowing one.
#[derive(Debug, Clone, Copy)]
pub struct State {
    pub left: u32,
    pub made_at: Option<Time>,
}

pub(super) fn insert(tx: &mut Tx, number: i64, account: &AccountId, digest: &Digest, now: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO recovery_codes (id, account_id, digest, created_at)
               VALUES ($1, $2, $3, $4)";
    tx.run(sql, args![number, account, digest, now])?;
    Ok(())
}

/// Spends the code with this digest. False when the account has none such left, or somebody else was faster.
pub(super) fn take(tx: &mut Tx, account: &AccountId, digest: Option<&Digest>, now: Time) -> Result<bool, Fault> {
    let sql = "SELECT id, digest
               FROM recovery_codes
               WHERE account_id = $1 AND spent_at IS NULL
               ORDER BY id
               LIMIT 16";
    let mut found = None;
    for row in tx.all(sql, args![account])? {
        let stored = Digest::from_bytes(&row.bytes("digest")?);
        if stored.is_some() && stored.as_ref() == digest {
            found = Some(row.int("id")?);
        }
    }
    let sql = "UPDATE recovery_codes
               SET spent_at = $2
               WHERE id = $1 AND spent_at IS NULL
               RETURNING id";
    Ok(tx.one(sql, args![found.unwrap_or(0), now])?.is_some())
}

/// How many codes an account has left, and when they were made.
pub fn state(tx: &mut Tx, account: &AccountId) -> Result<State, Fault> {
    let sql = "SELECT count(*) AS count, max(created_at) AS made_at
               FROM recovery_codes
               WHERE account_id = $1 AND spent_at IS NULL";
    let row = tx.one(sql, args![account])?.ok_or_else(|| Fault::new("recovery state: no row"))?;
    Ok(State { left: u32::try_from(row.int("count")?).unwrap_or(0), made_at: row.opt_time("made_at")? })
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM recovery_codes WHERE account_id = $1", args![account])?;
    Ok(())
}
