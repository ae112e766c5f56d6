//! What every way of signing in ends with.

use super::{Opened, Opening, Proof, Session};
use crate::device::Described;
use crate::{People, Visit, account};
use base::{AccountId, Fault, Time};
use db::Tx;

/// Opens a session after a proof, or renews the one that this browser had for the same account; one of somebody else's it leaves
/// (threat 97). Nothing when the account is gone or disabled.
#[allow(clippy::too_many_arguments)]
pub(crate) fn enter(
    tx: &mut Tx,
    people: &People,
    who: &AccountId,
    proof: Proof,
    device: &Described,
    visit: &Visit,
    before: Option<&Session>,
    now: Time,
) -> Result<Option<Opened>, Fault> {
    let Some(account) = account::find_live(tx, who)? else { return Ok(None) };
    match before {
        Some(before) if before.account == *who => {
            if let Some(renewed) = super::renew(tx, people, before, proof, visit, now)? {
                return Ok(Some(renewed));
            }
        }
        Some(before) => super::leave(tx, before, now)?,
        None => {}
    }
    let opening = Opening { account: who, is_operator: account.is_operator, described: device, proof, visit };
    super::open(tx, people, &opening, now).map(Some)
}
