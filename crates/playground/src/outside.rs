//! The clock and the randomness of an app. Notes is a program of its own and has no part in the server's seams.

use crate::notes::Trouble;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time as JWTs write it.
#[expect(clippy::disallowed_methods, reason = "the app has a clock of its own")]
pub(crate) fn now_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// 256 bits that nobody can guess, as text.
#[expect(clippy::disallowed_methods, reason = "the app has randomness of its own")]
pub(crate) fn random() -> Result<String, Trouble> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Trouble::Wrong("the system gives no random bytes"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
