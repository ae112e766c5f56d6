//! Section 9: linking accounts and keeping their credentials.

use crate::flows::connect::{SITE, links, opens, presses, session, user_token};
use crate::flows::secret::{Place, asks};
use base::Fault;
use db::{Tx, args};
use serde_json::{Value, json};
use testkit::backend::{Backend, said};
use testkit::{Browser, Fake, TestApp, World};

/// A person with a linked calendar, and the grant on it.
async fn linked<'a>(world: &'a World, fake: &Fake, app: &TestApp<'a>, backend: &Backend<'_>) -> (Browser<'a>, String) {
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, app).await;
    let token = session(backend, json!({ "user_token": user })).await;
    let path = opens(&mut ada, &token, true).await;
    links(&mut ada, fake, &path).await;
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    let id = polled["grants"][0]["grant_id"].as_str().unwrap_or_else(|| panic!("{polled}")).to_owned();
    (ada, id)
}

fn call(id: &str, fake: &Fake) -> Value {
    json!({ "grant_id": id, "reason": null, "request": { "method": "GET", "url": format!("{}/calendar/v3/events", fake.origin) } })
}

/// One value of the only connection.
pub(crate) async fn column(world: &World, sql: &'static str) -> Option<String> {
    world
        .store
        .read(move |tx: &mut Tx<'_>| {
            Ok::<_, Fault>(match tx.one(sql, args![])? {
                Some(row) => row.opt_text("value")?,
                None => None,
            })
        })
        .await
        .unwrap()
}

async fn run(world: &World, sql: &'static str) {
    world.store.write(move |tx: &mut Tx<'_>| tx.run(sql, args![])).await.unwrap();
}

#[tokio::test]
async fn threat_140_whoever_finishes_is_the_browser_and_the_person_that_began() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let mut mallory = world.person("mallory").await;
        let user = user_token(&mut mallory, &notes).await;
        let token = session(&backend, json!({ "user_token": user })).await;
        let path = opens(&mut mallory, &token, true).await;
        let page = mallory.opens(&path).await;
        let away = presses(&mut mallory, &page, &path, "continue").await;
        let back = fake.opens(away.location()).await.location().to_owned();

        // Alice follows the address that Mallory sent her: neither the answer nor the page is hers.
        let mut alice = world.person("alice").await;
        let answer = alice.opens(&back).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.text().contains("another browser"), "{}", answer.text());
        assert_eq!(alice.opens(&path).await.status, 404);
        assert_eq!(alice.posts(&path, &[("decision", "finish"), ("csrf", "x")]).await.status, 403);
        let body = json!({ "session_token": token, "has_opener": true });
        assert_eq!(alice.calls("/sdk/oauth/connect/open", &body).await.json()["error"], "session_expired");
        // In Mallory's own browser with somebody else signed in, the account is nobody's either.
        let mut mixed = world.person("bob").await;
        let flow: Vec<_> = mallory.cookies.iter().filter(|(name, _)| name.contains("flow")).collect();
        mixed.cookies.extend(flow.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        assert_eq!(mixed.opens(&back).await.status, 400);
        assert_eq!(mixed.opens(&path).await.status, 403);
        // Nothing was spent by trying: who began can finish.
        assert_eq!(mallory.opens(&back).await.location(), path);
    }
}

#[tokio::test]
async fn threat_140_a_stranger_is_told_what_to_look_out_for() {
    let (world, _fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    // A session for the app itself, asked to skip the page: the page is shown all the same.
    let token = session(&backend, json!({ "direct": true })).await;
    let mut browser = world.browser();
    let path = opens(&mut browser, &token, true).await;
    let page = browser.opens(&path).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text().contains("Go on only if you yourself started this"), "{}", page.text());
}

#[tokio::test]
async fn threat_141_an_answer_counts_only_at_the_address_of_its_own_service() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let token = session(&backend, json!({ "user_token": user })).await;
    let path = opens(&mut ada, &token, true).await;
    let page = ada.opens(&path).await;
    let away = presses(&mut ada, &page, &path, "continue").await;
    let back = fake.opens(away.location()).await.location().to_owned();
    assert!(back.contains("/connect/callback/fake-calendar?"), "{back}");
    let swapped = back.replace("/callback/fake-calendar", "/callback/fake-chat");
    assert_eq!(ada.opens(&swapped).await.status, 400);
    // The right address, but the answer says that another issuer gave it: the code is not sent anywhere.
    let other = back.replace("%2Fcalendar", "%2Fchat");
    assert_ne!(other, back, "the fake provider names itself");
    let before = fake.stats().await["token_requests"].clone();
    assert_eq!(ada.opens(&other).await.location(), path);
    assert!(ada.opens(&path).await.text().contains("came from another service"));
    assert_eq!(fake.stats().await["token_requests"], before);
}

#[tokio::test]
async fn threat_142_an_answer_that_nobody_asked_for_links_nothing() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let (mut ada, _) = linked(&world, &fake, &notes, &backend).await;
    for forged in ["", "?code=x", "?code=x&state=lnk_AAAA", "?state=&code=x", "?code=a&code=b&state=c", "?%ff=1"] {
        let answer = ada.opens(&format!("/connect/callback/fake-calendar{forged}")).await;
        assert_eq!(answer.status, 400, "{forged}: {answer:?}");
    }
    // And an answer that was taken already is over.
    let user = user_token(&mut ada, &notes).await;
    let token = session(&backend, json!({ "user_token": user, "switch_account": true })).await;
    let path = opens(&mut ada, &token, true).await;
    let page = ada.opens(&path).await;
    let away = presses(&mut ada, &page, &path, "continue").await;
    let back = fake.opens(away.location()).await.location().to_owned();
    assert_eq!(ada.opens(&back).await.location(), path);
    assert_eq!(ada.opens(&back).await.status, 400);
}

#[tokio::test]
async fn threat_143_a_session_is_strict() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let ask = |more: Value| {
            let mut ask = json!({ "allowed_providers": ["fake-calendar"] });
            ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ask
        };
        for (more, refusal) in [
            (json!({ "allowed_origin": "*" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "https://notes.test/" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "https://notes.test/path" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "https://*.notes.test" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "notes.test" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "http://notes.test" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "https://ada@notes.test" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "https://notes.test:443" }), "400 invalid_origin"),
            (json!({ "allowed_providers": ["google"] }), "400 unknown_provider"),
            (json!({ "allowed_providers": [] }), "400 invalid_request"),
            (json!({ "required_scopes": { "fake-calendar": ["mail.send"] } }), "400 scope_not_allowed"),
            (json!({ "required_scopes": { "fake-chat": ["messages.read"] } }), "400 scope_not_allowed"),
            (json!({ "direct": true, "allowed_providers": ["fake-calendar", "fake-chat"] }), "400 invalid_request"),
            (json!({ "agent": "nobody" }), "400 agent_requires_user_token"),
            (json!({ "scope_constraint": ["calendar.read"] }), "422 invalid_scope_constraint"),
            (json!({ "grant_policy": { "max_ttl_seconds": 1, "default_ttl_seconds": 2 } }), "422 invalid_grant_policy"),
            (json!({ "repair_grant_id": "11111111-1111-4111-8111-111111111111" }), "404 grant_not_found"),
        ] {
            assert_eq!(
                backend.refusal("POST", "/sdk/oauth/connect/session", &ask(more.clone())).await,
                refusal,
                "{more}"
            );
        }
        // Once it is completed, no browser can use it again, the same one included; the backend still reads what came of it.
        let token = session(&backend, json!({ "user_token": user })).await;
        let path = opens(&mut ada, &token, true).await;
        links(&mut ada, &fake, &path).await;
        let body = json!({ "session_token": token, "has_opener": true });
        assert_eq!(ada.calls("/sdk/oauth/connect/open", &body).await.json()["error"], "session_expired");
        // Late is over, for the page and for whoever asks.
        let token = session(&backend, json!({ "user_token": user })).await;
        world.clock.advance_secs(601);
        let body = json!({ "session_token": token, "has_opener": true });
        assert_eq!(ada.calls("/sdk/oauth/connect/open", &body).await.json()["error"], "session_expired");
        let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
        assert_eq!(polled, json!({ "status": "expired" }));
        // Half a token is none, and another app's is unknown.
        let cut = json!({ "session_token": &token[..token.len() - 1], "has_opener": true });
        assert_eq!(ada.calls("/sdk/oauth/connect/open", &cut).await.json()["error"], "invalid_token");
        let other = world.backend(&world.app("other", SITE).await).await;
        let polled = other.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
        assert_eq!(polled, json!({ "status": "expired" }));
    }
}

#[tokio::test]
async fn threat_143_the_result_is_told_to_the_sessions_own_origin_alone() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let token = session(&backend, json!({ "user_token": user })).await;
    let path = opens(&mut ada, &token, true).await;
    links(&mut ada, &fake, &path).await;
    let body = json!({ "session_token": token }).to_string();
    for (origin, status) in [("https://notes.test", 200), ("https://evil.test", 403), ("null", 403)] {
        let headers = [("Origin", origin), ("Content-Type", "application/json")];
        let answer = world.send("POST", "/sdk/oauth/connect/session/result", &headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{origin}: {answer:?}");
        assert_eq!(answer.text().contains("ada@fake.example"), status == 200);
    }
    let answer = world.send("POST", "/sdk/oauth/connect/session/result", &[], body.as_bytes()).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn threat_140_143_a_session_about_a_secret_is_as_strict() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("bearer").await);
        let backend = world.backend(&notes).await;
        let mut mallory = world.person("mallory").await;
        let user = user_token(&mut mallory, &notes).await;
        for (more, refusal) in [
            (json!({ "allowed_origin": "*" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "https://notes.test/" }), "400 invalid_origin"),
            (json!({ "allowed_origin": "http://notes.test" }), "400 invalid_origin"),
            (json!({ "return_url": "https://evil.test/" }), "400 invalid_return_url"),
        ] {
            let mut ask = json!({ "provider": "weather", "user_token": user });
            ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let said = backend.refusal("POST", "/sdk/managed-secrets/connect/session", &ask).await;
            assert_eq!(said, refusal, "{more}");
        }
        let opened = asks(&backend, &user, json!({})).await;
        let token = opened["session_token"].as_str().unwrap();
        let path = opens(&mut mallory, token, true).await;
        let page = mallory.opens(&path).await;
        assert!(!page.text().contains("if you yourself started this"), "we know who it is");
        // Alice, whom the link was sent to, has another browser; and in Mallory's browser she is another person.
        let mut alice = world.person("alice").await;
        assert_eq!(alice.opens(&path).await.status, 404);
        let claim = json!({ "session_token": token, "has_opener": true });
        assert_eq!(alice.calls("/sdk/oauth/connect/open", &claim).await.json()["error"], "session_expired");
        let flow: Vec<_> = mallory.cookies.iter().filter(|(name, _)| name.contains("flow")).collect();
        alice.cookies.extend(flow.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        assert_eq!(alice.opens(&path).await.status, 403);
        let csrf = page.form_with("csrf")["csrf"].clone();
        let key = [("csrf", csrf.as_str()), ("decision", "key"), ("secret.key", "sk_of_alice")];
        assert_eq!(alice.posts(&path, &key).await.status, 403);
        // A browser in which nobody is signed in asks who it is.
        let mut nobody = world.browser();
        let opened = asks(&backend, &user, json!({})).await;
        let path = opens(&mut nobody, opened["session_token"].as_str().unwrap(), true).await;
        assert!(nobody.opens(&path).await.location().starts_with("/login?return_to="));
        // Once done it is over, and late is over.
        let opened = asks(&backend, &user, json!({})).await;
        let path = opens(&mut mallory, opened["session_token"].as_str().unwrap(), true).await;
        let page = mallory.opens(&path).await;
        let mut form = page.form_with("csrf");
        form.insert("secret.key".to_owned(), "sk_of_mallory".to_owned());
        form.insert("decision".to_owned(), "key".to_owned());
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(mallory.posts(&path, &fields).await.location(), path);
        let generation =
            column(world, "SELECT generation AS value FROM connections WHERE account_id IS NOT NULL").await;
        assert_eq!(mallory.posts(&path, &fields).await.location(), path);
        let after = column(world, "SELECT generation AS value FROM connections WHERE account_id IS NOT NULL").await;
        assert_eq!(generation, after, "what is over changes nothing");
        let claim = json!({ "session_token": opened["session_token"], "has_opener": true });
        assert_eq!(mallory.calls("/sdk/oauth/connect/open", &claim).await.json()["error"], "session_expired");
        let opened = asks(&backend, &user, json!({})).await;
        world.clock.advance_secs(601);
        let claim = json!({ "session_token": opened["session_token"], "has_opener": true });
        assert_eq!(mallory.calls("/sdk/oauth/connect/open", &claim).await.json()["error"], "session_expired");
    }
}

#[tokio::test]
async fn threat_140_whoever_only_the_app_knows_is_warned_at_a_secret_too() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("bearer").await);
        let backend = world.backend(&notes).await;
        let user = place.outside.token(&json!({ "sub": "alice" }));
        let opened = asks(&backend, &user, json!({})).await;
        assert_eq!(opened["path"], "key_entry");
        let mut browser = world.browser();
        let path = opens(&mut browser, opened["session_token"].as_str().unwrap(), true).await;
        let page = browser.opens(&path).await;
        assert!(page.text().contains("Go on only if you yourself started this"), "{}", page.text());
        let mut form = page.form_with("csrf");
        form.insert("secret.key".to_owned(), "sk_of_alice".to_owned());
        form.insert("decision".to_owned(), "key".to_owned());
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(browser.posts(&path, &fields).await.location(), path);
        let listed = backend.gets("POST", "/sdk/grants/list", &json!({ "user_token": user })).await;
        assert_eq!((&listed["total"], &listed["grants"][0]["principal_type"]), (&json!(1), &json!("user")), "{listed}");
        // Another one of the app's people has none of it.
        let other = place.outside.token(&json!({ "sub": "bob" }));
        assert_eq!(backend.gets("POST", "/sdk/grants/list", &json!({ "user_token": other })).await["total"], 0);
        assert_eq!(asks(&backend, &other, json!({})).await["path"], "key_entry");
        assert_eq!(asks(&backend, &user, json!({})).await["path"], "fast_path");
    }
}

#[tokio::test]
async fn threat_163_a_key_that_a_person_brings_is_nowhere_in_the_open() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("bearer").await);
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let opened = asks(&backend, &user, json!({})).await;
        let path = opens(&mut ada, opened["session_token"].as_str().unwrap(), true).await;
        let page = ada.opens(&path).await;
        let mut form = page.form_with("csrf");
        let canary = "sk_canary_1a2b3c4d";
        form.insert("secret.key".to_owned(), canary.to_owned());
        form.insert("decision".to_owned(), "key".to_owned());
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(ada.posts(&path, &fields).await.location(), path);
        let told = world.store.read(|tx| {
            let mut all = Vec::new();
            for sql in [
                "SELECT terms || outcome AS value FROM connect_sessions",
                "SELECT detail AS value FROM journal WHERE detail IS NOT NULL",
                "SELECT body AS value FROM deliveries",
                "SELECT label || inputs || outside_id || generation AS value FROM connections",
            ] {
                for row in tx.all(sql, args![])? {
                    all.push(row.text("value")?.into_bytes());
                }
            }
            for row in tx.all("SELECT sealed FROM connections WHERE sealed IS NOT NULL", args![])? {
                all.push(row.bytes("sealed")?);
            }
            Ok::<_, Fault>(all)
        });
        let told = told.await.unwrap();
        assert!(told.len() > 3);
        for bytes in told {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(canary), "{text}");
        }
    }
}

#[tokio::test]
async fn threat_144_nobody_is_sent_to_a_place_that_the_app_has_not_registered() {
    let (world, _fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    for bad in [
        "https://evil.test/",
        "//evil.test",
        "javascript:alert(1)",
        "https://notes.test@evil.test/",
        "http://notes.test/",
        "data:,x",
    ] {
        let ask = json!({ "allowed_providers": ["fake-calendar"], "return_url": bad });
        assert_eq!(
            backend.refusal("POST", "/sdk/oauth/connect/session", &ask).await,
            "400 invalid_return_url",
            "{bad}"
        );
    }
    let ask = json!({ "allowed_providers": ["fake-calendar"], "return_url": "https://app.test/x", "allowed_origin": "https://app.test" });
    assert_eq!(backend.call("POST", "/sdk/oauth/connect/session", &ask).await.status, 200);
}

#[tokio::test]
async fn threat_154_a_grant_of_another_app_looks_unknown() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let (_, id) = linked(&world, &fake, &notes, &backend).await;
        let other = world.backend(&world.app("other", SITE).await).await;
        let unknown = "11111111-1111-4111-8111-111111111111";
        for id in [id.as_str(), unknown] {
            assert_eq!(other.refusal("POST", "/sdk/token", &call(id, &fake)).await, "404 grant_not_found");
            for (target, body) in [
                (format!("/sdk/oauth/grants/{id}/revoke"), json!({})),
                (format!("/sdk/grants/{id}/mint"), json!({ "label": "second" })),
                (format!("/sdk/grants/{id}/delegate"), json!({ "to_agent_id": "x" })),
                (format!("/sdk/grants/{id}/report-scope-mismatch"), json!({})),
            ] {
                assert_eq!(other.refusal("POST", &target, &body).await, "404 grant_not_found", "{target}");
            }
        }
        assert_eq!(other.gets("POST", "/sdk/grants/list", &json!({})).await["total"], 0);
        assert_eq!(backend.gets("POST", "/sdk/token", &call(&id, &fake)).await["grant_id"], json!(id));
    }
}

#[tokio::test]
async fn threat_156_fifty_calls_on_an_expired_token_cause_one_refresh() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        fake.fails(&json!({ "rotate": true, "delay_ms": 300, "delay_on": "token" })).await;
        let (_, id) = linked(&world, &fake, &notes, &backend).await;
        world.clock.advance_secs(3_700);
        let body = call(&id, &fake);
        let calls = (0..50).map(|_| backend.gets("POST", "/sdk/token", &body));
        let mut tokens: Vec<String> =
            futures_of(calls).await.into_iter().map(|given| given["access_token"].to_string()).collect();
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "everybody gets the same new token");
        assert_eq!(fake.stats().await["refreshes"], 1);
    }
}

/// All of them at once, in one task: each is waited for.
async fn futures_of<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<std::pin::Pin<Box<F>>> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (future, outcome) in waiting.iter_mut().zip(&mut done) {
            if outcome.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *outcome = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn threat_157_a_rotated_token_whose_answer_was_lost_is_in_doubt_and_never_silently_wrong() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        fake.fails(&json!({ "rotate": true })).await;
        let (_, id) = linked(&world, &fake, &notes, &backend).await;
        world.clock.advance_secs(3_700);
        fake.fails(&json!({ "drop_after_commit": true })).await;
        assert_eq!(backend.refusal("POST", "/sdk/token", &call(&id, &fake)).await, "502 provider_unreachable");
        // The old refresh token is dead there by now, which nobody here knows: it is tried, and then the person is asked.
        fake.fails(&json!({ "drop_after_commit": false })).await;
        world.clock.advance_secs(120);
        let answer = backend.call("POST", "/sdk/token", &call(&id, &fake)).await;
        assert_eq!(
            (said(&answer), &answer.json()["reason"]),
            ("400 credential_revoked".to_owned(), &json!("in_doubt"))
        );
        let listed = backend.gets("POST", "/sdk/grants/list", &json!({})).await;
        assert_eq!(listed["grants"][0]["needs_reconnect"], true, "{listed}");
    }
}

#[tokio::test]
async fn threat_157_without_rotation_a_lost_answer_is_recovered() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let (_, id) = linked(&world, &fake, &notes, &backend).await;
    world.clock.advance_secs(3_700);
    fake.fails(&json!({ "drop_after_commit": true })).await;
    assert_eq!(backend.refusal("POST", "/sdk/token", &call(&id, &fake)).await, "502 provider_unreachable");
    fake.fails(&json!({ "drop_after_commit": false })).await;
    world.clock.advance_secs(120);
    assert_eq!(backend.gets("POST", "/sdk/token", &call(&id, &fake)).await["grant_id"], json!(id));
}

#[tokio::test]
async fn threat_158_a_late_refresh_does_not_overwrite_what_the_person_connected_since() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let (mut ada, id) = linked(&world, &fake, &notes, &backend).await;
    world.clock.advance_secs(3_700);
    let user = user_token(&mut ada, &notes).await;
    fake.fails(&json!({ "delay_ms": 900, "delay_on": "token" })).await;
    let body = call(&id, &fake);
    let slow = backend.gets("POST", "/sdk/token", &body);
    let reconnect = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        fake.fails(&json!({ "delay_ms": 0 })).await;
        let token = session(&backend, json!({ "user_token": user, "switch_account": true })).await;
        let path = opens(&mut ada, &token, true).await;
        links(&mut ada, &fake, &path).await;
        column(&world, "SELECT generation AS value FROM connections").await
    };
    let (given, newest) = tokio::join!(slow, reconnect);
    assert_eq!(given["token_generation"].as_str(), newest.as_deref(), "the late answer was thrown away");
    assert_eq!(column(&world, "SELECT generation AS value FROM connections").await, newest);
}

#[tokio::test]
async fn threat_159_what_a_no_means_is_told_apart() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let (_, id) = linked(&world, &fake, &notes, &backend).await;
    world.clock.advance_secs(3_700);
    // Trouble of theirs, a limit, and our own wrong credentials kill no connection.
    for knobs in [
        json!({ "status": 503, "status_on": "token" }),
        json!({ "status": 429, "status_on": "token" }),
        json!({ "status": 401, "status_on": "token", "error": "invalid_client" }),
    ] {
        fake.fails(&knobs).await;
        assert_eq!(
            backend.refusal("POST", "/sdk/token", &call(&id, &fake)).await,
            "502 provider_unreachable",
            "{knobs}"
        );
        world.clock.advance_secs(7_200);
    }
    fake.fails(&json!({ "status": 0, "error": null })).await;
    assert_eq!(backend.gets("POST", "/sdk/token", &call(&id, &fake)).await["grant_id"], json!(id));
    // A dead refresh token does.
    world.clock.advance_secs(3_700);
    fake.fails(&json!({ "status": 400, "status_on": "token", "error": "invalid_grant" })).await;
    let answer = backend.call("POST", "/sdk/token", &call(&id, &fake)).await;
    assert_eq!((said(&answer), &answer.json()["reason"]), ("400 credential_revoked".to_owned(), &json!("refused")));
}

#[tokio::test]
async fn threat_160_what_an_answer_leaves_out_is_not_forgotten() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    fake.fails(&json!({ "omit_expires_in": true })).await;
    let (mut ada, id) = linked(&world, &fake, &notes, &backend).await;
    let given = backend.gets("POST", "/sdk/token", &call(&id, &fake)).await;
    assert_eq!(given["expires_in"], 3600, "the descriptor's lifetime, never *never*: {given}");
    // Connected again without a refresh token: the one that was there renews still.
    fake.fails(&json!({ "omit_refresh_token": true })).await;
    let user = user_token(&mut ada, &notes).await;
    let token = session(&backend, json!({ "user_token": user, "switch_account": true })).await;
    let path = opens(&mut ada, &token, true).await;
    links(&mut ada, &fake, &path).await;
    world.clock.advance_secs(3_700);
    assert_eq!(backend.gets("POST", "/sdk/token", &call(&id, &fake)).await["grant_id"], json!(id));
    assert_eq!(fake.stats().await["refreshes"], 1);
}

#[tokio::test]
async fn threat_161_a_repair_takes_the_same_account_alone() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let (mut ada, id) = linked(&world, &fake, &notes, &backend).await;
    let user = user_token(&mut ada, &notes).await;
    fake.fails(&json!({ "account": "bob@fake.example" })).await;
    let token = session(&backend, json!({ "user_token": user, "repair_grant_id": id })).await;
    let path = opens(&mut ada, &token, true).await;
    let page = links(&mut ada, &fake, &path).await;
    assert!(page.text().contains("another account than the one to be repaired"), "{}", page.text());
    assert_eq!(
        backend.gets("POST", "/sdk/grants/list", &json!({})).await["grants"][0]["account_identifier"],
        "ada@fake.example"
    );
    fake.fails(&json!({ "account": "ada@fake.example" })).await;
    links(&mut ada, &fake, &path).await;
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    assert_eq!((&polled["grants"][0]["grant_id"], &polled["grants"][0]["operation"]), (&json!(id), &json!("reauth")));
}

#[tokio::test]
async fn threat_162_fewer_scopes_than_asked_are_stored_as_granted() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    fake.fails(&json!({ "grant_scope": "calendar.read" })).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let wanted =
        json!({ "user_token": user, "required_scopes": { "fake-calendar": ["calendar.read", "calendar.write"] } });
    let token = session(&backend, wanted).await;
    let path = opens(&mut ada, &token, true).await;
    links(&mut ada, &fake, &path).await;
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    assert_eq!(polled["grants"][0]["scopes"], json!(["calendar.read"]), "{polled}");
}

#[tokio::test]
async fn threat_164_a_credential_opens_only_where_it_was_sealed() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let (_, id) = linked(&world, &fake, &notes, &backend).await;
        assert_eq!(backend.call("POST", "/sdk/token", &call(&id, &fake)).await.status, 200);
        // Somebody who can write to the database gives the row to another person, account or version.
        for change in [
            "UPDATE connections SET outside_id = 'fake-0002'",
            "UPDATE connections SET outside_id = 'fake-0001', version = version + 1",
        ] {
            run(&world, change).await;
            let answer = backend.call("POST", "/sdk/token", &call(&id, &fake)).await;
            assert_eq!(answer.status, 500, "{change}: {answer:?}");
            assert!(!answer.text().contains("fat_") && !answer.text().contains("sealed"), "{answer:?}");
        }
        run(&world, "UPDATE connections SET version = version - 1").await;
        assert_eq!(backend.call("POST", "/sdk/token", &call(&id, &fake)).await.status, 200);
    }
}

#[tokio::test]
async fn threat_166_tokens_are_handed_out_only_where_the_app_allows_it_and_never_the_refresh_token() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", &format!("{SITE}\nhand_out_tokens = false")).await;
    let backend = world.backend(&notes).await;
    let (_, id) = linked(&world, &fake, &notes, &backend).await;
    assert_eq!(backend.refusal("POST", "/sdk/token", &call(&id, &fake)).await, "403 token_handout_disabled");
    let open = world.app("open", SITE).await;
    let own = world.backend(&open).await;
    let mut bea = world.person("bea").await;
    let user = user_token(&mut bea, &open).await;
    let token = session(&own, json!({ "user_token": user })).await;
    let path = opens(&mut bea, &token, true).await;
    links(&mut bea, &fake, &path).await;
    let id =
        own.gets("POST", "/sdk/grants/list", &json!({})).await["grants"][0]["grant_id"].as_str().unwrap().to_owned();
    let answer = own.call("POST", "/sdk/token", &call(&id, &fake)).await;
    assert!(answer.text().contains("fat_") && !answer.text().contains("frt_"), "{answer:?}");
    // A key that may not retrieve tokens gets none.
    let narrow = world.backend_for(&open, &["grants:read"]).await;
    assert_eq!(narrow.refusal("POST", "/sdk/token", &call(&id, &fake)).await, "403 insufficient_scope");
    for act in ["token.refused", "token.handed_out"] {
        let told = world
            .store
            .read(move |tx: &mut Tx<'_>| tx.one("SELECT id FROM journal WHERE act = $1", args![act]))
            .await
            .unwrap();
        assert!(told.is_some(), "{act} is written down");
    }
}

pub(crate) const SEALED: &str =
    "SELECT CASE WHEN sealed IS NULL THEN 'wiped' ELSE 'there' END AS value FROM connections ORDER BY id DESC LIMIT 1";

#[tokio::test]
async fn threat_167_what_is_deleted_leaves_no_credential_and_the_service_is_told() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let (mut ada, id) = linked(&world, &fake, &notes, &backend).await;
        assert_eq!(column(&world, SEALED).await.as_deref(), Some("there"));
        let page = ada.opens("/account/data/end").await;
        let mut form = page.form_with("confirm");
        form.insert("confirm".to_owned(), "ada".to_owned());
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = ada.posts("/account/data/end", &fields).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(column(&world, SEALED).await.as_deref(), Some("wiped"));
        assert_eq!(backend.refusal("POST", "/sdk/token", &call(&id, &fake)).await, "400 grant_revoked");
        fake.is_told_of(1).await;
        let receipt = "SELECT detail AS value FROM journal WHERE act = 'connection.removed'";
        assert!(column(&world, receipt).await.is_some_and(|detail| detail.contains("fake-calendar")));

        // An app that goes takes along what was linked to it.
        let mut bea = world.person("bea").await;
        let user = user_token(&mut bea, &notes).await;
        let token = session(&backend, json!({ "user_token": user })).await;
        let path = opens(&mut bea, &token, true).await;
        links(&mut bea, &fake, &path).await;
        let operator = crate::surface::api_v1::Operator::of(&world).await;
        let answer = operator.asks("DELETE", &format!("/apps/{}", notes.client_id)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(column(&world, SEALED).await, None, "the row is gone with its app");
        fake.is_told_of(2).await;
    }
}

#[tokio::test]
async fn threat_167_a_permission_that_ends_with_the_sign_in_leaves_no_idle_credential() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let (mut ada, id) = linked(&world, &fake, &notes, &backend).await;
        let find = "SELECT parent_id AS value FROM grants WHERE kind = 'connection'";
        let sign_in = column(&world, find).await.unwrap();
        let end = format!("/account/access/{sign_in}/end");
        let page = ada.opens(&end).await;
        assert_eq!(ada.posts(&end, &[("csrf", &page.form_with("csrf")["csrf"])]).await.status, 303);
        assert_eq!(backend.refusal("POST", "/sdk/token", &call(&id, &fake)).await, "400 grant_revoked");
        assert_eq!(column(&world, SEALED).await.as_deref(), Some("wiped"));
        fake.is_told_of(1).await;
    }
}

#[tokio::test]
async fn threat_169_no_service_can_tell_us_anything() {
    let (world, _fake) = World::with_fake().await;
    let body = br#"{"type":"connection.revoked","id":"evt_1"}"#;
    for path in
        ["/webhooks", "/webhooks/google", "/api/webhooks/google", "/sdk/webhooks/google", "/api/v1/webhooks/google"]
    {
        let headers = [("Content-Type", "application/json"), ("X-Signature", "sha256=00")];
        let answer = world.send("POST", path, &headers, body).await;
        assert!([401, 404, 405].contains(&answer.status), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn threat_173_no_mcp_client_has_a_door_here() {
    let (world, _fake) = World::with_fake().await;
    let list = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for path in ["/mcp", "/mcp/sse", "/sse", "/api/mcp"] {
        for headers in [vec![], vec![("Authorization", "Bearer x")], vec![("Mcp-Session-Id", "1")]] {
            let answer = world.send("POST", path, &headers, list).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
        }
    }
    assert_eq!(world.send("GET", "/.well-known/oauth-protected-resource/mcp", &[], b"").await.status, 404);
}
