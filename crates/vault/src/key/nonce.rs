//! What a signed request may say only once: a request that was heard is not heard again, on whatever node (threat 193).

use super::rows;
use base::{Fault, KeyId, Seams, Time};
use db::Tx;

/// How far a request's clock may be from ours, in seconds.
pub(super) const TOLERANCE_SECS: i64 = 300;
/// How long a nonce is remembered: as long as a request that was heard at one edge of the tolerance could be sent again.
const REMEMBERED_SECS: i64 = 2 * TOLERANCE_SECS;

/// Spends the nonce. False when it was spent before.
pub(super) fn take(tx: &mut Tx<'_>, seams: &Seams, key: &KeyId, nonce: &str, now: Time) -> Result<bool, Fault> {
    rows::insert_nonce(tx, seams.number()?, key, nonce, now.plus_secs(REMEMBERED_SECS))
}

/// Forgets what is too old to matter, at most so many.
pub(crate) fn sweep(tx: &mut Tx<'_>, now: Time, limit: u32) -> Result<u64, Fault> {
    rows::delete_nonces(tx, now, limit)
}
