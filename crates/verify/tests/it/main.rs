//! A verifier against an issuer on a real port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a helper that fails fails its test

mod cors;
mod introspection;
mod keys;
mod layer;
mod tokens;
mod world;
