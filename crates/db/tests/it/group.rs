//! Many closures, one commit: each is judged alone, and answered only after the commit.

use super::{kind, number, run};
use base::Fault;
use base::fault::FaultKind;
use db::testing::{Database, engines};
use db::{Store, Tx, args};
use std::sync::mpsc;
use std::time::Duration;

#[derive(Debug, PartialEq, Eq)]
enum Refused {
    ByRule,
    ByFault(FaultKind),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Refused {
        Refused::ByFault(fault.kind())
    }
}

fn insert(tx: &mut Tx<'_>, id: i64) -> Result<(), Fault> {
    tx.run("INSERT INTO things (id) VALUES ($1)", args![id]).map(drop)
}

/// Lets closures queue up behind a slow one, so that on SQLite they are of one group, and gives their answers in order.
async fn together<F>(database: &Database, count: i64, each: F) -> Vec<Result<i64, Refused>>
where
    F: Fn(&mut Tx<'_>, i64) -> Result<i64, Refused> + Clone + Send + 'static,
{
    let (go, wait) = mpsc::channel::<()>();
    let store = database.store.clone();
    let slow = tokio::spawn(async move {
        store
            .write(move |_| {
                let _ = wait.recv_timeout(Duration::from_secs(10));
                Ok::<_, Fault>(())
            })
            .await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let running: Vec<_> = (0..count)
        .map(|number| {
            let (store, each) = (database.store.clone(), each.clone());
            tokio::spawn(async move { store.write(move |tx| each(tx, number)).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    go.send(()).unwrap();
    slow.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for running in running {
        answers.push(running.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn an_error_undoes_its_own_closure_and_no_other() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        let answers = together(&database, 40, |tx, number| {
            insert(tx, number)?;
            insert(tx, number + 1000)?;
            if number % 2 == 1 { Err(Refused::ByRule) } else { Ok(number) }
        });
        for (number, answer) in answers.await.into_iter().enumerate() {
            let number = number as i64;
            assert_eq!(answer, if number % 2 == 1 { Err(Refused::ByRule) } else { Ok(number) }, "{}", database.name);
        }
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 40, "{}", database.name);
        assert_eq!(
            number(&database.store, "SELECT count(*) AS n FROM things WHERE id % 2 = 1").await,
            0,
            "{}",
            database.name
        );
    }
}

#[tokio::test]
async fn a_panic_undoes_its_own_closure_and_no_other() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        let answers = together(&database, 6, |tx, number| {
            insert(tx, number)?;
            assert!(number != 3, "a panic on purpose");
            Ok(number)
        });
        let answers = answers.await;
        assert_eq!(answers[3], Err(Refused::ByFault(FaultKind::Broken)), "{}", database.name);
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5, "{}", database.name);
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 5, "{}", database.name);
        run(&database.store, "INSERT INTO things (id) VALUES (3)").await.unwrap();
    }
}

#[tokio::test]
async fn an_ok_after_a_failed_statement_is_refused() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        run(&database.store, "INSERT INTO things (id) VALUES (1)").await.unwrap();
        let answers = together(&database, 3, |tx, number| {
            insert(tx, 10 + number)?;
            if number == 1 {
                let _ = insert(tx, 1);
            }
            Ok(number)
        });
        assert_eq!(answers.await, [Ok(0), Err(Refused::ByFault(FaultKind::Clash)), Ok(2)], "{}", database.name);
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 3, "{}", database.name);
    }
}

#[tokio::test]
async fn nothing_is_seen_before_its_commit_and_all_of_it_after_the_answer() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        // Another store is another process in all that matters here.
        let (location, store) = (database.location.clone(), database.store.clone());
        let other = tokio::task::spawn_blocking(move || Store::open_with(&location, 1).unwrap()).await.unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let (told, inserted) = tokio::sync::oneshot::channel();
        let writing = tokio::spawn(async move {
            store
                .write(move |tx| {
                    insert(tx, 1)?;
                    let _ = told.send(());
                    let _ = wait.recv_timeout(Duration::from_secs(10));
                    Ok::<_, Fault>(())
                })
                .await
        });
        inserted.await.unwrap();
        assert_eq!(number(&other, "SELECT count(*) AS n FROM things").await, 0, "{}", database.name);
        go.send(()).unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(number(&other, "SELECT count(*) AS n FROM things").await, 1, "{}", database.name);
    }
}

#[tokio::test]
async fn a_request_that_goes_away_does_not_undo_its_transaction() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        let slow = database.store.write(|tx| {
            std::thread::sleep(Duration::from_millis(100));
            insert(tx, 1)
        });
        assert!(tokio::time::timeout(Duration::from_millis(10), slow).await.is_err(), "{}", database.name);
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 1, "{}", database.name);
    }
}

#[tokio::test]
async fn an_empty_transaction_and_a_refusal_without_a_statement_are_fine() {
    for database in engines().await {
        assert_eq!(kind(database.store.write(|_| Ok::<_, Fault>(())).await), None);
        let refused = database.store.write(|_| Err::<(), _>(Refused::ByRule)).await;
        assert_eq!(refused, Err(Refused::ByRule), "{}", database.name);
        assert_eq!(kind(database.store.write(|_| Ok::<_, Fault>(())).await), None);
    }
}

#[tokio::test]
async fn a_closure_may_hold_the_last_store() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        let location = database.location.clone();
        let (once, often) = tokio::task::spawn_blocking(move || {
            let open = || Store::open_with(&location, 1).unwrap();
            (open(), open())
        })
        .await
        .unwrap();
        let held = once.clone();
        let writing = once.write(move |tx| {
            let _held = held;
            insert(tx, 1)
        });
        writing.await.unwrap();
        let held = often.clone();
        let writing = often.write_again(move |tx| {
            let _held = &held;
            insert(tx, 2)
        });
        writing.await.unwrap();
        drop((once, often));
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 2, "{}", database.name);
    }
}

#[tokio::test]
async fn a_sent_statement_that_fails_undoes_its_whole_closure() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        let send = |tx: &mut Tx<'_>, id: i64| tx.send("INSERT INTO things (id) VALUES ($1)", args![id]);
        database.store.write(move |tx| send(tx, 7)).await.unwrap();
        // Whether anything is asked after it or not: the commit is refused.
        let unnoticed = database.store.write(move |tx| send(tx, 1).and_then(|()| send(tx, 7))).await;
        assert_eq!(unnoticed.unwrap_err().kind(), FaultKind::Clash, "{}", database.name);
        let noticed =
            database.store.write(move |tx| send(tx, 2).and_then(|()| send(tx, 7)).and_then(|()| insert(tx, 3))).await;
        assert_eq!(noticed.unwrap_err().kind(), FaultKind::Clash, "{}", database.name);
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 1, "{}", database.name);
    }
}

#[tokio::test]
async fn a_sent_statement_that_clashes_is_tried_again_with_other_numbers() {
    for database in engines().await {
        run(&database.store, "CREATE TABLE things (id BIGINT PRIMARY KEY)").await.unwrap();
        run(&database.store, "INSERT INTO things (id) VALUES (1)").await.unwrap();
        let mut next = 0;
        let drawn = database.store.write_again(move |tx| {
            next += 1;
            tx.send("INSERT INTO things (id) VALUES ($1)", args![next])?;
            Ok::<i64, Fault>(next)
        });
        assert_eq!(drawn.await.unwrap(), 2, "{}", database.name);
        assert_eq!(number(&database.store, "SELECT count(*) AS n FROM things").await, 2, "{}", database.name);
    }
}
