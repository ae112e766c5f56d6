//! Leaving a service alone for as long as it asks: what one caller of a credential was told holds for all of them.

use base::{ConnectionId, Time};
use http::HeaderMap;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// No service is left alone for longer on its word alone, in seconds.
const LONGEST_SECS: i64 = 3600;
const MOST: usize = 10_000;

/// Until when a credential is not used.
#[derive(Default)]
pub(crate) struct Pauses(Mutex<HashMap<ConnectionId, Time>>);

impl Pauses {
    /// The seconds that are left; nothing when calls may go.
    pub(crate) fn left(&self, connection: &ConnectionId, now: Time) -> Option<i64> {
        let mut all = self.0.lock();
        let until = *all.get(connection)?;
        if until <= now {
            all.remove(connection);
            return None;
        }
        Some((until.ms() - now.ms() + 999) / 1000)
    }

    /// Takes to heart what an answer says.
    pub(crate) fn heed(&self, connection: &ConnectionId, status: u16, headers: &HeaderMap, name: &str, now: Time) {
        if !matches!(status, 429 | 503) {
            return;
        }
        let named = headers.get(name).or_else(|| headers.get("retry-after")).and_then(|value| value.to_str().ok());
        let Some(secs) = named.and_then(|text| read(text.trim(), now)).filter(|secs| *secs > 0) else { return };
        let mut all = self.0.lock();
        if all.len() >= MOST {
            all.retain(|_, until| *until > now);
        }
        if all.len() < MOST {
            all.insert(connection.clone(), now.plus_secs(secs.min(LONGEST_SECS)));
        }
    }
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn read(text: &str, now: Time) -> Option<i64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(LONGEST_SECS));
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Some(i64::try_from(at.as_secs()).ok()? - now.ms() / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_heeded_until_it_is_over() {
        let (pauses, one, now) = (Pauses::default(), ConnectionId::from_text("1"), Time::from_secs(1_000_000));
        let said = |text: &str| HeaderMap::from_iter([(http::header::RETRY_AFTER, text.parse().unwrap())]);
        for (status, text) in
            [(200, "5"), (429, "0"), (429, "-1"), (429, "soon"), (429, "Mon, 01 Jan 1970 00:00:00 GMT")]
        {
            pauses.heed(&one, status, &said(text), "retry-after", now);
            assert_eq!(pauses.left(&one, now), None, "{status} {text}");
        }
        pauses.heed(&one, 429, &said("5"), "x-other", now);
        assert_eq!((pauses.left(&one, now), pauses.left(&ConnectionId::from_text("2"), now)), (Some(5), None));
        assert_eq!(pauses.left(&one, now.plus_secs(5)), None);
        pauses.heed(&one, 503, &said("Mon, 12 Jan 1970 13:46:50 GMT"), "retry-after", now);
        assert_eq!(pauses.left(&one, now), Some(10));
        pauses.heed(&one, 429, &said("99999999999999999999"), "retry-after", now);
        assert_eq!(pauses.left(&one, now), Some(LONGEST_SECS));
    }
}
