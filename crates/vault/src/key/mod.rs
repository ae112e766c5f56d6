//! Keys of apps and agents: what each may do, from where, and until when.
//!
//! Promise: only the SHA-256 of a key is stored; a key that is over is refused with the reason; a derived key never does more, never
//! lives longer and never comes from further away than the one it was derived from.

mod derive;
pub mod format;
mod mint;
mod network;
mod nonce;
mod prove;
pub(crate) mod revoke;
mod rotate;
pub(crate) mod rows;
pub mod scopes;
pub mod sign_check;

pub use derive::Wish as DeriveWish;
pub use mint::{NewKey, adopt, mint, settle};
pub use network::Network;
pub use prove::{Proof, Shown};
pub use revoke::{Force, revoke};
pub use rotate::rotate;
pub use rows::{delete_of_app, find, find_named, is_text_of, list_of_app};

pub(crate) use mint::{check_name, mint_for_agent};
pub(crate) use nonce::sweep as sweep_nonces;
pub(crate) use revoke::revoke_all_of_agent;

use crate::{Code, Error, KeyKind, refuse};
use base::{AgentId, AppId, KeyId, Scope, Secret, Time};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// A key as stored.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: KeyId,
    pub app: AppId,
    /// Whose it is, when not the app's own.
    pub agent: Option<AgentId>,
    /// What a manifest calls it.
    pub key: Option<String>,
    pub kind: KeyKind,
    pub hint: String,
    pub name: String,
    /// Empty for an agent's: what it may do is the same for all of them.
    pub scopes: Scope,
    pub scope_version: i64,
    /// From where it may be used; nothing lets every address in.
    pub networks: Option<Vec<Network>>,
    pub rate_limit_rpm: Option<i64>,
    pub metadata: Map<String, Value>,
    pub parent: Option<KeyId>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    pub deprecated_at: Option<Time>,
    /// Set by a rotation: from then on it is refused.
    pub grace_until: Option<Time>,
    pub revoked_at: Option<Time>,
    pub last_used_at: Option<Time>,
}

/// A key that was just made, with its text, which is shown this once.
#[derive(Debug, Clone)]
pub struct Minted {
    pub key: Key,
    pub secret: Secret,
}

impl Key {
    /// Refuses a key that is over, with the reason.
    pub fn check_usable(&self, now: Time) -> Result<(), Error> {
        let is_over = |until: Option<Time>| until.is_some_and(|until| until <= now);
        if self.revoked_at.is_some() {
            return Err(refuse(Code::KeyRevoked, "the key has been revoked")
                .with("hint", "mint another key and use it from now on"));
        }
        if is_over(self.expires_at) {
            return Err(refuse(Code::KeyExpired, "the key has expired")
                .with("hint", "derive or mint another key and use it from now on"));
        }
        if is_over(self.grace_until) {
            return Err(refuse(Code::KeyRotated, "the key was rotated and its overlap is over")
                .with("hint", "use the key that took its place"));
        }
        Ok(())
    }

    /// True while nobody has revoked it and its time is not over.
    pub fn is_usable(&self, now: Time) -> bool {
        self.check_usable(now).is_ok()
    }

    /// True while it is neither over nor on its way out.
    pub fn is_active(&self, now: Time) -> bool {
        self.is_usable(now) && self.deprecated_at.is_none() && self.grace_until.is_none()
    }

    /// What it may do.
    pub fn allowed(&self) -> Scope {
        if self.kind == KeyKind::Agent { scopes::of_agents() } else { self.scopes.clone() }
    }

    /// True when it is still used though another has taken its place.
    pub fn is_deprecated(&self) -> bool {
        self.deprecated_at.is_some() || self.grace_until.is_some()
    }

    fn admits(&self, address: IpAddr) -> bool {
        self.networks.as_ref().is_none_or(|networks| networks.iter().any(|network| network.contains(address)))
    }
}

/// Networks from their texts. Nothing when one is none, or the list is empty: that would lock everybody out.
pub fn read_networks(texts: &[String]) -> Option<Vec<Network>> {
    let networks: Option<Vec<Network>> = texts.iter().map(|text| Network::parse(text)).collect();
    networks.filter(|networks| !networks.is_empty() && networks.len() <= 100)
}

/// The refusal of a text that is no key of ours: unknown and malformed look alike.
pub(crate) fn unknown() -> Error {
    refuse(Code::InvalidKey, "the key is unknown").with("hint", "send a key of this server in x-api-key")
}
