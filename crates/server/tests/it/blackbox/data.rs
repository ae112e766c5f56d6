//! Backup, restore and migration of real files.

use super::person::{App, Person};
use super::{Place, Server};
use base::Time;
use db::migrate::{MIGRATIONS, latest};
use db::{Location, Store, args};
use std::collections::BTreeMap;

fn open(place: &Place) -> Store {
    Store::open(&Location::Sqlite(place.path("data/procura.db"))).unwrap()
}

async fn count(store: &Store, sql: &'static str) -> i64 {
    store.read(move |tx| tx.one(sql, args![])).await.unwrap().unwrap().int("n").unwrap()
}

async fn run(store: &Store, sql: &'static str) {
    store.write(move |tx| tx.run(sql, args![])).await.unwrap();
}

/// A session and a consent, a family of tokens, a request, a link and a call under way, a lease.
async fn lived_in(place: &Place) {
    let store = open(place);
    for sql in [
        "INSERT INTO grants (id, kind, account_id, target, scope, withheld, created_at, updated_at)
         VALUES ('s1', 'session', 'acc_1', '', '', '', 1, 1)",
        "INSERT INTO grants (id, kind, account_id, identity_id, app_id, target, scope, withheld, created_at, updated_at)
         VALUES ('g1', 'sign_in', 'acc_1', 'i1', 'app_1', '', 'openid', '', 1, 1)",
        "INSERT INTO families (id, app_id, scope, asked_scope, expires_at) VALUES (1, 'app_1', 'openid', 'openid', 4000000000000)",
        "INSERT INTO interactions (id, digest, request, created_at, expires_at) VALUES (1, CAST('d' AS BLOB), '[]', 1, 4000000000000)",
        "INSERT INTO links (id, digest, app_id, provider, provider_client_id, scopes, inputs, verifier, browser, created_at, expires_at)
         VALUES (1, CAST('d' AS BLOB), 'app_1', 'google', 'pc_1', '', '{}', CAST('v' AS BLOB), CAST('b' AS BLOB), 1, 4000000000000)",
        "INSERT INTO call_approvals (id, group_id, app_id, grant_id, provider, request, digest, key_id, status, created_at, expires_at)
         VALUES ('a1', 'a1', 'app_1', 'g2', 'google', CAST('r' AS BLOB), CAST('d' AS BLOB), 'k', 'pending', 1, 4000000000000)",
        "INSERT INTO leases (name, holder, fence, until_at) VALUES ('old', 'a', 1, 4000000000000)",
    ] {
        run(&store, sql).await;
    }
}

#[tokio::test]
async fn a_backup_made_beside_a_running_server_restores_to_the_same_server() {
    let place = Place::new();
    let server = place.starts();
    let jwks = server.gets("/.well-known/jwks.json").await.text();
    let out = place.runs(&["backup", "--to", "one.backup"]).done();
    assert_eq!((out.as_str(), super::mode(&place.path("one.backup"))), ("one.backup\n", 0o600));
    let ran = place.runs(&["backup", "--to", "one.backup"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "one.backup is there already and is not overwritten"));
    let named = place.runs(&["backup"]).done();
    assert!(
        named.starts_with("procura-2") && named.ends_with("Z.backup\n") && place.path(named.trim()).exists(),
        "{named}"
    );

    let ran = place.runs(&["restore", "one.backup"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "a server is using data/procura.db; stop it first"));
    server.stops();
    std::fs::remove_file(place.path("data/procura.db")).unwrap();
    place.runs(&["restore", "one.backup"]).done();
    let server = place.starts();
    assert_eq!(server.gets("/.well-known/jwks.json").await.text(), jwks);
}

#[tokio::test]
async fn threat_191_a_restore_brings_no_session_token_or_lease_back_to_life() {
    let place = Place::new();
    place.runs(&["init"]).done();
    lived_in(&place).await;
    place.runs(&["backup", "--to", "one.backup"]).done();
    let questions = [
        ("SELECT count(*) AS n FROM grants WHERE id = 's1' AND ended_at IS NULL", 0, 1),
        ("SELECT count(*) AS n FROM grants WHERE id = 'g1' AND ended_at IS NULL", 1, 1),
        ("SELECT count(*) AS n FROM families WHERE ended_at IS NULL", 0, 1),
        ("SELECT count(*) AS n FROM interactions WHERE spent_at IS NULL", 0, 1),
        ("SELECT count(*) AS n FROM links WHERE taken_at IS NULL", 0, 1),
        ("SELECT count(*) AS n FROM call_approvals WHERE status = 'pending'", 0, 1),
        ("SELECT count(*) AS n FROM leases", 0, 1),
        ("SELECT count(*) AS n FROM settings WHERE name = 'epoch' AND value = '1'", 1, 0),
    ];
    let out = place.runs(&["restore", "one.backup"]).done();
    assert!(out.contains("has ended") && out.contains("data/procura.db.before-"), "{out}");
    let store = open(&place);
    for (question, after, _) in questions {
        assert_eq!(count(&store, question).await, after, "{question}");
    }
    drop(store);
    place.runs(&["restore", "one.backup", "--keep-sessions"]).done();
    let store = open(&place);
    for (question, _, kept) in questions {
        assert_eq!(count(&store, question).await, kept, "{question}");
    }
}

#[tokio::test]
async fn threat_191_after_a_restore_people_sign_in_again_and_apps_ask_again() {
    let place = Place::new().with("PROCURA_ISSUER", "http://localhost:8460");
    let server = place.starts();
    let app = App::registered(&place, &server).await;
    let mut person = Person::registers(&server, "ada").await;
    let code = person.approves(&app, "openid%20offline_access").await;
    let tokens = app.redeems(&server, &code).await.json();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let cookies = person.cookies.clone();
    let unused = person.approves(&app, "openid").await;
    place.runs(&["backup", "--to", "one.backup"]).done();
    assert!(app.sees_active(&server, &text("access_token")).await);
    assert_eq!(account_page(&server, &cookies).await, 200);
    server.stops();
    place.runs(&["restore", "one.backup"]).done();

    let server = place.starts();
    assert_eq!(account_page(&server, &cookies).await, 303);
    assert!(!app.sees_active(&server, &text("access_token")).await);
    let refreshed = app.asks(&server, "refresh_token", &format!("refresh_token={}", text("refresh_token"))).await;
    assert_eq!((refreshed.status, refreshed.json()["error"].as_str()), (400, Some("invalid_grant")));
    let redeemed = app.redeems(&server, &unused).await;
    assert_eq!((redeemed.status, redeemed.json()["error"].as_str()), (400, Some("invalid_grant")));
}

async fn account_page(server: &Server, cookies: &BTreeMap<String, String>) -> u16 {
    let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    server.sends("GET", "/account", &[("Cookie", &cookies.join("; "))], "").await.status
}

#[tokio::test]
async fn what_is_not_a_whole_backup_of_this_key_replaces_nothing() {
    let (place, other) = (Place::new(), Place::new());
    place.runs(&["init"]).done();
    other.runs(&["init"]).done();
    place.runs(&["backup", "--to", "one.backup"]).done();
    other.runs(&["backup", "--to", "other.backup"]).done();
    std::fs::copy(other.path("other.backup"), place.path("other.backup")).unwrap();
    let whole = std::fs::read(place.path("one.backup")).unwrap();
    std::fs::write(place.path("cut.backup"), &whole[..whole.len() - 1]).unwrap();
    place.writes("text.backup", "hello");
    let before = std::fs::read(place.path("data/procura.db")).unwrap();
    for (file, sentence) in [
        ("other.backup", "this backup was sealed under another master key"),
        ("cut.backup", "this backup is damaged, or not whole"),
        ("text.backup", "this file is no backup"),
    ] {
        let ran = place.runs(&["restore", file]);
        assert_eq!((ran.code, ran.sentence()), (Some(1), sentence), "{file}");
        assert!(std::fs::read(place.path("data/procura.db")).unwrap() == before, "{file}: the database was touched");
    }
    let left: Vec<_> = std::fs::read_dir(place.path("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("restoring")), "{left:?}");
}

/// A database as an older version left it.
async fn older(place: &Place, step: i64) {
    place.runs(&["init"]).done();
    std::fs::remove_file(place.path("data/procura.db")).unwrap();
    let store = open(place);
    store.migrate_to(step, Time::from_ms(1)).await.unwrap();
    run(&store, "INSERT INTO settings (name, value) VALUES ('canary', 'kept')").await;
}

#[tokio::test]
async fn a_plan_tells_the_steps_and_takes_none() {
    let place = Place::new();
    older(&place, latest() - 2).await;
    let [.., last_but_one, last] = MIGRATIONS else { panic!("too few steps") };
    let expected = format!("would take step {}\nwould take step {}\n", last_but_one.name, last.name);
    assert_eq!(place.runs(&["migrate", "--plan"]).done(), expected);
    assert_eq!(open(&place).schema().await.unwrap(), Some(latest() - 2));
    let ran = place.runs(&["admin-token"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "the database has an older schema; run `procura migrate` first"));
}

#[tokio::test]
async fn migrating_copies_the_data_first_and_is_refused_while_a_server_runs() {
    let place = Place::new();
    older(&place, latest() - 1).await;
    let expected = format!("took step {}\n", MIGRATIONS.last().unwrap().name);
    assert_eq!(place.runs(&["migrate"]).done(), expected);
    assert_eq!(place.runs(&["migrate"]).done(), "nothing to do: the schema is at the latest step\n");
    let copies: Vec<_> = std::fs::read_dir(place.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "backup"))
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    let store = open(&place);
    assert_eq!(count(&store, "SELECT count(*) AS n FROM settings WHERE name = 'canary' AND value = 'kept'").await, 1);
    drop(store);
    // The copy is a backup like any other, of the step before.
    place.runs(&["restore", copies[0].to_str().unwrap()]).done();
    let _server = place.starts();
    let ran = place.runs(&["migrate"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "a server is using data/procura.db; stop it first"));
    assert!(place.runs(&["migrate", "--plan"]).done().starts_with("nothing to do"));
}

#[tokio::test]
async fn a_start_brings_older_data_to_the_latest_step() {
    let place = Place::new();
    older(&place, 1).await;
    let server = place.starts();
    assert_eq!(server.operates("/readyz").await.status, 200);
    server.stops();
    assert_eq!(open(&place).schema().await.unwrap(), Some(latest()));
}
