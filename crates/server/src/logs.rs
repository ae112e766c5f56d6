//! The log: one subscriber, written to standard error. What must not be told has no `Debug` and no `Display`.
//!
//! Promise: whatever `RUST_LOG` says, libraries of others tell nothing below `info`: at `trace` they print what they were given.

use crate::config::{LogFormat, Logs};
use crate::failure::Failure;
use std::io::IsTerminal as _;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// The crates whose words we answer for.
const OURS: [&str; 8] = ["base", "db", "jose", "ledger", "net", "oauth", "people", "server"];

/// Starts the log for the life of the process.
pub fn start(logs: &Logs) -> Result<(), Failure> {
    let wrong = |_| Failure::new("RUST_LOG: expected a level, or levels by part, such as info,oauth=debug");
    let filter = EnvFilter::try_new(&logs.filter).map_err(wrong)?;
    let is_json = match logs.format {
        LogFormat::Json => true,
        LogFormat::Compact => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines =
        if is_json { lines.json().flatten_event(true).boxed() } else { lines.compact().with_target(false).boxed() };
    let started = tracing_subscriber::registry().with(filter).with(lines.with_filter(filter_fn(may_tell))).try_init();
    started.map_err(|cause| Failure::new(format!("log start: {cause}")))
}

fn may_tell(told: &Metadata<'_>) -> bool {
    let part = told.target().split("::").next().unwrap_or_default();
    *told.level() <= Level::INFO || OURS.contains(&part)
}
