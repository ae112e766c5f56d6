//! Moving what this crate keeps sealed to the newest master key, while servers run.
//!
//! Promise: a credential is replaced only by itself: whoever renews it meanwhile wins, and seals under the newest key anyway.

use crate::{approval, catalogue, connection};
use base::{Fault, Seams};
use db::{Sealer, Store};

/// How many are moved in one transaction, so that nobody waits long behind it.
const AT_ONCE: u32 = 100;

/// Seals everything anew that is under an older master key. Gives how much was.
pub async fn rekey(store: &Store, sealer: &Sealer, seams: &Seams) -> Result<u64, Fault> {
    let (own, source) = (sealer.clone(), seams.clone());
    let mut moved = store.write_again(move |tx| catalogue::rekey(tx, &own, &source)).await?;
    loop {
        let (own, source) = (sealer.clone(), seams.clone());
        let done = store.write_again(move |tx| approval::rekey(tx, &own, source.entropy(), AT_ONCE)).await?;
        moved += done;
        if done < u64::from(AT_ONCE) {
            break;
        }
    }
    loop {
        let (own, source) = (sealer.clone(), seams.clone());
        let (seen, done) = store.write_again(move |tx| connection::rekey(tx, &own, source.entropy(), AT_ONCE)).await?;
        moved += done;
        if seen < u64::from(AT_ONCE) {
            return Ok(moved);
        }
    }
}
