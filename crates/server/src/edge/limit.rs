//! Rate limits of one node, in memory. What must hold across nodes (sign-in, recovery) is counted in rows by `people`.

use crate::edge::request::Source;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// What is limited. The numbers are requests a minute, for one source and for one client or account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Authorize,
    Token,
    UserInfo,
    Introspect,
    SessionCheck,
    Login,
    Register,
    CheckHandle,
    Delegations,
    Runtime,
    Connect,
    ConnectResult,
    Sdk,
}

const GATES: [(Gate, u32, u32); 13] = [
    (Gate::Authorize, 120, 180),
    (Gate::Token, 300, 180),
    (Gate::UserInfo, 300, 180),
    (Gate::Introspect, 600, 600),
    (Gate::SessionCheck, 300, 120),
    (Gate::Login, 60, 60),
    (Gate::Register, 20, 20),
    (Gate::CheckHandle, 120, 120),
    (Gate::Delegations, 120, 120),
    (Gate::Runtime, 300, 300),
    (Gate::Connect, 120, 120),
    (Gate::ConnectResult, 300, 60),
    (Gate::Sdk, 3_000, 3_000),
];

struct Pair {
    by_source: DefaultKeyedRateLimiter<IpAddr>,
    by_key: DefaultKeyedRateLimiter<u64>,
}

/// All limiters, or none when they are off by setting.
pub struct Limits {
    pairs: Option<Vec<(Gate, Pair)>>,
    hasher: std::hash::RandomState,
    clock: DefaultClock,
}

/// Too many: how many seconds to wait.
#[derive(Debug, Clone, Copy)]
pub struct TooMany {
    pub retry_after_secs: u64,
}

impl Limits {
    pub fn new(enabled: bool) -> Limits {
        let pairs = enabled.then(|| {
            let pair = |(gate, source, key): (Gate, u32, u32)| {
                (
                    gate,
                    Pair {
                        by_source: RateLimiter::keyed(per_minute(source)),
                        by_key: RateLimiter::keyed(per_minute(key)),
                    },
                )
            };
            GATES.into_iter().map(pair).collect()
        });
        Limits { pairs, hasher: std::hash::RandomState::new(), clock: DefaultClock::default() }
    }

    /// Counts one request of a source at a gate, and of a key (client, handle) where there is one.
    pub fn pass(&self, gate: Gate, source: Source, key: Option<&str>) -> Result<(), TooMany> {
        use std::hash::BuildHasher as _;
        let Some(pairs) = &self.pairs else { return Ok(()) };
        let Some((_, pair)) = pairs.iter().find(|(own, _)| *own == gate) else { return Ok(()) };
        let wait = |until: governor::NotUntil<_>| TooMany {
            retry_after_secs: round_up(until.wait_time_from(self.clock.now())),
        };
        pair.by_source.check_key(&base::place::neighbourhood(source.0)).map_err(wait)?;
        if let Some(key) = key {
            pair.by_key.check_key(&self.hasher.hash_one(key)).map_err(wait)?;
        }
        Ok(())
    }

    /// Forgets sources that have not been seen for a while.
    pub fn sweep(&self) {
        for (_, pair) in self.pairs.iter().flatten() {
            pair.by_source.retain_recent();
            pair.by_source.shrink_to_fit();
            pair.by_key.retain_recent();
            pair.by_key.shrink_to_fit();
        }
    }
}

fn per_minute(count: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

fn round_up(wait: Duration) -> u64 {
    wait.as_secs() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_178_a_new_address_of_the_same_network_is_no_new_source() {
        let limits = Limits::new(true);
        let source = |text: &str| Source(text.parse().unwrap());
        for host in 0..20 {
            assert!(limits.pass(Gate::Register, source(&format!("2001:db8:1:2::{host:x}")), None).is_ok());
        }
        assert!(limits.pass(Gate::Register, source("2001:db8:1:2:ffff::1"), None).is_err());
        assert!(limits.pass(Gate::Register, source("2001:db8:1:3::1"), None).is_ok());
        assert!(limits.pass(Gate::Register, source("::ffff:192.0.2.1"), None).is_ok());
        assert!(limits.pass(Gate::Register, source("::ffff:192.0.2.2"), None).is_ok());
    }
}
