//! Measuring: the server and the load generator in the profile `dist`, and a PostgreSQL that really waits for its disk.

use crate::command::{capture, cargo, run};
use crate::postgres::{Durability, Postgres};
use serde_json::Value;
use std::path::PathBuf;

/// Builds both and runs the load generator with the given arguments.
pub fn run_with(args: &[&str]) -> Result<(), String> {
    run(cargo().args(["build", "--profile", "dist", "--package", "procura-server", "--package", "procura-bench"]))?;
    let postgres = Postgres::start(Durability::Full)?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--profile", "dist", "--package", "procura-bench", "--"]).args(args);
    run(command.env("PROCURA_BIN", binary()?).env("PROCURA_BENCH_POSTGRES", postgres.url()))
}

fn binary() -> Result<PathBuf, String> {
    let metadata = capture(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|cause| format!("cargo metadata: {cause}"))?;
    let target = metadata.get("target_directory").and_then(Value::as_str).unwrap_or("target");
    Ok(PathBuf::from(target).join("dist").join("procura"))
}
