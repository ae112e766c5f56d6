//! kill -9 under load: what was answered is known afterwards, what was spent stays spent, the file opens as it is.

use super::person::{App, FORM, Person, REDIRECT, redemption};
use super::{Place, Server, soon};
use db::{Location, Store, args};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Answer, Fake};
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

fn calendar() -> String {
    format!(
        "[[organization]]\nkey = \"acme\"\nname = \"Acme\"\n\n[[app]]\nkey = \"notes\"\norganization = \"acme\"\nname = \"Notes\"\n\
         redirect_uris = [\"{REDIRECT}\"]\nid_token_signed_response_alg = \"EdDSA\"\n\n\
         [[app]]\nkey = \"calendars\"\norganization = \"acme\"\nname = \"Calendars\"\nredirect_uris = [\"https://calendars.test/cb\"]\n\n\
         [[resource]]\nkey = \"calendar:fake\"\napp = \"calendars\"\nkind = \"vault\"\nprovider = \"fake-calendar\"\n\
         name = \"Calendar\"\nscopes = [\n{{ name = \"calendar.read\", text = \"See your calendars\", risk = \"medium\", \
         provider_scopes = [\"calendar.read\"], allow = [\"GET /calendar/v3/**\"] }},\n]\n"
    )
}

/// A token with which an app reads the calendar that a person has just linked.
async fn linked(place: &Place, server: &Server, fake: &Fake) -> String {
    place.writes("apps.toml", &calendar());
    let out = place.runs(&["apply", "-f", "apps.toml"]).done();
    let field = |name: &str| out.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    let app = App { id: field("app.notes.client_id="), secret: field("app.notes.client_secret=") };
    soon("the app is known", async || app.asks(server, "client_credentials", "").await.status == 200).await;
    let code = Person::registers(server, "ada").await.links(&app, fake, "calendar:fake", "calendar.read").await;
    let subject = token_named(&app.redeems(server, &code).await, "access_token_jwt");
    let more = format!("subject_token={subject}&resource=calendar%3Afake");
    token_named(
        &app.asks(server, "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange", &more).await,
        "access_token",
    )
}

fn token_named(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// The server dies when the service has renewed a credential and before it has heard so. Gives what the next one answers.
async fn dies_while_it_renews(rotates: bool) -> Answer {
    let fake = Fake::new().await;
    // So short that the first call renews it, so long that it can be linked.
    fake.fails(&json!({ "rotate": rotates, "expires_in": 45 })).await;
    let place =
        Place::new().with("PROCURA_ISSUER", "http://localhost:8460").with("PROCURA_FAKE_PROVIDER", fake.origin.clone());
    let server = place.starts();
    let bearer = format!("Bearer {}", linked(&place, &server, &fake).await);
    let target = "/proxy/calendar:fake/calendar/v3/events";
    fake.fails(&json!({ "hold_after_commit_ms": 100_000, "expires_in": 3600 })).await;
    let Address { listen, host } = Address::of(&server);
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n");
    let waiting = tokio::spawn(async move {
        if let Ok(mut stream) = TcpStream::connect(&listen).await {
            let _ = stream.write_all(request.as_bytes()).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    soon("the service has renewed it", async || fake.stats().await["refreshes"] == 1).await;
    server.dies();
    waiting.await.unwrap();
    fake.fails(&json!({ "hold_after_commit_ms": 0 })).await;
    // What the dead one held runs out by itself, half a minute later.
    let store = Store::open(&Location::Sqlite(place.path("data/procura.db"))).unwrap();
    store.write(|tx| tx.run("DELETE FROM leases", args![])).await.unwrap();
    drop(store);
    let server = place.starts();
    server.sends("GET", target, &[("Authorization", &bearer)], "").await
}

#[tokio::test]
async fn threat_157_a_server_killed_while_it_renews_a_credential_is_never_silently_wrong() {
    let recovered = dies_while_it_renews(false).await;
    assert_eq!((recovered.status, recovered.header("procura-refusal")), (200, None), "{recovered:?}");
    // The old refresh token is dead at the service, and whoever holds the new one is dead too: the person is asked.
    let lost = dies_while_it_renews(true).await;
    assert_eq!(lost.header("procura-refusal"), Some("credential_revoked"), "{lost:?}");
    assert!(lost.text().contains("in_doubt"), "{lost:?}");
}
