//! Leases: locks across nodes that a dead holder cannot keep. A row is taken by compare-and-set and carries a fence that ascends.

use crate::args;
use crate::tx::Tx;
use base::{Fault, Time};

/// Takes the lease, or renews it for its present holder. Gives the fence, or nothing while somebody else holds it.
pub fn take(tx: &mut Tx<'_>, name: &str, holder: &str, until: Time, now: Time) -> Result<Option<i64>, Fault> {
    let sql = "INSERT INTO leases (name, holder, fence, until_at)
               VALUES ($1, $2, 1, $3)
               ON CONFLICT (name) DO UPDATE
               SET holder = $2, until_at = $3, fence = leases.fence + CASE WHEN leases.holder = $2 THEN 0 ELSE 1 END
               WHERE leases.until_at <= $4 OR leases.holder = $2
               RETURNING fence";
    tx.one(sql, args![name, holder, until, now])?.map(|row| row.int("fence")).transpose()
}

/// Gives the lease back early.
pub fn release(tx: &mut Tx<'_>, name: &str, holder: &str) -> Result<(), Fault> {
    tx.run("UPDATE leases SET until_at = 0 WHERE name = $1 AND holder = $2", args![name, holder])?;
    Ok(())
}
