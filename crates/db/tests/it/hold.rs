//! Who holds the database: servers among themselves, and commands that must be alone.

use db::testing::{Database, empty_postgres, empty_sqlite};
use db::{Location, hold};

async fn serve(location: &Location) -> Option<hold::Hold> {
    let location = location.clone();
    tokio::task::spawn_blocking(move || hold::serve(&location).unwrap()).await.unwrap()
}

async fn alone(location: &Location) -> Option<hold::Hold> {
    let location = location.clone();
    tokio::task::spawn_blocking(move || hold::alone(&location).unwrap()).await.unwrap()
}

/// Waits until the database is free: PostgreSQL ends a session a moment after its connection.
async fn alone_soon(location: &Location) -> bool {
    for _ in 0..50 {
        if alone(location).await.is_some() {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

async fn engines() -> [Database; 2] {
    [empty_sqlite(), empty_postgres().await]
}

#[tokio::test]
async fn a_command_is_alone_or_not_at_all() {
    for database in engines().await {
        let held = serve(&database.location).await.unwrap();
        assert!(alone(&database.location).await.is_none(), "{}", database.name);
        drop(held);
        assert!(alone_soon(&database.location).await, "{}", database.name);
        let held = loop {
            if let Some(held) = alone(&database.location).await {
                break held;
            }
        };
        assert!(serve(&database.location).await.is_none(), "{}", database.name);
        drop(held);
    }
}

#[tokio::test]
async fn one_server_has_a_sqlite_file_and_several_share_postgresql() {
    for database in engines().await {
        let _first = serve(&database.location).await.unwrap();
        assert_eq!(serve(&database.location).await.is_some(), database.name == "postgres", "{}", database.name);
    }
}
