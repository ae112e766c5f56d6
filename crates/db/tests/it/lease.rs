//! Leases: one holder at a time, and a fence that tells a former holder from the present one.

use base::{Fault, Time};
use db::testing::engines;
use db::{Store, lease};

const NOW: Time = Time::from_secs(1_800_000_000);

async fn take(store: &Store, holder: &str, now: Time) -> Option<i64> {
    let holder = holder.to_owned();
    store.write(move |tx| lease::take(tx, "chore", &holder, now.plus_secs(10), now)).await.unwrap()
}

#[tokio::test]
async fn a_lease_is_held_by_one_until_its_time_is_over() {
    for database in engines().await {
        let store = &database.store;
        let first = take(store, "a", NOW).await.unwrap();
        assert_eq!(take(store, "b", NOW.plus_secs(9)).await, None, "{}", database.name);
        let second = take(store, "b", NOW.plus_secs(10)).await.unwrap();
        assert!(second > first, "{}", database.name);
        assert_eq!(take(store, "a", NOW.plus_secs(11)).await, None, "{}", database.name);
    }
}

#[tokio::test]
async fn its_holder_renews_it_under_the_same_fence() {
    for database in engines().await {
        let store = &database.store;
        let first = take(store, "a", NOW).await.unwrap();
        assert_eq!(take(store, "a", NOW.plus_secs(5)).await, Some(first), "{}", database.name);
        assert_eq!(take(store, "b", NOW.plus_secs(12)).await, None, "renewed until 15: {}", database.name);
    }
}

#[tokio::test]
async fn a_lease_given_back_is_free_at_once_but_not_by_a_stranger() {
    for database in engines().await {
        let store = &database.store;
        take(store, "a", NOW).await.unwrap();
        store.write(|tx| lease::release(tx, "chore", "b")).await.unwrap();
        assert_eq!(take(store, "b", NOW.plus_secs(1)).await, None, "{}", database.name);
        store.write(|tx| lease::release(tx, "chore", "a")).await.unwrap();
        assert!(take(store, "b", NOW.plus_secs(1)).await.is_some(), "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_thirty_two_nodes_one_gets_the_lease() {
    for database in engines().await {
        let asking: Vec<_> = (0..32)
            .map(|number| {
                let store = database.store.clone();
                tokio::spawn(async move {
                    let holder = format!("node-{number}");
                    let taking = store.write_again(move |tx| {
                        Ok::<_, Fault>(lease::take(tx, "chore", &holder, NOW.plus_secs(10), NOW)?.is_some())
                    });
                    taking.await.unwrap()
                })
            })
            .collect();
        let mut holders = 0;
        for asked in asking {
            holders += usize::from(asked.await.unwrap());
        }
        assert_eq!(holders, 1, "{}", database.name);
    }
}
