//! After a restore: a backup brings back what was spent since, so none of it is good any more (threat 191).

use crate::{approval, link, passkey};
use base::{Fault, Time};
use db::Tx;

/// Spends every one-time link, approval and ceremony that waits. Sessions end with their nodes in the ledger.
pub fn end_all(tx: &mut Tx, now: Time) -> Result<(), Fault> {
    link::take_all(tx, now)?;
    approval::take_all(tx, now)?;
    passkey::take_all(tx, now)
}
