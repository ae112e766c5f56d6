//! Signs, verifies and publishes our tokens: a closed set of algorithms, one `typ` per token kind, strict parsing.
//!
//! Promise: a kept library does the cryptography (keys are parsed once), this crate does the reading and the policy. Nothing here
//! panics on any input. Which keys exist and when they sign is for `oauth::keyring`; which claims a token holds, for `oauth::token`.

pub mod alg;
pub mod claims;
pub mod foreign;
pub mod jwk;
pub mod keyset;
pub mod kind;
mod proven;
pub mod sign;
pub mod strict;
pub mod verify;

mod low_s;

#[cfg(test)]
mod tests;

pub use alg::{Alg, at_hash};
pub use claims::Claims;
pub use foreign::{ForeignExpect, ForeignKeys, unproven_issuer, verify_foreign};
pub use jwk::PublicKey;
pub use keyset::KeySet;
pub use kind::Kind;
pub use sign::SigningKey;
pub use verify::{Expect, Rejected, verify};

/// The longest life of a token that we sign, in seconds. A key stays published for as long after its last signature, and a token
/// that claims to live longer is refused.
pub const LONGEST_LIFE_SECS: i64 = 86_400;

/// How far another node's clock may run ahead of ours, in seconds: for `iat` and `nbf`, never for `exp`.
pub const SKEW_SECS: i64 = 60;
