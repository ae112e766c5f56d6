//! What the tests need of the machine: found, or installed where that is possible, or named in one sentence.

use crate::command::{capture, find, program, run, succeeds};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The oldest Node that the suites run on.
const NODE: u32 = 20;

/// True when we may install packages and must not run PostgreSQL ourselves.
pub fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The folder of PostgreSQL's programs.
pub fn postgres() -> Result<PathBuf, String> {
    if let Some(folder) = postgres_folder() {
        return Ok(folder);
    }
    install("PostgreSQL", &["postgresql-15"]).or_else(|_| install("PostgreSQL", &["postgresql"]))?;
    postgres_folder().ok_or_else(|| "PostgreSQL is installed, but its initdb is nowhere".to_owned())
}

fn postgres_folder() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    // The program on the path is a link in some distributions; the others lie beside the file itself.
    let initdb = find(&["initdb"], &folders)?.canonicalize().ok()?;
    let folder = initdb.parent()?.to_owned();
    folder.join("postgres").is_file().then_some(folder)
}

/// A browser for the tests that need one.
pub fn chromium() -> Result<PathBuf, String> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    if let Some(browser) = find(&names, &[]) {
        return Ok(browser);
    }
    install("Chromium", &["chromium"])?;
    find(&names, &[]).ok_or_else(|| "Chromium is installed, but not on the path".to_owned())
}

/// Node and npm, new enough.
pub fn node() -> Result<(), String> {
    if node_version().is_none() || find(&["npm"], &[]).is_none() {
        install("Node", &["nodejs", "npm"])?;
    }
    match node_version() {
        Some(version) if version >= NODE => Ok(()),
        Some(version) => Err(format!("Node {version} is too old: the suites need {NODE} or later")),
        None => Err(format!("Node is missing: install version {NODE} or later")),
    }
}

fn node_version() -> Option<u32> {
    find(&["node"], &[])?;
    let version = capture(Command::new("node").arg("--version")).ok()?;
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Python with virtual environments.
pub fn python() -> Result<(), String> {
    let has_venv = || {
        find(&["python3"], &[]).is_some() && succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
    };
    if has_venv() {
        return Ok(());
    }
    install("Python", &["python3", "python3-venv"])?;
    if has_venv() { Ok(()) } else { Err("Python has no venv: install python3-venv".to_owned()) }
}

/// The packages of a folder, as its lock file names them.
pub fn npm_packages(folder: &Path) -> Result<(), String> {
    let changed = |file: &str| folder.join(file).metadata().and_then(|metadata| metadata.modified()).ok();
    let is_current = match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    };
    if is_current { Ok(()) } else { run(program("npm", folder).args(["ci", "--no-audit", "--no-fund"])) }
}

/// The components of the toolchain that checks need.
pub fn toolchain() -> Result<(), String> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(crate::command::cargo().args([command, "--version"])) {
            run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// True when `cargo nextest` is there; without it, `cargo test` runs the same tests.
pub fn has_nextest() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| succeeds(crate::command::cargo().args(["nextest", "--version"])))
}

fn install(what: &str, packages: &[&str]) -> Result<(), String> {
    static IS_UPDATED: OnceLock<bool> = OnceLock::new();
    if !is_root() || find(&["apt-get"], &[]).is_none() {
        return Err(format!("{what} is missing: install {}", packages.join(", ")));
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    println!("installing {what}");
    IS_UPDATED.get_or_init(|| succeeds(apt().args(["update", "-qq"])));
    run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
}
