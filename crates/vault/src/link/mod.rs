//! Linking: a person goes to a service, allows something there, and comes back with a code (RFC 6749 §4.1).
//!
//! Promise: whoever comes back is the browser, and where we know one the person, that went (threats 140, 142); a code goes to the
//! provider that gave it and to no other: one callback address for each, `state` bound to it, `iss` checked (threat 141).

mod begin;
mod complete;
mod exchange;
mod keep;
mod quirks;
mod repair;
mod rows;

pub use begin::Purpose;
pub use complete::{Completed, Outcome, Returned};
pub(crate) use exchange::{Obtained, expiry, granted};
pub(crate) use keep::Keeping;
pub(crate) use rows::{end_all, sweep};

use crate::caller::Subject;
use crate::provider::Inputs;
use base::{AppId, ConnectionId, Digest, Scope, Time};

/// What `state` begins with.
const STATE: &str = "lnk_";

/// How long somebody may be at the service, in seconds.
const PATIENCE_SECS: i64 = 900;

/// A person on the way.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub number: i64,
    pub digest: Vec<u8>,
    pub session: Option<i64>,
    pub interaction: Option<String>,
    pub app: AppId,
    pub provider: String,
    pub provider_client: String,
    pub subject: Subject,
    /// The connection that is repaired.
    pub connection: Option<ConnectionId>,
    pub scopes: Scope,
    pub inputs: Inputs,
    pub verifier: Vec<u8>,
    pub browser: Vec<u8>,
    pub expires_at: Time,
    pub taken_at: Option<Time>,
}

impl Link {
    /// True when this browser began it.
    fn is_of(&self, browser: &Digest) -> bool {
        Digest::from_bytes(&self.browser).is_some_and(|own| own == *browser)
    }
}
