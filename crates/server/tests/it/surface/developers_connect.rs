//! What an app has in the vault, on the developers' pages: providers, keys, agents, its identity provider, connections, webhooks.

use super::developers::{client_id, creates};
use crate::fake::Fake;
use db::testing::{postgres, sqlite};
use oauth::organization::{Actor, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Answer, Browser, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

const TABS: [&str; 6] = ["providers", "keys", "agents", "identity-provider", "connections", "webhooks"];

async fn app(ada: &mut Browser<'_>) -> String {
    let id = client_id(&creates(ada, &[("redirect_uri", "https://notes.test/cb")]).await);
    format!("/developers/apps/{id}")
}

async fn csrf(browser: &mut Browser<'_>) -> String {
    browser.opens("/developers/apps/new").await.form_with("redirect_uri")["csrf"].clone()
}

async fn posts(browser: &mut Browser<'_>, target: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = csrf(browser).await;
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.posts(target, &all).await
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}: {text}"));
    rest.split_once(after).unwrap().0
}

/// The forms of every tab, with something in each.
const DEEDS: [(&str, &[(&str, &str)]); 9] = [
    ("providers/google", &[("client_id", "x"), ("client_secret", "y")]),
    ("providers/google/test", &[]),
    ("providers/google/end", &[]),
    ("keys", &[("name", "x"), ("reach", "all")]),
    ("keys/0190/rotate", &[("overlap_days", "1")]),
    ("keys/0190/end", &[]),
    ("agents/0190/suspend", &[]),
    ("identity-provider", &[("issuer", "https://login.acme.test"), ("audience", "acme")]),
    ("webhooks", &[("url", "https://hooks.test/")]),
];

#[tokio::test]
async fn threat_188_what_an_app_of_others_has_is_not_found_and_a_viewer_changes_nothing() {
    for world in World::both().await {
        let (mut ada, mut eve) = (world.person("ada").await, world.person("eve").await);
        let app = app(&mut ada).await;
        for tab in TABS {
            let page = format!("{app}/{tab}");
            assert_eq!(world.browser().opens(&page).await.status, 303, "{page}");
            assert_eq!(ada.opens(&page).await.status, 200, "{page}");
            assert_eq!(eve.opens(&page).await.status, 404, "{page}");
        }
        for (deed, fields) in DEEDS {
            assert_eq!(posts(&mut eve, &format!("{app}/{deed}"), fields).await.status, 404, "{deed}");
        }
        let (id, seams) = (base::AppId::from_text(app.rsplit('/').next().unwrap()), world.seams.clone());
        let joined = world.store.write(move |tx| {
            let owner = oauth::app::find(tx, &id)?.unwrap().organization.unwrap();
            let handle = people::identity::Handle::parse("eve").unwrap();
            let account = people::identity::find_by_handle(tx, &handle)?.unwrap().account;
            oauth::organization::add_member(tx, &seams, &Actor::Operator, &owner, &account, Role::Viewer)
        });
        joined.await.unwrap();
        for tab in TABS {
            assert_eq!(eve.opens(&format!("{app}/{tab}")).await.status, 200, "{tab}");
        }
        for (deed, fields) in DEEDS {
            assert_eq!(posts(&mut eve, &format!("{app}/{deed}"), fields).await.status, 404, "{deed}");
        }
    }
}

#[tokio::test]
async fn credentials_at_a_provider_are_set_kept_sealed_and_removed() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let app = app(&mut ada).await;
        let google = format!("{app}/providers/google");
        let page = ada.opens(&google).await.text();
        assert!(page.contains(&format!("{}/connect/callback/google", world.issuer)), "{page}");
        let scope = "https://www.googleapis.com/auth/calendar.readonly";
        let wrong = posts(&mut ada, &google, &[("client_id", "gid"), ("allowed", "nothing")]).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains("value=\"gid\"") && wrong.text().contains("none of this provider"));
        assert_eq!(posts(&mut ada, &google, &[("client_id", "")]).await.status, 422);
        let set = [("client_id", "gid"), ("client_secret", "very-secret"), ("allowed", scope), ("default", scope)];
        assert_eq!(posts(&mut ada, &google, &set).await.status, 303);
        let page = ada.opens(&google).await.text();
        assert!(
            page.contains("value=\"gid\"") && page.contains("One is kept") && !page.contains("very-secret"),
            "{page}"
        );
        assert!(ada.opens(&format!("{app}/providers")).await.text().contains("Your credentials"));
        // Saved again without the secret, it is the same secret.
        assert_eq!(posts(&mut ada, &google, &[("client_id", "other")]).await.status, 303);
        let id = base::AppId::from_text(app.rsplit('/').next().unwrap());
        let known = world.app.vault.configured_as(&id, "google").await.unwrap().unwrap();
        assert_eq!(
            (known.client.client_id.as_str(), known.client.secret.as_ref().unwrap().reveal()),
            ("other", "very-secret")
        );
        assert_eq!(posts(&mut ada, &format!("{google}/end"), &[]).await.status, 303);
        assert!(world.app.vault.configured_as(&id, "google").await.unwrap().is_none());
        assert_eq!(ada.opens(&format!("{google}/end")).await.status, 404);
        assert_eq!(ada.opens(&format!("{app}/providers/nothing")).await.status, 404);
    }
}

#[tokio::test]
async fn a_test_of_a_provider_says_what_its_answer_means() {
    let fake = Fake::start().await;
    let world = fake.world().await;
    let mut ada = world.person("ada").await;
    let app = app(&mut ada).await;
    let test = format!("{app}/providers/fake-calendar/test");
    let good = posts(&mut ada, &test, &[]).await.text();
    assert!(good.contains("knows these credentials"), "{good}");
    assert_eq!(posts(&mut ada, &format!("{app}/providers/google/test"), &[]).await.status, 404);
}

#[tokio::test]
async fn a_key_is_shown_once_rotated_and_revoked() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let app = app(&mut ada).await;
        let keys = format!("{app}/keys");
        let none = posts(&mut ada, &keys, &[("name", "CI"), ("reach", "some")]).await;
        assert_eq!(none.status, 422);
        assert!(none.text().contains("value=\"CI\"") && none.text().contains("Choose at least one"));
        assert_eq!(posts(&mut ada, &keys, &[("name", " "), ("reach", "all")]).await.status, 422);
        assert_eq!(
            posts(&mut ada, &keys, &[("name", "CI"), ("reach", "some"), ("verb.grants", "erase")]).await.status,
            422
        );
        let some = [("name", "CI"), ("reach", "some"), ("verb.grants", "read"), ("action", "proxy:execute")];
        let made = posts(&mut ada, &keys, &some).await.text();
        let key = between(&made, "<code id=\"fresh\">", "<").to_owned();
        let backend = testkit::Backend::of(&world, &key);
        assert_eq!(backend.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
        assert_eq!(backend.refusal("GET", "/sdk/agents", &Value::Null).await, "403 insufficient_scope");
        let list = ada.opens(&keys).await.text();
        assert!(!list.contains(&key) && list.contains("grants:read"), "{list}");
        let id = between(&list, &format!("{keys}/"), "/").to_owned();
        let rotated = posts(&mut ada, &format!("{keys}/{id}/rotate"), &[("overlap_days", "1")]).await.text();
        let next = between(&rotated, "<code id=\"fresh\">", "<").to_owned();
        for held in [&key, &next] {
            let backend = testkit::Backend::of(&world, held);
            assert_eq!(backend.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
        }
        world.clock.advance_secs(86_401);
        assert_eq!(backend.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 key_rotated_grace_expired");
        ada.signs_in().await;
        let list = ada.opens(&keys).await.text();
        let end = between(&list, "class=\"button quiet\" href=\"", "\"").to_owned();
        assert!(ada.opens(&end).await.text().contains("Revoke the key"));
        assert_eq!(posts(&mut ada, &end, &[]).await.status, 303);
        let backend = testkit::Backend::of(&world, &next);
        assert_eq!(backend.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 key_revoked");
    }
}

#[tokio::test]
async fn agents_are_suspended_resumed_and_revoked_and_connections_are_listed_without_credentials() {
    let fake = Fake::start().await;
    for world in fake.worlds().await {
        let mut ada = world.person("ada").await;
        let notes = world.app("notes", "").await;
        let backend = world.backend(&notes).await;
        let wish = json!({ "name": "scheduler", "scopes": { "fake-calendar": ["calendar.read"] } });
        let agent = backend.gets("POST", "/sdk/agents", &wish).await;
        fake.links(&mut ada, &notes, &backend, json!({})).await;
        let (id, seams) = (base::AppId::from_text(notes.client_id.as_str()), world.seams.clone());
        let joined = world.store.write(move |tx| {
            let owner = oauth::app::find(tx, &id)?.unwrap().organization.unwrap();
            let handle = people::identity::Handle::parse("ada").unwrap();
            let account = people::identity::find_by_handle(tx, &handle)?.unwrap().account;
            oauth::organization::add_member(tx, &seams, &Actor::Operator, &owner, &account, Role::Developer)
        });
        joined.await.unwrap();
        let app = format!("/developers/apps/{}", notes.client_id);
        let list = ada.opens(&format!("{app}/connections")).await.text();
        assert!(list.contains("ada@fake.example") && list.contains("@ada") && list.contains("Fake calendar"), "{list}");
        let agents = format!("{app}/agents");
        assert!(ada.opens(&agents).await.text().contains("<code>fake-calendar</code>"));
        let one = format!("{agents}/{}", agent["id"].as_str().unwrap());
        assert_eq!(
            posts(&mut ada, &format!("{one}/suspend"), &[]).await.location(),
            format!("{agents}?said=suspended")
        );
        assert!(ada.opens(&agents).await.text().contains("Suspended"));
        assert_eq!(posts(&mut ada, &format!("{one}/resume"), &[]).await.location(), format!("{agents}?said=resumed"));
        assert!(ada.opens(&format!("{one}/end")).await.text().contains("stays revoked"));
        assert_eq!(posts(&mut ada, &format!("{one}/end"), &[]).await.location(), format!("{agents}?said=revoked"));
        assert!(ada.opens(&agents).await.text().contains("Revoked"));
    }
}

#[tokio::test]
async fn an_identity_provider_is_set_changed_and_removed() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let here = format!("{}/identity-provider", app(&mut ada).await);
        let claims =
            [("subject_claim", "sub"), ("email_claim", "email"), ("name_claim", "name"), ("groups_claim", "groups")];
        let with = |issuer: &'static str| {
            let mut fields = vec![("issuer", issuer), ("audience", "acme")];
            fields.extend(claims);
            fields
        };
        let refused = posts(&mut ada, &here, &with("http://login.acme.test")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("value=\"http://login.acme.test\""));
        assert_eq!(posts(&mut ada, &here, &with("https://login.acme.test")).await.status, 303);
        assert!(ada.opens(&here).await.text().contains("value=\"https://login.acme.test\""));
        assert!(ada.opens(&format!("{here}/end")).await.text().contains("are refused as user_token"));
        assert_eq!(posts(&mut ada, &format!("{here}/end"), &[]).await.status, 303);
        assert_eq!(ada.opens(&format!("{here}/end")).await.status, 404);
    }
}

/// Somebody who is told of things: answers with the status it is told to, and keeps what came.
struct Receiver {
    address: String,
    came: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<&'static str>>,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (came, answers) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new("204 No Content")));
        let (kept, told) = (came.clone(), answers.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut part = vec![0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut part).await {
                    request.extend_from_slice(&part[..read]);
                    let text = String::from_utf8_lossy(&request);
                    let length = text
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
                    let has_body = text.split_once("\r\n\r\n").is_some_and(|(_, body)| Some(body.len()) == length);
                    if has_body {
                        break;
                    }
                }
                kept.lock().await.push(String::from_utf8_lossy(&request).into_owned());
                let status = *told.lock().await;
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Receiver { address, came, answers }
    }

    async fn worlds(&self) -> [World; 2] {
        let settings = [("PROCURA_EGRESS_ALLOW", self.address.as_str())];
        [World::on(sqlite().await, &settings).await, World::on(postgres().await, &settings).await]
    }
}

/// Something that the app is told of.
async fn happens(world: &World, app: &str) {
    let (seams, app) = (world.seams.clone(), base::AppId::from_text(app.rsplit('/').next().unwrap()));
    world
        .store
        .write(move |tx| vault::webhook::tell(tx, &seams, &app, "grant.revoked", &json!({ "grant_id": "g1" })))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_webhook_is_told_signed_and_again_until_it_answers() {
    let receiver = Receiver::start().await;
    for world in receiver.worlds().await {
        let mut ada = world.person("ada").await;
        let app = app(&mut ada).await;
        let hooks = format!("{app}/webhooks");
        for url in ["http://hooks.test/", "https://u:p@hooks.test/", "https://hooks.test/#x", "hooks", ""] {
            let refused = posts(&mut ada, &hooks, &[("url", url)]).await;
            assert_eq!(refused.status, 422, "{url}");
        }
        assert_eq!(posts(&mut ada, &hooks, &[("url", "https://h.test/"), ("event", "nothing")]).await.status, 422);
        let url = format!("http://{}/hook", receiver.address);
        let made = posts(&mut ada, &hooks, &[("url", &url), ("event", "grant.revoked")]).await.text();
        let secret = between(&made, "<code id=\"fresh\">", "<").to_owned();
        let one = format!("{hooks}/{}", between(&made, &format!("action=\"{hooks}/"), "\""));
        assert!(!ada.opens(&one).await.text().contains(&secret));

        happens(&world, &app).await;
        *receiver.answers.lock().await = "302 Found\r\nLocation: https://elsewhere.test/";
        receiver.came.lock().await.clear();
        assert_eq!(world.app.vault.deliver_webhooks().await.unwrap(), 1);
        assert_eq!(world.app.vault.deliver_webhooks().await.unwrap(), 0, "not before its time");
        assert!(ada.opens(&one).await.text().contains("it redirects, and deliveries do not follow"));
        *receiver.answers.lock().await = "204 No Content";
        world.clock.advance_secs(15);
        assert_eq!(world.app.vault.deliver_webhooks().await.unwrap(), 1);
        let came = receiver.came.lock().await.clone();
        assert_eq!(came.len(), 2);
        let header = |request: &str, name: &str| {
            let found = request
                .lines()
                .find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)));
            found.unwrap_or_else(|| panic!("no {name}: {request}")).1.to_owned()
        };
        assert_eq!(
            header(&came[0], "Procura-Webhook-Id"),
            header(&came[1], "Procura-Webhook-Id"),
            "repetitions are told apart"
        );
        let (id, at) = (header(&came[1], "Procura-Webhook-Id"), header(&came[1], "Procura-Webhook-Timestamp"));
        let body = came[1].split_once("\r\n\r\n").unwrap().1;
        assert_eq!(serde_json::from_str::<Value>(body).unwrap()["id"], json!(id));
        assert_eq!(at, world.seams.now().secs().to_string());
        let signed = vault::webhook::sign(&base::Secret::new(secret.as_str()), &id, &at, body);
        assert_eq!(header(&came[1], "Procura-Webhook-Signature"), signed);
        let page = ada.opens(&one).await.text();
        assert!(page.contains("Delivered") && page.contains("answered 204") && page.contains("2 attempts"), "{page}");

        // What nobody takes for a day is dead, and can be sent once more.
        happens(&world, &app).await;
        *receiver.answers.lock().await = "500 Internal Server Error";
        let mut attempts = 0;
        for _ in 0..40 {
            attempts += world.app.vault.deliver_webhooks().await.unwrap();
            world.clock.advance_secs(4 * 3_600);
        }
        assert!((10..20).contains(&attempts), "{attempts}");
        ada.signs_in().await;
        let dead = ada.opens(&format!("{one}?show=dead")).await.text();
        assert!(dead.contains("Dead") && dead.contains("answered 500"), "{dead}");
        let resend = format!("{one}/deliveries/{}/resend", between(&dead, &format!("{one}/deliveries/"), "/"));
        *receiver.answers.lock().await = "200 OK";
        assert_eq!(posts(&mut ada, &resend, &[]).await.status, 303);
        assert_eq!(world.app.vault.deliver_webhooks().await.unwrap(), 1);
        assert!(ada.opens(&format!("{one}?show=dead")).await.text().contains("None of that kind"));

        // Off, nothing is written for it; removed, nothing of it is left.
        assert_eq!(posts(&mut ada, &one, &[("url", &url)]).await.status, 303);
        happens(&world, &app).await;
        assert_eq!(world.app.vault.deliver_webhooks().await.unwrap(), 0);
        assert_eq!(posts(&mut ada, &format!("{one}/end"), &[]).await.status, 303);
        assert_eq!(ada.opens(&one).await.status, 404);
    }
}

#[tokio::test]
async fn threat_168_a_delivery_goes_to_no_address_inside() {
    let receiver = Receiver::start().await;
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let app = app(&mut ada).await;
    let hooks = format!("{app}/webhooks");
    let inside = format!("http://{}/hook", receiver.address);
    assert_eq!(posts(&mut ada, &hooks, &[("url", &inside)]).await.status, 422);
    let made = posts(&mut ada, &hooks, &[("url", "https://127.0.0.1/hook")]).await;
    assert_eq!(made.status, 200, "the guard judges at every delivery");
    happens(&world, &app).await;
    assert_eq!(world.app.vault.deliver_webhooks().await.unwrap(), 1);
    let one = format!("{hooks}/{}", between(&made.text(), &format!("action=\"{hooks}/"), "\""));
    let page = ada.opens(&one).await.text();
    assert!(page.contains("Waiting") && page.contains("1 attempt") && !page.contains("Delivered</span>"), "{page}");
}

#[tokio::test]
async fn two_deliverers_send_a_delivery_once() {
    let receiver = Receiver::start().await;
    for world in receiver.worlds().await {
        let mut ada = world.person("ada").await;
        let app = app(&mut ada).await;
        let url = format!("http://{}/hook", receiver.address);
        posts(&mut ada, &format!("{app}/webhooks"), &[("url", &url)]).await;
        receiver.came.lock().await.clear();
        for _ in 0..5 {
            happens(&world, &app).await;
        }
        let rounds = (0..16).map(|_| {
            let vault = world.app.vault.clone();
            tokio::spawn(async move { vault.deliver_webhooks().await })
        });
        for round in rounds.collect::<Vec<_>>() {
            round.await.unwrap().unwrap();
        }
        assert_eq!(receiver.came.lock().await.len(), 5, "on {}", world.engine);
    }
}
