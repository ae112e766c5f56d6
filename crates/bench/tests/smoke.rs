//! The load generator against the real server, with few requests: that it works, never how fast anything is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::Command;

/// The server's binary: the one that is named, or built now.
fn server() -> PathBuf {
    #[allow(clippy::disallowed_methods)] // a test's own surroundings are no setting
    if let Ok(named) = std::env::var("PROCURA_BIN") {
        return named.into();
    }
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--package", "procura-server"]).status().unwrap();
    assert!(built.success());
    PathBuf::from(env!("CARGO_BIN_EXE_procura-bench")).with_file_name("procura")
}

fn smoke(engine: &str, postgres: Option<String>) {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_procura-bench"));
    bench
        .args(["--smoke", "--json", "--grants", "20", "--apps", "3", "--engine", engine])
        .arg("--server")
        .arg(server());
    bench.arg("--folder").arg(env!("CARGO_TARGET_TMPDIR"));
    if let Some(url) = postgres {
        bench.args(["--postgres", &url]);
    }
    let done = bench.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    // Three signatures for five scenarios, silent sign-in for each, and six that sign nothing.
    assert_eq!(report["lines"].as_array().unwrap().len(), 3 * 6 + 6, "{said}");
    assert!(report["starts"][0]["idle_resident_mb"].as_f64().unwrap() > 1.0);
}

#[test]
fn every_scenario_gets_right_answers_on_sqlite() {
    smoke("sqlite", None);
}

#[test]
#[allow(clippy::disallowed_methods)]
fn every_scenario_gets_right_answers_on_postgres() {
    let url = std::env::var("PROCURA_TEST_POSTGRES").expect("PROCURA_TEST_POSTGRES names the PostgreSQL of the tests");
    smoke("postgres", Some(url));
}
