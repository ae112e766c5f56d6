//! The vault on both engines, against the fake provider on this computer.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::unused_self)] // a helper that fails fails its test

mod approval;
mod kit;
mod policy;
mod proxy;
mod secret;
