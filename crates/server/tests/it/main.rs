//! The server from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a helper that fails fails its test

mod blackbox;
mod fake;
mod flows;
mod outside;
mod surface;
mod threats;
