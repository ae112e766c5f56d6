//! Secrets that went through the server are neither in its log nor, in the clear, on its disk.

use super::person::{App, FORM, Person};
use super::{Place, Server};
use std::path::Path;

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap()));
        }
    }
    found
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// What a server saw that must stay between it and the caller.
async fn use_everything(place: &Place, server: &Server) -> Vec<(&'static str, String)> {
    let app = App::registered(place, server).await;
    let mut person = Person::registers(server, "ada").await;
    let code = person.approves(&app, "openid%20offline_access").await;
    let tokens = app.redeems(server, &code).await.json();
    let text = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{name}: {tokens}")).to_owned();
    let refreshed = app.asks(server, "refresh_token", &format!("refresh_token={}", text("refresh_token"))).await.json();
    let mut secrets = vec![
        ("client secret", app.secret.clone()),
        ("code", code),
        ("access token", text("access_token")),
        ("access token JWT", text("access_token_jwt")),
        ("ID token", text("id_token")),
        ("refresh token", text("refresh_token")),
        ("second refresh token", refreshed["refresh_token"].as_str().unwrap().to_owned()),
        ("verifier", super::person::VERIFIER.to_owned()),
        ("operator token", place.runs(&["admin-token"]).done().trim().to_owned()),
    ];
    secrets.extend(person.cookies.values().map(|cookie| ("session cookie", cookie.clone())));
    // Secrets where they do not belong: a query, a header, a body that no one reads, an unknown path.
    let stray = "canary-4f1d9a7c";
    let bearer = format!("Bearer {stray}");
    let headers = [("Authorization", bearer.as_str()), ("Cookie", "procura_1=canary-4f1d9a7c"), FORM];
    server.sends("GET", "/api/oauth/userinfo?access_token=canary-4f1d9a7c", &headers, "").await;
    server
        .sends(
            "POST",
            "/api/oauth/token?client_secret=canary-4f1d9a7c",
            &headers,
            "code=canary-4f1d9a7c&grant_type=canary-4f1d9a7c",
        )
        .await;
    server
        .sends(
            "GET",
            "/signin?client_id=canary-4f1d9a7c&state=canary-4f1d9a7c&login_hint=canary-4f1d9a7c",
            &headers,
            "",
        )
        .await;
    server
        .sends("POST", "/canary-4f1d9a7c", &[("Content-Type", "application/json")], "{\"password\":\"canary-4f1d9a7c")
        .await;
    secrets.push(("stray canary", stray.to_owned()));
    secrets
}

/// The part to look for: the middle of a secret is still the secret.
fn core<'a>(what: &str, secret: &'a str) -> &'a str {
    assert!(secret.len() >= 12, "{what} is too short to look for");
    &secret[2..secret.len() - 2]
}

#[tokio::test]
async fn threat_190_no_secret_is_in_the_log_or_the_metrics_whatever_the_level() {
    let place = Place::new().with("RUST_LOG", "trace");
    let server = place.starts();
    let secrets = use_everything(&place, &server).await;
    let metrics = server.operates("/metrics").await.text();
    let log = server.log();
    assert!(log.matches("answered a request").count() >= 10, "the log is not at work: {log}");
    for (what, secret) in &secrets {
        let core = core(what, secret);
        let told = log.lines().find(|line| line.contains(core));
        assert!(told.is_none(), "{what} is in the log: {told:?}");
        assert!(!metrics.contains(core), "{what} is in the metrics");
    }
    let key = std::fs::read_to_string(place.path("data/master.key")).unwrap();
    assert!(!log.contains(key.trim()));
}

#[tokio::test]
async fn threat_163_no_secret_is_on_the_disk_in_the_clear() {
    let place = Place::new();
    let server = place.starts();
    let secrets = use_everything(&place, &server).await;
    place.runs(&["backup", "--to", "one.backup"]).done();
    std::fs::remove_file(place.path("apps.toml")).unwrap();
    let disk = files(place.folder.path());
    for file in ["procura.db", "procura.db-wal", "one.backup"] {
        assert!(disk.iter().any(|(name, _)| name.ends_with(file)), "{file}");
    }
    for (what, secret) in &secrets {
        for (name, bytes) in &disk {
            assert!(!holds(bytes, core(what, secret)), "{what} is in {name}");
        }
    }
    let key = std::fs::read_to_string(place.path("data/master.key")).unwrap();
    for (name, bytes) in &disk {
        assert!(name.ends_with("master.key") || !holds(bytes, key.trim()), "the master key is in {name}");
    }
}

#[tokio::test]
async fn threat_186_a_start_that_fails_does_not_print_what_it_was_given() {
    let place = Place::new();
    for (name, value) in [
        ("PROCURA_DATABASE_URL", "postgres://procura:canary-4f1d9a7c@127.0.0.1:1/none"),
        ("PROCURA_SMTP_URL", "canary-4f1d9a7c"),
        ("PROCURA_ISSUER", "https://user:canary-4f1d9a7c@id.example.com"),
    ] {
        let ran = place.runs_with(&["serve"], &[(name, value)]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(!ran.sentence().contains("canary"), "{ran:?}");
    }
}
