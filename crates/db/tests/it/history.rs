//! Any version to the latest: rows written at each step are there at the end.

use super::{number, rows, run};
use base::Time;
use db::migrate::{MIGRATIONS, latest};
use db::testing::{Database, empty_postgres, empty_sqlite};
use db::{Store, args};

const NOW: Time = Time::from_ms(1_800_000_000_000);

/// Rows that a database of a step can hold, each beside the question that finds it again.
const FIXTURES: &[(i64, &str, &str)] = &[
    (1, "INSERT INTO settings (name, value) VALUES ('epoch', '3')", "SELECT count(*) AS n FROM settings WHERE name = 'epoch' AND value = '3'"),
    (
        1,
        "INSERT INTO leases (name, holder, fence, until_at) VALUES ('chore', 'a', 7, 5)",
        "SELECT count(*) AS n FROM leases WHERE name = 'chore' AND holder = 'a' AND fence = 7 AND until_at = 5",
    ),
    (1, "INSERT INTO versions (name, version) VALUES ('apps', 9)", "SELECT count(*) AS n FROM versions WHERE name = 'apps' AND version = 9"),
];

async fn engines() -> [Database; 2] {
    [empty_sqlite(), empty_postgres().await]
}

async fn steps(store: &Store) -> Vec<i64> {
    let taken = rows(store, "SELECT number FROM schema_history ORDER BY number", vec![]).await.unwrap();
    taken.iter().map(|row| row.int("number").unwrap()).collect()
}

#[tokio::test]
async fn rows_of_every_step_survive_to_the_latest() {
    for database in engines().await {
        let store = &database.store;
        assert_eq!(store.schema().await.unwrap(), None, "{}", database.name);
        for migration in MIGRATIONS {
            let taken = store.migrate_to(migration.number, NOW).await.unwrap();
            assert_eq!((taken, store.schema().await.unwrap()), (vec![migration.name], Some(migration.number)), "{}", database.name);
            for (_, insert, _) in FIXTURES.iter().filter(|(step, ..)| *step == migration.number) {
                run(store, insert).await.unwrap_or_else(|fault| panic!("{} {insert}: {fault}", database.name));
            }
        }
        for (_, _, find) in FIXTURES {
            assert_eq!(number(store, find).await, 1, "{}: {find}", database.name);
        }
        for migration in MIGRATIONS {
            assert!(FIXTURES.iter().any(|(step, ..)| *step == migration.number), "step {} has no fixture", migration.name);
        }
    }
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    for database in engines().await {
        let all: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert_eq!(database.store.migrate(NOW).await.unwrap(), all, "{}", database.name);
        assert!(database.store.migrate(NOW).await.unwrap().is_empty(), "{}", database.name);
        assert_eq!(steps(&database.store).await, (1..=latest()).collect::<Vec<_>>(), "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threat_194_two_that_migrate_at_once_take_each_step_once() {
    for database in engines().await {
        let location = database.location.clone();
        let other = tokio::task::spawn_blocking(move || Store::open_with(&location, 2).unwrap()).await.unwrap();
        let (one, two) = tokio::join!(database.store.migrate(NOW), other.migrate(NOW));
        assert_eq!(one.unwrap().len() + two.unwrap().len(), MIGRATIONS.len(), "{}", database.name);
        assert_eq!(steps(&database.store).await, (1..=latest()).collect::<Vec<_>>(), "{}", database.name);
    }
}

#[tokio::test]
async fn threat_194_a_step_that_fails_leaves_nothing_and_can_be_taken_later() {
    for database in engines().await {
        let store = &database.store;
        store.migrate_to(latest() - 1, NOW).await.unwrap();
        // Something stands where the last step wants to build.
        let name = last_table();
        let blocking: &'static str = Box::leak(format!("CREATE TABLE {name} (id BIGINT PRIMARY KEY)").into_boxed_str());
        let freeing: &'static str = Box::leak(format!("DROP TABLE {name}").into_boxed_str());
        run(store, blocking).await.unwrap();
        assert!(store.migrate(NOW).await.is_err(), "{}", database.name);
        assert_eq!(store.schema().await.unwrap(), Some(latest() - 1), "{}", database.name);
        run(store, freeing).await.unwrap();
        assert_eq!(store.migrate(NOW).await.unwrap().len(), 1, "{}", database.name);
    }
}

/// The last table that the last step makes: by then the step has made others.
fn last_table() -> &'static str {
    let sql = MIGRATIONS.last().unwrap().sql;
    sql.rsplit_once("CREATE TABLE ").unwrap().1.split_whitespace().next().unwrap()
}

#[tokio::test]
async fn threat_194_a_newer_schema_is_refused() {
    for database in engines().await {
        let store = &database.store;
        store.migrate(NOW).await.unwrap();
        let newer = latest() + 1;
        let insert = "INSERT INTO schema_history (number, name, applied_at) VALUES ($1, 'from the future', 1)";
        store.write(move |tx| tx.run(insert, args![newer])).await.unwrap();
        let refused = store.migrate(NOW).await.unwrap_err();
        assert!(refused.cause().contains("this program knows only"), "{refused}");
    }
}
