//! The floors of the house: which crate may import which, and which crate alone may know a library.

use crate::command::{capture, cargo};
use serde_json::Value;

/// Each crate of ours and what it may import. A crate without a row fails: whoever adds one says here on which floor it lives.
const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("jose", &["base"]),
    ("db", &["base"]),
    ("net", &["base"]),
    ("ledger", &["base", "db"]),
    ("people", &["base", "db", "ledger"]),
    ("oauth", &["base", "db", "net", "ledger", "jose"]),
    ("vault", &["base", "db", "net", "ledger"]),
    ("server", &["base", "db", "net", "ledger", "jose", "people", "oauth", "vault", "playground"]),
    // It takes times, secrets and scopes as `jose` and the house speak of them.
    ("verify", &["base", "jose"]),
    // Iris takes tokens as anybody's server would: with the crate that is made for that, and nothing else of ours.
    ("playground", &["verify"]),
    ("testkit", &["base", "db", "net", "ledger", "jose", "people", "oauth", "vault", "server", "playground"]),
    // What the servers of others use is measured too.
    ("bench", &["verify"]),
    ("conformance", &[]),
    ("xtask", &[]),
];

/// What tests of any crate may import besides: throw-away databases, the app in a box, and the fake provider.
const FOR_TESTS: &[&str] = &["base", "db", "testkit", "playground"];

/// Libraries that only these crates may know.
const ROOMS: &[(&str, &[&str])] = &[
    ("axum", &["server", "playground"]),
    ("askama", &["server", "playground"]),
    ("lettre", &["server"]),
    // `verify` runs in other people's servers, where no door of ours is.
    ("reqwest", &["net", "verify"]),
    ("rusqlite", &["db"]),
    ("tokio-postgres", &["db"]),
    ("webauthn-rs", &["people"]),
];

/// An import of one crate by another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    is_for_tests: bool,
}

/// Reads `cargo metadata` and fails on any edge outside the tables.
pub fn check() -> Result<(), String> {
    let metadata = capture(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|cause| format!("cargo metadata: {cause}"))?;
    let (crates, edges) = read(&metadata);
    let mut wrongs = faults(&crates, &edges);
    if wrongs.is_empty() {
        println!("floors: {} crates, {} imports, all as the house allows", crates.len(), edges.len());
        return Ok(());
    }
    wrongs.push(format!("floors: {} imports that the house does not allow", wrongs.len()));
    Err(wrongs.join("\n"))
}

fn read(metadata: &Value) -> (Vec<String>, Vec<Edge>) {
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let (mut crates, mut edges) = (Vec::new(), Vec::new());
    for package in packages {
        let from = short(text(package, "name"));
        let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        edges.extend(dependencies.map(|dependency| Edge {
            from: from.clone(),
            to: short(text(dependency, "name")),
            is_for_tests: text(dependency, "kind") == "dev",
        }));
        crates.push(from);
    }
    (crates, edges)
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Packages are called `procura-…`; the house calls them by their room.
fn short(package: &str) -> String {
    package.strip_prefix("procura-").unwrap_or(package).to_owned()
}

fn faults(crates: &[String], edges: &[Edge]) -> Vec<String> {
    let homeless = crates.iter().filter(|name| floor(name).is_none());
    let mut wrongs: Vec<String> =
        homeless.map(|name| format!("{name}: has no floor, see crates/xtask/src/floors.rs")).collect();
    for edge in edges {
        let is_ours = crates.contains(&edge.to);
        if is_ours && !may_import(edge) {
            wrongs.push(format!("{} may not import {}", edge.from, edge.to));
        }
        if !is_ours && !may_know(edge) {
            wrongs.push(format!("{} may not know the library {}", edge.from, edge.to));
        }
    }
    wrongs
}

fn floor(name: &str) -> Option<&'static [&'static str]> {
    FLOORS.iter().find(|(own, _)| *own == name).map(|(_, imports)| *imports)
}

fn may_import(edge: &Edge) -> bool {
    let to = edge.to.as_str();
    let is_for_tests = edge.is_for_tests && (FOR_TESTS.contains(&to) || edge.from == edge.to);
    is_for_tests || floor(&edge.from).is_some_and(|imports| imports.contains(&to))
}

fn may_know(edge: &Edge) -> bool {
    let room = ROOMS.iter().find(|(library, _)| *library == edge.to);
    // Clients and testkits reach for what a real outsider would use.
    let is_outside = edge.is_for_tests || matches!(edge.from.as_str(), "testkit" | "bench" | "conformance" | "xtask");
    is_outside || room.is_none_or(|(_, crates)| crates.contains(&edge.from.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(from: &str, to: &str, is_for_tests: bool) -> Vec<String> {
        let crates = FLOORS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        faults(&crates, &[Edge { from: from.to_owned(), to: to.to_owned(), is_for_tests }])
    }

    #[test]
    fn siblings_never_import_one_another_and_nothing_imports_upwards() {
        for (from, to) in [
            ("people", "oauth"),
            ("oauth", "people"),
            ("oauth", "vault"),
            ("db", "ledger"),
            ("ledger", "server"),
            ("base", "jose"),
        ] {
            assert_eq!(judge(from, to, false), [format!("{from} may not import {to}")]);
        }
        assert!(judge("oauth", "jose", false).is_empty());
        assert!(judge("server", "people", false).is_empty());
    }

    #[test]
    fn tests_may_use_the_testkit_but_not_climb() {
        assert!(judge("ledger", "testkit", true).is_empty());
        assert!(judge("db", "db", true).is_empty());
        assert!(!judge("ledger", "testkit", false).is_empty());
        assert!(!judge("people", "oauth", true).is_empty());
    }

    #[test]
    fn a_library_with_a_room_of_its_own_stays_in_it() {
        assert!(!judge("oauth", "axum", false).is_empty());
        assert!(!judge("vault", "reqwest", false).is_empty());
        assert!(judge("verify", "reqwest", false).is_empty());
        assert!(!judge("verify", "axum", false).is_empty());
        assert!(!judge("ledger", "rusqlite", false).is_empty());
        assert!(judge("server", "axum", false).is_empty());
        assert!(judge("ledger", "serde_json", false).is_empty());
    }

    #[test]
    fn the_sample_apps_know_what_an_outsider_would() {
        assert!(judge("playground", "verify", false).is_empty());
        for inside in ["base", "oauth", "server"] {
            assert_eq!(judge("playground", inside, false), [format!("playground may not import {inside}")]);
        }
    }

    #[test]
    fn a_crate_without_a_floor_is_noticed() {
        assert_eq!(faults(&["attic".to_owned()], &[]), ["attic: has no floor, see crates/xtask/src/floors.rs"]);
    }
}
