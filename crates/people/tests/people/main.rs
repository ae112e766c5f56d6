//! What people can do, on both engines: the contract, the races, the attacks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a helper that fails fails its test

mod contract;
mod kit;
mod rivals;
mod threats;
