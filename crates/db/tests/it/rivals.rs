//! Thirty-two at once: exactly one spends, nothing is counted twice, a clash is tried again.

use super::{kind, number, run};
use base::Fault;
use base::fault::FaultKind;
use db::testing::engines;
use db::{Store, args};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Barrier;

const RIVALS: usize = 32;

/// Lets the rivals begin together and collects what each got.
async fn race<T, F, Fut>(store: &Store, each: F) -> Vec<T>
where
    F: Fn(Store, i64) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let line = Arc::new(Barrier::new(RIVALS));
    let running: Vec<_> = (0..RIVALS as i64)
        .map(|number| {
            let (line, running) = (line.clone(), each(store.clone(), number));
            tokio::spawn(async move {
                line.wait().await;
                running.await
            })
        })
        .collect();
    let mut got = Vec::new();
    for each in running {
        got.push(each.await.unwrap());
    }
    got
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_many_takers_exactly_one_gets_it() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE codes (id BIGINT PRIMARY KEY, spent_at BIGINT)").await.unwrap();
        for code in 0..8i64 {
            database.store.write(move |tx| tx.run("INSERT INTO codes (id) VALUES ($1)", args![code])).await.unwrap();
            let got = race(&database.store, |store, number| async move {
                let sql = "UPDATE codes SET spent_at = $2 WHERE id = $1 AND spent_at IS NULL RETURNING id";
                store.write(move |tx| Ok::<_, Fault>(tx.one(sql, args![code, number])?.is_some())).await.unwrap()
            });
            assert_eq!(got.await.into_iter().filter(|took| *took).count(), 1, "{}", database.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_many_who_claim_one_name_exactly_one_has_it() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE names (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE)").await.unwrap();
        let got = race(&database.store, |store, number| async move {
            kind(store.write(move |tx| tx.run("INSERT INTO names (id, name) VALUES ($1, 'ada')", args![number])).await)
        });
        let got = got.await;
        assert_eq!(got.iter().filter(|kind| kind.is_none()).count(), 1, "{}", database.name);
        assert_eq!(got.iter().filter(|kind| **kind == Some(FaultKind::Clash)).count(), RIVALS - 1, "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_counters_lose_no_count() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE counts (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)").await.unwrap();
        let got = race(&database.store, |store, _| async move {
            let sql = "INSERT INTO counts (name, n) VALUES ('all', 1)
                       ON CONFLICT (name) DO UPDATE SET n = counts.n + 1
                       RETURNING n";
            store.write(move |tx| tx.one(sql, args![])?.unwrap().int("n")).await.unwrap()
        });
        let mut got = got.await;
        got.sort_unstable();
        assert_eq!(got, (1..=RIVALS as i64).collect::<Vec<_>>(), "{}", database.name);
    }
}

#[tokio::test]
async fn a_clash_of_numbers_is_tried_once_more_with_a_new_number() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE tokens (id BIGINT PRIMARY KEY)").await.unwrap();
        run(&database.store, "INSERT INTO tokens (id) VALUES (1), (2), (3)").await.unwrap();
        let (next, drawing) = (Arc::new(AtomicI64::new(3)), |next: &Arc<AtomicI64>| next.clone());
        let drawn = drawing(&next);
        let got = database.store.write_again(move |tx| {
            let id = drawn.fetch_add(1, Ordering::SeqCst);
            tx.run("INSERT INTO tokens (id) VALUES ($1)", args![id])?;
            Ok::<_, Fault>(id)
        });
        assert_eq!(got.await.unwrap(), 4, "{}", database.name);
        // It is tried once more, not for ever.
        next.store(1, Ordering::SeqCst);
        let drawn = drawing(&next);
        let got = database.store.write_again(move |tx| {
            tx.run("INSERT INTO tokens (id) VALUES ($1)", args![drawn.fetch_add(1, Ordering::SeqCst)])
        });
        assert_eq!(kind(got.await), Some(FaultKind::Clash), "{}", database.name);
        assert_eq!(next.load(Ordering::SeqCst), 3, "{}", database.name);
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM tokens").await, 4, "{}", database.name);
    }
}

#[tokio::test]
async fn what_may_run_only_once_runs_only_once() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE tokens (id BIGINT PRIMARY KEY)").await.unwrap();
        run(&database.store, "INSERT INTO tokens (id) VALUES (1)").await.unwrap();
        let runs = Arc::new(AtomicI64::new(0));
        let counted = runs.clone();
        let got = database.store.write(move |tx| {
            counted.fetch_add(1, Ordering::SeqCst);
            tx.run("INSERT INTO tokens (id) VALUES (1)", args![])
        });
        assert_eq!((kind(got.await), runs.load(Ordering::SeqCst)), (Some(FaultKind::Clash), 1), "{}", database.name);
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_anew_for_what_may_run_again() {
    let database = db::testing::postgres().await;
    run(&database.store, "CREATE TABLE tokens (id BIGINT PRIMARY KEY)").await.unwrap();
    // Another connection ends all of the store's, as a restart of the server would.
    let location = database.location.clone();
    let other = tokio::task::spawn_blocking(move || Store::open_with(&location, 1).unwrap()).await.unwrap();
    let ended = other.read(|tx| {
        let sql = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        tx.one(sql, args![])
    });
    assert!(ended.await.unwrap().unwrap().int("n").unwrap() > 0);
    for id in 0..16i64 {
        let again =
            database.store.write_again(move |tx| tx.run("INSERT INTO tokens (id) VALUES ($1)", args![id])).await;
        again.unwrap();
    }
    assert_eq!(number(&database.store, "SELECT count(*) AS n FROM tokens").await, 16);
}
