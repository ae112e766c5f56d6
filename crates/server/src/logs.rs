//! The log: one subscriber, written to standard error. What must not be told has no `Debug` and no `Display`.

use crate::config::{LogFormat, Logs};
use crate::failure::Failure;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts the log for the life of the process.
pub fn start(logs: &Logs) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&logs.filter)
        .map_err(|_| Failure::new("RUST_LOG: expected a level, or levels by part, such as info,oauth=debug"))?;
    let is_json = match logs.format {
        LogFormat::Json => true,
        LogFormat::Compact => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if is_json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.compact().with_target(false).try_init()
    };
    started.map_err(|cause| Failure::new(format!("log start: {cause}")))
}
