//! Throw-away databases on both engines. PostgreSQL's address comes from `PROCURA_TEST_POSTGRES`; a run without it fails, it never skips.

use crate::store::{Location, Store};
use base::Time;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A database of a test. Its SQLite folder goes when it is dropped.
pub struct Database {
    pub name: &'static str,
    pub store: Store,
    pub location: Location,
    /// As an operator writes it.
    pub url: String,
    _folder: Option<TempDir>,
}

/// A migrated SQLite database in a temporary folder.
pub async fn sqlite() -> Database {
    let database = empty_sqlite();
    database.store.migrate(Time::from_ms(1)).await.unwrap();
    database
}

/// A SQLite database without a schema.
pub fn empty_sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("procura.db"));
    let store = Store::open(&location).unwrap();
    let url = format!("sqlite:{}", folder.path().join("procura.db").display());
    Database { name: "sqlite", store, location, url, _folder: Some(folder) }
}

/// A migrated PostgreSQL database of its own.
pub async fn postgres() -> Database {
    let database = empty_postgres().await;
    database.store.migrate(Time::from_ms(1)).await.unwrap();
    database
}

/// The server that databases are made on.
pub fn postgres_server() -> String {
    std::env::var("PROCURA_TEST_POSTGRES")
        .expect("PROCURA_TEST_POSTGRES is not set: run the tests with `cargo xtask test`")
}

/// A PostgreSQL database without a schema.
pub async fn empty_postgres() -> Database {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = postgres_server();
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let location = Location::parse(&url).unwrap();
    let opening = location.clone();
    let store = tokio::task::spawn_blocking(move || Store::open_with(&opening, 8).unwrap()).await.unwrap();
    Database { name: "postgres", store, location, url, _folder: None }
}

/// Both engines, migrated.
pub async fn engines() -> [Database; 2] {
    [sqlite().await, postgres().await]
}
