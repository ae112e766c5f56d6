//! The clock and the randomness of an app. The samples are programs of their own and have no part in the server's seams.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time as JWTs write it.
#[expect(clippy::disallowed_methods, reason = "the app has a clock of its own")]
pub(crate) fn now_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// The system gives no random bytes.
#[derive(Debug)]
pub(crate) struct NoRandomness;

/// 128 bits that nobody sends twice, in hexadecimal.
#[expect(clippy::disallowed_methods, reason = "the app has randomness of its own")]
pub(crate) fn nonce() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(hex(&bytes))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// 256 bits that nobody can guess, as text.
#[expect(clippy::disallowed_methods, reason = "the app has randomness of its own")]
pub(crate) fn random() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
