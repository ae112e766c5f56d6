//! How often something may be tried, where that must hold across nodes.
//!
//! Promise: a try is counted before it is judged, so that parallel guesses cannot outrun the count; an unknown handle is counted as a
//! known one is (threats 104, 109).

mod rows;

pub(crate) use rows::sweep;

use crate::People;
use base::{Fault, Time};
use db::Tx;

/// What is counted, how often it may be tried, and for how long the count stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    name: &'static str,
    tries: i64,
    secs: i64,
}

pub(crate) const RECOVERY_SOURCE: Gate = Gate { name: "recovery source", tries: 5, secs: 15 * 60 };
pub(crate) const RECOVERY_HANDLE: Gate = Gate { name: "recovery handle", tries: 5, secs: 30 * 60 };
pub(crate) const STAND_IN: Gate = Gate { name: "stand-in account", tries: 5, secs: 15 * 60 };
pub(crate) const APPROVAL_SOURCE: Gate = Gate { name: "approval source", tries: 10, secs: 60 };
pub(crate) const APPROVAL_HANDLE: Gate = Gate { name: "approval handle", tries: 6, secs: 5 * 60 };
pub(crate) const APPROVAL_CODE: Gate = Gate { name: "approval code", tries: 10, secs: 10 * 60 };
pub(crate) const EMAIL_START: Gate = Gate { name: "email start", tries: 8, secs: 60 * 60 };
pub(crate) const EMAIL_VERIFY: Gate = Gate { name: "email verify", tries: 8, secs: 15 * 60 };
pub(crate) const CODES_MADE: Gate = Gate { name: "codes made", tries: 5, secs: 60 * 60 };

/// Counts a try. False when it is one too many.
pub(crate) fn pass(tx: &mut Tx, people: &People, gate: Gate, subject: &str, now: Time) -> Result<bool, Fault> {
    if !people.settings().limits {
        return Ok(true);
    }
    Ok(rows::count(tx, gate.name, subject, now, now.plus_secs(gate.secs))? <= gate.tries)
}

/// Takes the last try back: it was a good one.
pub(crate) fn forgive(tx: &mut Tx, gate: Gate, subject: &str) -> Result<(), Fault> {
    rows::uncount(tx, gate.name, subject)
}
