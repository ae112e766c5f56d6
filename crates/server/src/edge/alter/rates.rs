//! How often a key may call: so many times in each minute, counted by each node for itself. The answer tells what is left.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base::{KeyId, Time};
use parking_lot::Mutex;
use std::collections::HashMap;

/// The usual limit of a key, in calls a minute.
pub const USUAL: u32 = 1_200;
const WINDOW_SECS: i64 = 60;

/// The counters of this node, or none when limits are off.
pub struct Rates(Option<Mutex<HashMap<KeyId, Window>>>);

struct Window {
    until: Time,
    used: u32,
}

/// What a key has left.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    limit: u32,
    remaining: u32,
    until: Time,
}

/// Too many; how long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Over {
    pub left: Left,
    pub limit: u32,
    pub retry_after_secs: u64,
}

impl Rates {
    pub fn new(enabled: bool) -> Rates {
        Rates(enabled.then(Mutex::default))
    }

    /// Counts one call. What is derived from a key counts as the key itself.
    pub fn pass(&self, key: &KeyId, limit: u32, now: Time) -> Result<Option<Left>, Over> {
        let Some(windows) = &self.0 else { return Ok(None) };
        let mut windows = windows.lock();
        let window = windows.entry(key.clone()).or_insert(Window { until: now, used: 0 });
        if window.until <= now {
            *window = Window { until: now.plus_secs(WINDOW_SECS), used: 0 };
        }
        let (used, until) = (window.used, window.until);
        if used >= limit {
            let wait = (until.ms_since(now).max(0) as u64).div_ceil(1000).max(1);
            return Err(Over { left: Left { limit, remaining: 0, until }, limit, retry_after_secs: wait });
        }
        window.used += 1;
        Ok(Some(Left { limit, remaining: limit - used - 1, until }))
    }

    /// Forgets keys that have not called in this minute.
    pub fn sweep(&self, now: Time) {
        if let Some(windows) = &self.0 {
            windows.lock().retain(|_, window| window.until > now);
        }
    }
}

impl Left {
    /// Tells the client.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let until = u64::try_from(self.until.ms()).unwrap_or_default().div_ceil(1000);
        for (name, value) in [
            ("x-ratelimit-limit", u64::from(self.limit)),
            ("x-ratelimit-remaining", u64::from(self.remaining)),
            ("x-ratelimit-reset", until),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_so_many_calls_of_a_key_and_the_next_begins_anew() {
        let (rates, now) = (Rates::new(true), Time::from_secs(1_000));
        let (one, other) = (KeyId::from_text("one"), KeyId::from_text("other"));
        for remaining in [1, 0] {
            assert_eq!(rates.pass(&one, 2, now).unwrap().unwrap().remaining, remaining);
        }
        assert_eq!(rates.pass(&one, 2, now.plus_secs(30)).unwrap_err().retry_after_secs, 30);
        assert!(rates.pass(&other, 2, now).is_ok());
        assert!(rates.pass(&one, 2, now.plus_secs(60)).is_ok());
        assert!(Rates::new(false).pass(&one, 0, now).unwrap().is_none());
    }
}
