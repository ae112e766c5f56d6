//! After a restore: a backup brings tokens back that were rotated or ended since, so all of them end (threat 191).

use crate::{code, interaction};
use base::{Fault, Time};
use db::Tx;

/// Ends every token and code, and spends every request that waits. People sign in again; what they allowed stays.
pub fn end_all(tx: &mut Tx<'_>, now: Time) -> Result<(), Fault> {
    code::end_all(tx, "restore", now)?;
    interaction::take_all(tx, now)?;
    Ok(())
}
