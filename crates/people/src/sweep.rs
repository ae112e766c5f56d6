//! Forgetting what has expired, a little at a time.

use crate::{People, approval, device, email, limits, link, passkey, session, session_token};
use base::{Fault, Time};
use db::Tx;
use ledger::{EndedBy, grant};

/// The asking browser may still read that its request expired.
const APPROVAL_SECS: i64 = 60 * 60;

/// Removes at most `limit` expired rows of each kind. Gives the most that went of one kind: as many as `limit` means that there is more.
pub async fn sweep(people: &People, limit: u32) -> Result<u64, Fault> {
    let (now, idle) = (people.seams().now(), people.settings().idle_secs);
    people.store().write(move |tx| sweep_in(tx, now, now.plus_secs(-idle), limit)).await
}

fn sweep_in(tx: &mut Tx, now: Time, idle_since: Time, limit: u32) -> Result<u64, Fault> {
    let over = session::sweep(tx, now, idle_since, limit)?;
    for node in over.iter().flatten() {
        grant::end(tx, node, EndedBy::Expiry, now)?;
    }
    let counts = [
        over.len() as u64,
        passkey::sweep(tx, now, limit)?,
        email::sweep(tx, now, limit)?,
        session_token::sweep(tx, now, limit)?,
        link::sweep(tx, now, limit)?,
        approval::sweep(tx, now.plus_secs(-APPROVAL_SECS), limit)?,
        limits::sweep(tx, now, limit)?,
        device::sweep(tx, idle_since, limit)?,
    ];
    Ok(counts.into_iter().max().unwrap_or(0))
}
