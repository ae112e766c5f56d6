//! kill -9 under load: what was answered is known afterwards, what was spent stays spent, the file opens as it is.

use super::person::{App, FORM, Person, redemption};
use super::{Place, Server};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends a form, and gives the JSON of a 200 that arrived whole; nothing when the server died under it.
async fn try_post(listen: &str, host: &str, target: &str, body: &str) -> Option<serde_json::Value> {
    let mut stream = TcpStream::connect(listen).await.ok()?;
    let (name, kind) = FORM;
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{name}: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let text = String::from_utf8(answer).ok()?;
    let (head, json) = text.split_once("\r\n\r\n")?;
    if head.starts_with("HTTP/1.1 200") { serde_json::from_str(json).ok() } else { None }
}

fn token(answer: &serde_json::Value) -> String {
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Where a server is, for tasks that outlive the borrow.
#[derive(Clone)]
struct Address {
    listen: String,
    host: String,
}

impl Address {
    fn of(server: &Server) -> Address {
        Address { listen: server.listen.clone(), host: server.issuer.split_once("://").unwrap().1.to_owned() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_server_knows_every_token_it_answered_and_redeems_no_code_twice() {
    // The issuer stays the same over the restart, though the port does not.
    let place = Place::new().with("PROCURA_ISSUER", "http://localhost:8460");
    let server = place.starts();
    let app = App::registered(&place, &server).await;
    let mut person = Person::registers(&server, "ada").await;
    let mut codes = Vec::new();
    for _ in 0..120 {
        codes.push(person.approves(&app, "openid").await);
    }
    drop(person);

    let (address, app) = (Address::of(&server), Arc::new(app));
    let mut writing = Vec::new();
    for _ in 0..8 {
        let (address, app) = (address.clone(), app.clone());
        writing.push(tokio::spawn(async move {
            let (mut answered, body) = (Vec::new(), format!("grant_type=client_credentials&{}", app.own()));
            while let Some(answer) = try_post(&address.listen, &address.host, "/api/oauth/token", &body).await {
                answered.push(token(&answer));
            }
            answered
        }));
    }
    let mut redeeming = Vec::new();
    for lane in codes.chunks(30).map(<[String]>::to_vec) {
        let (address, app) = (address.clone(), app.clone());
        redeeming.push(tokio::spawn(async move {
            let mut answered = Vec::new();
            for code in lane {
                tokio::time::sleep(Duration::from_millis(12)).await;
                let body = format!("grant_type=authorization_code&{}&{}", app.own(), redemption(&code));
                let answer = try_post(&address.listen, &address.host, "/api/oauth/token", &body).await;
                answered.push((code, answer.as_ref().map(token)));
            }
            answered
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.dies();

    let (mut tokens, mut redeemed) = (Vec::new(), Vec::new());
    for lane in writing {
        tokens.extend(lane.await.unwrap());
    }
    for lane in redeeming {
        redeemed.extend(lane.await.unwrap());
    }
    let known: Vec<_> = redeemed.iter().filter_map(|(_, token)| token.clone()).collect();
    assert!(tokens.len() > 20 && known.len() > 5, "no load: {} tokens, {} codes", tokens.len(), known.len());
    assert!(known.len() < codes.len(), "killed too late");

    let doctor = place.runs(&["doctor"]);
    assert!(!doctor.out.contains("fail"), "the file needs repair: {doctor:?}");
    let server = place.starts();
    for token in tokens.iter().chain(&known) {
        assert!(app.sees_active(&server, token).await, "an answered token is unknown");
    }
    for (code, token) in &redeemed {
        let mut granted = usize::from(token.is_some());
        for _ in 0..2 {
            granted += usize::from(app.redeems(&server, code).await.status == 200);
        }
        assert!(granted <= 1, "a code was redeemed twice");
    }
}

#[tokio::test]
async fn threat_192_a_full_disk_issues_nothing_that_is_not_remembered() {
    let place = Place::new().with("PROCURA_ISSUER", "http://localhost:8460");
    let server = place.starts();
    let app = App::registered(&place, &server).await;
    server.stops();
    let server = place.starts_with_little_room(1024);
    let (mut tokens, mut refused) = (Vec::new(), 0);
    for _ in 0..20_000 {
        let answer = app.asks(&server, "client_credentials", "").await;
        if answer.status == 200 {
            tokens.push(token(&answer.json()));
        } else {
            assert!(matches!(answer.status, 500 | 503), "{answer:?}");
            let text = answer.text();
            assert!(!text.contains("pat_") && !text.contains("sqlite") && !text.contains("disk"), "{text}");
            refused += 1;
        }
        if refused == 3 {
            break;
        }
    }
    assert!(refused == 3 && !tokens.is_empty(), "the disk never filled: {} tokens", tokens.len());
    // What needs no disk goes on.
    assert_eq!(server.gets("/.well-known/jwks.json").await.status, 200);
    server.dies();
    let server = place.starts();
    for token in &tokens {
        assert!(app.sees_active(&server, token).await, "an answered token is unknown");
    }
    assert_eq!(app.asks(&server, "client_credentials", "").await.status, 200);
}
