//! One SQL text means the same on SQLite and PostgreSQL.

use super::{kind, number, rows, run};
use base::fault::FaultKind;
use base::{Digest, Scope, Time};
use db::testing::engines;
use db::{Arg as _, Value, args};

const TABLE: &str = "CREATE TABLE things (
    id BIGINT PRIMARY KEY,
    name TEXT,
    size BIGINT,
    is_live BOOLEAN,
    body BYTEA,
    CHECK (size IS NULL OR size >= 0)
)";

#[tokio::test]
async fn every_kind_of_value_reads_back_as_it_was_written() {
    for database in engines().await {
        run(&database.store, TABLE).await.unwrap();
        let long = "é".repeat(100_000);
        let texts = ["", "plain", "Ünïcode ✓ 🔑 ʼ", "quote ' \" \\ % _ $1", "line\r\nline\ttab", &long];
        let bodies: [Vec<u8>; 4] = [vec![], vec![0], (0..=255).collect(), vec![7; 1 << 20]];
        let numbers = [i64::MIN, -1, 0, 1, i64::MAX];
        for (id, text) in texts.into_iter().enumerate() {
            let (id, text, body) = (id as i64, text.to_owned(), bodies[id % 4].clone());
            let written = (text.clone(), body.clone());
            let row = database.store.write(move |tx| {
                tx.run(
                    "INSERT INTO things (id, name, is_live, body) VALUES ($1, $2, $3, $4)",
                    args![id, text, id % 2 == 0, body],
                )?;
                tx.one("SELECT name, is_live, body FROM things WHERE id = $1", args![id])
            });
            let row = row.await.unwrap().unwrap();
            assert_eq!((row.text("name").unwrap(), row.bytes("body").unwrap()), written, "{}", database.name);
            assert_eq!(row.flag("is_live").unwrap(), id % 2 == 0, "{}", database.name);
        }
        for number in numbers {
            let row = database
                .store
                .read(move |tx| tx.one("SELECT CAST($1 AS BIGINT) AS n", args![number]))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(row.int("n").unwrap(), number, "{}", database.name);
        }
    }
}

#[tokio::test]
async fn our_own_types_are_stored_as_text_number_and_bytes() {
    for database in engines().await {
        run(&database.store, TABLE).await.unwrap();
        let (scope, at, digest) = (Scope::of(["openid", "email"]), Time::from_ms(1_800_000_000_123), Digest::of(b"x"));
        let values = args![1i64, scope, at, digest].to_vec();
        let values: Vec<Value<'static>> = values.into_iter().map(owned).collect();
        let sql = "INSERT INTO things (id, name, size, body) VALUES ($1, $2, $3, $4) RETURNING name, size, body";
        let row = rows(&database.store, sql, values).await.unwrap().remove(0);
        assert_eq!(row.scope("name").unwrap(), scope);
        assert_eq!(row.time("size").unwrap(), at);
        assert_eq!(row.bytes("body").unwrap(), digest.bytes());
    }
}

fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Null => Value::Null,
        Value::Text(text) => Value::Text(text.into_owned().into()),
        Value::Int(number) => Value::Int(number),
        Value::Flag(flag) => Value::Flag(flag),
        Value::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
    }
}

#[tokio::test]
async fn a_null_is_absent_and_never_a_default() {
    for database in engines().await {
        run(&database.store, TABLE).await.unwrap();
        let nothing: Option<String> = None;
        let sql = "INSERT INTO things (id, name, size, is_live, body) VALUES (1, $1, $2, $3, $4)
                   RETURNING name, size, is_live, body";
        let values = vec![owned(nothing.value()), Value::Null, Value::Null, Value::Null];
        let row = rows(&database.store, sql, values).await.unwrap().remove(0);
        assert!(row.opt_text("name").unwrap().is_none() && row.opt_int("size").unwrap().is_none());
        assert!(row.opt_bytes("body").unwrap().is_none() && row.opt_time("size").unwrap().is_none());
        assert!(
            row.text("name").is_err()
                && row.int("size").is_err()
                && row.flag("is_live").is_err()
                && row.bytes("body").is_err()
        );
        assert!(row.text("size").is_err() && row.opt_text("nothing").is_err());
    }
}

#[tokio::test]
async fn parameters_are_bound_by_their_number_in_any_order() {
    for database in engines().await {
        let sql = "SELECT CAST($2 AS TEXT) AS b, CAST($11 AS TEXT) AS k, CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS again,
                          CAST($3 AS TEXT) || CAST($4 AS TEXT) || CAST($5 AS TEXT) || CAST($6 AS TEXT) || CAST($7 AS TEXT)
                          || CAST($8 AS TEXT) || CAST($9 AS TEXT) || CAST($10 AS TEXT) AS rest";
        let values = "abcdefghijk".chars().map(|letter| Value::Text(letter.to_string().into())).collect();
        let row = rows(&database.store, sql, values).await.unwrap().remove(0);
        let read = ["a", "b", "again", "k", "rest"].map(|column| row.text(column).unwrap());
        assert_eq!(read, ["a", "b", "b", "k", "cdefghij"], "{}", database.name);
        let too_few = rows(&database.store, "SELECT CAST($2 AS TEXT) AS b", vec![Value::Int(1)]).await;
        assert!(too_few.is_err(), "{}", database.name);
    }
}

#[tokio::test]
async fn insert_update_and_delete_tell_what_they_touched() {
    for database in engines().await {
        let store = &database.store;
        run(store, TABLE).await.unwrap();
        assert_eq!(run(store, "INSERT INTO things (id, size) VALUES (1, 10), (2, 20), (3, 30)").await.unwrap(), 3);
        assert_eq!(run(store, "UPDATE things SET size = size + 1 WHERE id > 1").await.unwrap(), 2);
        let taken = rows(store, "UPDATE things SET size = 0 WHERE id = 2 AND size = 21 RETURNING id, size", vec![])
            .await
            .unwrap();
        assert_eq!((taken.len(), taken[0].int("size").unwrap()), (1, 0));
        assert!(
            rows(store, "UPDATE things SET size = 0 WHERE id = 2 AND size = 21 RETURNING id", vec![])
                .await
                .unwrap()
                .is_empty()
        );
        let gone = rows(store, "DELETE FROM things WHERE id = 3 RETURNING size", vec![]).await.unwrap();
        assert_eq!(gone[0].int("size").unwrap(), 31);
        assert_eq!(run(store, "DELETE FROM things").await.unwrap(), 2);
    }
}

#[tokio::test]
async fn an_upsert_inserts_updates_or_leaves_alone() {
    for database in engines().await {
        let store = &database.store;
        run(store, TABLE).await.unwrap();
        let sql = "INSERT INTO things (id, size) VALUES (1, $1)
                   ON CONFLICT (id) DO UPDATE SET size = things.size + $1 WHERE things.size < $2
                   RETURNING size";
        let mut seen = Vec::new();
        for _ in 0..3 {
            let answer = rows(store, sql, vec![Value::Int(5), Value::Int(10)]).await.unwrap();
            seen.push(answer.first().map(|row| row.int("size").unwrap()));
        }
        assert_eq!(seen, [Some(5), Some(10), None], "{}", database.name);
        assert_eq!(run(store, "INSERT INTO things (id) VALUES (1) ON CONFLICT (id) DO NOTHING").await.unwrap(), 0);
        assert_eq!(run(store, "INSERT INTO things (id) VALUES (2) ON CONFLICT (id) DO NOTHING").await.unwrap(), 1);
    }
}

#[tokio::test]
async fn null_equals_null_only_where_that_is_asked() {
    for database in engines().await {
        let store = &database.store;
        run(store, TABLE).await.unwrap();
        run(store, "INSERT INTO things (id, name) VALUES (1, NULL), (2, 'a')").await.unwrap();
        for (value, same, equal) in
            [(Value::Null, 1, 0), (Value::Text("a".into()), 1, 1), (Value::Text("b".into()), 0, 0)]
        {
            let found = rows(store, "SELECT id FROM things WHERE name IS NOT DISTINCT FROM $1", vec![value.clone()])
                .await
                .unwrap();
            assert_eq!(found.len(), same, "{}", database.name);
            assert_eq!(
                rows(store, "SELECT id FROM things WHERE name = $1", vec![value]).await.unwrap().len(),
                equal,
                "{}",
                database.name
            );
        }
    }
}

#[tokio::test]
async fn constraints_refuse_the_same_on_both() {
    for database in engines().await {
        let store = &database.store;
        run(store, TABLE).await.unwrap();
        run(store, "CREATE TABLE parts (id BIGINT PRIMARY KEY, thing BIGINT NOT NULL REFERENCES things (id), word TEXT, ended_at BIGINT)").await.unwrap();
        run(store, "CREATE UNIQUE INDEX parts_one_live ON parts (word) WHERE ended_at IS NULL").await.unwrap();
        run(store, "INSERT INTO things (id) VALUES (1)").await.unwrap();
        run(store, "INSERT INTO parts (id, thing, word) VALUES (1, 1, 'a')").await.unwrap();
        let cases = [
            ("INSERT INTO things (id) VALUES (1)", Some(FaultKind::Clash)),
            ("INSERT INTO things (id, size) VALUES (2, -1)", Some(FaultKind::Broken)),
            ("INSERT INTO parts (id, thing) VALUES (2, 9)", Some(FaultKind::Broken)),
            ("INSERT INTO parts (id, word) VALUES (2, 'b')", Some(FaultKind::Broken)),
            ("INSERT INTO parts (id, thing, word) VALUES (2, 1, 'a')", Some(FaultKind::Clash)),
            ("DELETE FROM things WHERE id = 1", Some(FaultKind::Broken)),
            ("SELECT nothing FROM things", Some(FaultKind::Broken)),
            ("UPDATE parts SET ended_at = 5 WHERE id = 1", None),
            ("INSERT INTO parts (id, thing, word) VALUES (2, 1, 'a')", None),
        ];
        for (sql, expected) in cases {
            assert_eq!(kind(run(store, sql).await), expected, "{}: {sql}", database.name);
        }
    }
}

#[tokio::test]
async fn counts_sums_and_extremes_are_whole_numbers() {
    for database in engines().await {
        let store = &database.store;
        run(store, TABLE).await.unwrap();
        assert_eq!(number(store, "SELECT count(*) AS n FROM things").await, 0);
        let empty = rows(store, "SELECT max(size) AS top, CAST(sum(size) AS BIGINT) AS total FROM things", vec![])
            .await
            .unwrap();
        assert!(empty[0].opt_int("top").unwrap().is_none() && empty[0].opt_int("total").unwrap().is_none());
        run(store, "INSERT INTO things (id, size) VALUES (1, 3), (2, 4)").await.unwrap();
        assert_eq!(number(store, "SELECT CAST(sum(size) AS BIGINT) AS n FROM things").await, 7);
        assert_eq!(number(store, "SELECT max(size) AS n FROM things").await, 4);
        assert_eq!(
            number(store, "SELECT CASE WHEN EXISTS (SELECT 1 FROM things WHERE size = 3) THEN 1 ELSE 0 END AS n").await,
            1
        );
    }
}

#[tokio::test]
async fn a_fault_never_repeats_the_values_of_a_row() {
    for database in engines().await {
        let store = &database.store;
        run(store, "CREATE TABLE people (email TEXT NOT NULL UNIQUE, age BIGINT CHECK (age > 0))").await.unwrap();
        run(store, "INSERT INTO people (email, age) VALUES ('canary@a.test', 1)").await.unwrap();
        let values = |age| vec![Value::Text("canary@a.test".into()), Value::Int(age)];
        for age in [1, -77] {
            let refused =
                rows(store, "INSERT INTO people (email, age) VALUES ($1, $2)", values(age)).await.err().unwrap();
            let told = format!("{refused} {refused:?}");
            assert!(!told.contains("canary") && !told.contains("77"), "{}: {told}", database.name);
        }
    }
}
