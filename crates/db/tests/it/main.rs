//! What the layer promises, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a helper that fails fails its test

mod archive;
mod dialect;
mod group;
mod history;
mod hold;
mod lease;
mod rivals;

use base::Fault;
use base::fault::FaultKind;
use db::{Row, Store, Value, args};

/// Runs one statement in a transaction of its own.
async fn run(store: &Store, sql: &'static str) -> Result<u64, Fault> {
    store.write(move |tx| tx.run(sql, args![])).await
}

/// Runs one statement and gives its rows.
async fn rows(store: &Store, sql: &'static str, values: Vec<Value<'static>>) -> Result<Vec<Row>, Fault> {
    store.write(move |tx| tx.all(sql, &values)).await
}

/// The number that a statement answers in its column `n`.
async fn number(store: &Store, sql: &'static str) -> i64 {
    store.read(move |tx| tx.one(sql, args![])).await.unwrap().unwrap().int("n").unwrap()
}

fn kind<T>(outcome: Result<T, Fault>) -> Option<FaultKind> {
    outcome.err().map(|fault| fault.kind())
}
