//! Every test of the workspace in one run, and the line that sums it up.

use crate::command::{capture, cargo, tee};
use crate::postgres::{Durability, Postgres};
use crate::suites::{SUITES, Suite};
use crate::{floors, sql, tools};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// What a step needs that others started.
struct Bench {
    postgres: Option<Postgres>,
    given: Option<String>,
    binary: PathBuf,
}

type Deed = fn(&mut Bench) -> Result<(bool, String), String>;

/// The steps in order, without the suites.
const STEPS: &[(&str, Deed)] = &[
    ("floors", |_| said(floors::check())),
    ("places", |_| said(sql::check_places())),
    ("fmt", |_| tee(cargo().args(["fmt", "--all", "--check", "--", "--color", "never"]))),
    ("clippy", |_| tee(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))),
    ("build", |_| tee(cargo().args(["build", "--quiet", "--package", "procura-server"]))),
    ("rust", |bench| tee(&mut bench.tests(&["--workspace"])?)),
    ("doc", |_| tee(cargo().args(["test", "--quiet", "--doc", "--workspace"]))),
];

/// How a step went.
struct Outcome {
    name: String,
    is_good: bool,
    count: Count,
    took: Duration,
}

/// Runs the named steps, or all. An error when any of them failed.
pub fn run(names: &[&str]) -> Result<(), String> {
    let known: Vec<&str> = STEPS
        .iter()
        .map(|(name, _)| *name)
        .chain(SUITES.iter().map(|suite| suite.name))
        .chain(["sql", "providers"])
        .collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no step is called {name}; there are: {}", known.join(", ")));
    }
    let is_wanted = |name: &str| names.is_empty() || names.contains(&name);
    tools::toolchain()?;
    let mut bench = Bench { postgres: None, given: given_postgres(), binary: binary()? };
    let mut outcomes = Vec::new();
    for (name, deed) in STEPS.iter().filter(|(name, _)| is_wanted(name)) {
        outcomes.push(timed(name, || deed(&mut bench)));
    }
    if names.contains(&"providers") {
        outcomes.push(timed("providers", || tee(&mut bench.tests(&["--package", "procura-vault"])?)));
    }
    if names.contains(&"sql") {
        outcomes.push(timed("sql", || tee(&mut bench.tests(&["--package", "procura-xtask", "--test", "sql"])?)));
    }
    for suite in SUITES.iter().filter(|suite| is_wanted(suite.name) && suite.is_there()) {
        outcomes.push(timed(suite.name, || bench.suite(suite)));
    }
    sum_up(&outcomes)
}

impl Bench {
    /// A run of Rust tests. Nextest gives every test a process of its own; `cargo test` runs the same tests without it.
    fn tests(&mut self, which: &[&str]) -> Result<Command, String> {
        let mut command = cargo();
        command.args(if tools::has_nextest() {
            ["nextest", "run"].as_slice()
        } else {
            ["test", "--quiet", "--tests", "--no-fail-fast"].as_slice()
        });
        command.args(which).env("PROCURA_TEST_POSTGRES", self.postgres()?).env("PROCURA_BIN", &self.binary);
        Ok(command)
    }

    fn suite(&mut self, suite: &Suite) -> Result<(bool, String), String> {
        if !self.binary.is_file() {
            return Err(format!("{} is not there: the step build makes it", self.binary.display()));
        }
        let binary = self.binary.clone();
        suite.run(&binary, &self.postgres()?)
    }

    /// The address of a PostgreSQL for tests: the one that was given, or one of our own, started when first asked for.
    fn postgres(&mut self) -> Result<String, String> {
        if let Some(url) = &self.given {
            return Ok(url.clone());
        }
        let postgres = match self.postgres.take() {
            Some(running) => running,
            None => Postgres::start(Durability::None)?,
        };
        let url = postgres.url().to_owned();
        self.postgres = Some(postgres);
        Ok(url)
    }
}

fn given_postgres() -> Option<String> {
    let url = std::env::var_os("PROCURA_TEST_POSTGRES")?.into_string().ok()?;
    (!url.is_empty()).then_some(url)
}

/// Where `cargo build` puts the server.
fn binary() -> Result<PathBuf, String> {
    let metadata = capture(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|cause| format!("cargo metadata: {cause}"))?;
    let target = metadata.get("target_directory").and_then(Value::as_str).unwrap_or("target");
    Ok(PathBuf::from(target).join("debug").join("procura"))
}

fn said(done: Result<(), String>) -> Result<(bool, String), String> {
    done.map(|()| (true, String::new()))
}

fn timed(name: &str, deed: impl FnOnce() -> Result<(bool, String), String>) -> Outcome {
    println!("\n== {name}");
    let start = Instant::now();
    let (is_good, said) = deed().unwrap_or_else(|why| {
        eprintln!("{why}");
        (false, String::new())
    });
    Outcome { name: name.to_owned(), is_good, count: Count::read(&said), took: start.elapsed() }
}

fn sum_up(outcomes: &[Outcome]) -> Result<(), String> {
    println!();
    for outcome in outcomes {
        let verdict = if outcome.is_good { "ok    " } else { "FAILED" };
        println!("{:<12} {verdict} {:>6.1} s  {}", outcome.name, outcome.took.as_secs_f64(), outcome.count);
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| !outcome.is_good).map(|outcome| outcome.name.as_str()).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// How many tests a runner says it ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Count {
    /// Reads the summary of nextest, `cargo test`, Node's runner or Playwright.
    fn read(said: &str) -> Count {
        let mut count = Count::default();
        for line in said.lines().map(str::trim) {
            if line.contains(" tests run: ") || line.contains(" test run: ") {
                count = Count {
                    passed: before(line, "passed"),
                    failed: before(line, "failed") + before(line, "timed out"),
                    skipped: before(line, "skipped"),
                };
            } else if line.starts_with("test result: ") {
                count.passed += before(line, "passed");
                count.failed += before(line, "failed");
                count.skipped += before(line, "ignored");
            } else if let Some(line) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
                count.read_node(line);
            } else {
                count.read_playwright(line);
            }
        }
        count
    }

    fn read_node(&mut self, line: &str) {
        let Some((word, number)) = line.split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match word {
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }

    fn read_playwright(&mut self, line: &str) {
        let Some((number, word)) = line.split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match word.split(" (").next().unwrap_or_default() {
            "passed" => self.passed += number,
            "failed" | "flaky" | "interrupted" => self.failed += number,
            "skipped" | "did not run" => self.skipped += number,
            _ => {}
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Count::default() {
            return Ok(());
        }
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// The number that stands before a word: `12 passed`.
fn before(line: &str, word: &str) -> u64 {
    let head = line.split(word).next().filter(|head| head.len() < line.len());
    head.and_then(|head| head.split_whitespace().last()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_all_runners_are_read() {
        let count = |passed, failed, skipped| Count { passed, failed, skipped };
        assert_eq!(
            Count::read("Summary [ 1.3s] 36 tests run: 33 passed, 2 failed, 1 timed out, 4 skipped"),
            count(33, 3, 4)
        );
        let cargo = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 1 passed; 2 failed; 0 ignored;";
        assert_eq!(Count::read(cargo), count(4, 2, 1));
        assert_eq!(
            Count::read("# tests 9\n# pass 7\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 0\n# duration_ms 12.5"),
            count(7, 2, 0)
        );
        assert_eq!(Count::read("ℹ pass 2\nℹ fail 0"), count(2, 0, 0));
        assert_eq!(
            Count::read("  1 failed\n    [chromium] › a.spec.js\n  1 skipped\n  12 passed (3.4s)"),
            count(12, 1, 1)
        );
        assert_eq!(Count::read("nothing to count"), count(0, 0, 0));
    }

    #[test]
    fn an_unknown_step_is_refused_before_anything_runs() {
        assert!(run(&["flors"]).unwrap_err().starts_with("no step is called flors"));
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        let outcome =
            |is_good| Outcome { name: "x".to_owned(), is_good, count: Count::default(), took: Duration::ZERO };
        assert!(sum_up(&[outcome(true)]).is_ok());
        assert_eq!(sum_up(&[outcome(true), outcome(false)]).unwrap_err(), "failed: x");
    }

    #[test]
    fn a_postgres_of_our_own_starts_and_leaves_nothing_behind() {
        let postgres = Postgres::start(Durability::None).unwrap();
        let port = postgres.url().rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
        let folder = postgres.folder().to_owned();
        assert!(std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok());
        drop(postgres);
        assert!(std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err());
        assert!(!folder.exists());
    }
}
