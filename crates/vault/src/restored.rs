//! After a restore: what waited for somebody, or was about to be done, was decided since or is done already (threat 191).

use crate::{approval, link, session};
use base::{Fault, Time};
use db::Tx;

/// Ends every session and link, and every call that waits or was about to run.
pub fn end_all(tx: &mut Tx<'_>, now: Time) -> Result<(), Fault> {
    session::end_all(tx, now)?;
    link::end_all(tx, now)?;
    approval::end_all(tx, now)
}
