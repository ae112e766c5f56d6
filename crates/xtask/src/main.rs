//! The menu: `cargo xtask <what>`.

use std::process::ExitCode;
use xtask::{bench, floors, pages, steps};

const MENU: &str = "cargo xtask <what>

  test [STEP…]    everything, after installing what is missing; or only the named steps
  check           floors, SQL in its place, format, lints
  floors          every import between crates is one the house allows
  sql             every SQL statement is prepared on SQLite and PostgreSQL
  providers check every descriptor is whole and reads its provider's documented answers
  gen [--check]   writes docs/reference; with --check, only tells whether it is current
  bench [ARG…]    builds the dist profile and measures it";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test", names @ ..] => steps::run(names),
        ["check"] => steps::run(&["floors", "places", "fmt", "clippy"]),
        ["floors"] => floors::check(),
        ["sql"] => steps::run(&["places", "sql"]),
        ["providers", "check"] => steps::run(&["providers"]),
        ["gen"] => pages::write(),
        ["gen", "--check"] => pages::check(),
        ["bench", args @ ..] => bench::run_with(args),
        _ => {
            eprintln!("{MENU}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
