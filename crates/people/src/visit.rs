//! Who asks, as far as it can be known before anybody is signed in.

use base::{Digest, Secret};
use std::net::IpAddr;

/// The browser flow that a ceremony belongs to: the digest of a secret that only that browser holds.
#[derive(Debug, Clone)]
pub struct Flow(Digest);

impl Flow {
    /// The flow of the browser that holds this secret.
    pub fn of(secret: &Secret) -> Flow {
        Flow(secret.digest())
    }

    /// The flow of the same browser for one subject alone: a ceremony begun in it finishes in no other.
    #[must_use]
    pub fn about(&self, subject: &str) -> Flow {
        Flow(Digest::of(&[self.0.bytes().as_slice(), subject.as_bytes()].concat()))
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.0
    }

    /// True when the stored digest is this browser's.
    pub(crate) fn is(&self, stored: &[u8]) -> bool {
        Digest::from_bytes(stored).is_some_and(|stored| stored == self.0)
    }
}

/// Where a request comes from: its address and what the browser calls itself.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    pub source: String,
    pub user_agent: String,
}

const LONGEST_AGENT: usize = 256;

impl Visit {
    /// A visit from an address. The user agent is cut to what is worth keeping.
    pub fn new(source: impl Into<String>, user_agent: &str) -> Visit {
        let user_agent = user_agent.chars().filter(|letter| !letter.is_control()).take(LONGEST_AGENT).collect();
        Visit { source: source.into(), user_agent }
    }

    /// Who counts as one source where tries are counted; devices and journal keep the whole address.
    pub(crate) fn neighbourhood(&self) -> String {
        match self.source.parse::<IpAddr>() {
            Ok(address) => base::place::neighbourhood(address).to_string(),
            Err(_) => self.source.clone(),
        }
    }
}
