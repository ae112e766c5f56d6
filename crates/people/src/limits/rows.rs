//! All SQL of the attempts.

use base::{Fault, Time};
use db::{Tx, args};

/// Counts one more, in a new window when the last is over. Gives the count.
pub(super) fn count(tx: &mut Tx, gate: &str, subject: &str, now: Time, until: Time) -> Result<i64, Fault> {
    let sql = "INSERT INTO attempts (gate, subject, tries, expires_at)
               VALUES ($1, $2, 1, $4)
               ON CONFLICT (gate, subject) DO UPDATE
               SET tries = CASE WHEN attempts.expires_at <= $3 THEN 1 ELSE attempts.tries + 1 END,
                   expires_at = CASE WHEN attempts.expires_at <= $3 THEN $4 ELSE attempts.expires_at END
               RETURNING tries";
    match tx.one(sql, args![gate, subject, now, until])? {
        Some(row) => row.int("tries"),
        None => Err(Fault::new("attempt count: no row")),
    }
}

pub(super) fn uncount(tx: &mut Tx, gate: &str, subject: &str) -> Result<(), Fault> {
    let sql = "UPDATE attempts
               SET tries = tries - 1
               WHERE gate = $1 AND subject = $2 AND tries > 0";
    tx.run(sql, args![gate, subject])?;
    Ok(())
}

/// Forgets windows that are over.
pub(crate) fn sweep(tx: &mut Tx, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM attempts
               WHERE (gate, subject) IN (SELECT gate, subject FROM attempts WHERE expires_at < $1 LIMIT $2)";
    tx.run(sql, args![now, limit])
}
