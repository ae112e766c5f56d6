//! Checks, tests, generated pages and benchmarks of this workspace.
//!
//! Promise: `cargo xtask test` is all that a machine with Rust and Node needs to run every test; what it starts it also stops.

pub mod bench;
pub mod command;
pub mod floors;
pub mod pages;
pub mod postgres;
pub mod source;
pub mod sql;
pub mod steps;
pub mod suites;

pub mod tools;

use std::path::PathBuf;

/// The folder that holds the workspace.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}
