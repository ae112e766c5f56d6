//! Every statement of every `rows.rs` fits the schema, on both engines.

#![allow(clippy::unwrap_used)] // a helper that fails fails its test

use db::testing::{Database, engines};
use xtask::sql::{Engines, Statement, statements};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_prepared_on_sqlite_and_postgresql() {
    let statements = statements(&xtask::root()).unwrap();
    assert!(!statements.is_empty(), "the search finds nothing");
    let mut wrongs = Vec::new();
    for database in engines().await {
        wrongs.extend(misfits(&database, &statements).await);
    }
    assert!(wrongs.is_empty(), "{} statements do not fit:\n\n{}", wrongs.len(), wrongs.join("\n\n"));
    println!("{} statements prepared on both engines", statements.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_does_not_fit_is_noticed() {
    let sql = "SELECT nothing FROM nowhere".to_owned();
    let wrong = [Statement { place: "here".to_owned(), sql, engines: Engines::Both }];
    for database in engines().await {
        assert_eq!(misfits(&database, &wrong).await.len(), 1, "{}", database.name);
    }
}

/// What the engine says to the statements that do not fit, each with its place.
async fn misfits(database: &Database, statements: &[Statement]) -> Vec<String> {
    let engine = database.name;
    let is_meant = |statement: &&Statement| match statement.engines {
        Engines::Both => true,
        Engines::Sqlite => engine == "sqlite",
        Engines::Postgres => engine == "postgres",
    };
    let mut wrongs = Vec::new();
    for statement in statements.iter().filter(is_meant) {
        let sql = statement.sql.clone();
        if let Err(fault) = database.store.read(move |tx| tx.prepare(&sql)).await {
            wrongs.push(format!("{} on {engine}: {}\n{}", statement.place, fault.cause(), statement.sql));
        }
    }
    wrongs
}
