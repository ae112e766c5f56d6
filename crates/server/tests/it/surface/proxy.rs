//! `/proxy/*`, `/sdk/proxy`, `/sdk/approvals/*` and the pages on which a person decides.

use crate::flows::connect::{SITE, links, opens, session, user_token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::{Answer, Backend, Browser, Fake, TestApp, World, said};
use vault::policy::{Need, RuleWish};

/// A calendar that Ada has linked to an app.
struct Linked<'a> {
    notes: TestApp<'a>,
    backend: Backend<'a>,
    ada: Browser<'a>,
    user: String,
    grant: String,
}

async fn linked<'a>(world: &'a World, fake: &Fake) -> Linked<'a> {
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let scopes = json!({ "fake-calendar": ["calendar.read", "calendar.write"] });
    let token = session(&backend, json!({ "user_token": user, "required_scopes": scopes })).await;
    let path = opens(&mut ada, &token, true).await;
    links(&mut ada, fake, &path).await;
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    let grant = polled["grants"][0]["grant_id"].as_str().unwrap_or_else(|| panic!("{polled}")).to_owned();
    Linked { notes, backend, ada, user, grant }
}

impl Linked<'_> {
    async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.backend.key);
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.backend.world.send(method, &format!("/proxy{path}"), &all, body).await
    }

    async fn needs(&self, need: Need, matches: &[&str]) {
        let wish = RuleWish {
            provider: Some("fake-calendar".to_owned()),
            agent: None,
            grant: None,
            made_by: "developer",
            need,
            matches: matches.iter().map(|text| (*text).to_owned()).collect(),
        };
        let app = base::AppId::from_text(self.notes.client_id.as_str());
        self.backend.world.app.vault.set_rule(&app, wish).await.unwrap();
    }
}

fn refusal(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.header("procura-refusal").unwrap_or("none"))
}

#[tokio::test]
async fn who_may_not_call_through_the_proxy() {
    for (world, fake) in World::both_with_fake().await {
        let linked = linked(&world, &fake).await;
        let path = format!("/proxy/{}/calendar/echo", linked.grant);
        let with = async |authorization: &str| {
            let answer = world.send("GET", &path, &[("Authorization", authorization)], b"").await;
            assert_eq!(answer.header("access-control-allow-origin"), None);
            refusal(&answer)
        };
        assert_eq!(refusal(&world.send("GET", &path, &[], b"").await), "401 invalid_key");
        assert_eq!(with("Basic x").await, "401 invalid_key");
        assert_eq!(with("Bearer alter_rk_abcdefghijklmnopqrstuv_iwpykn").await, "401 invalid_key");
        assert_eq!(with(&format!("Bearer {}", linked.user)).await, "403 delegated_token_refused");
        let narrow = world.backend_for(&linked.notes, &["grants:read"]).await;
        assert_eq!(with(&format!("Bearer {}", narrow.key)).await, "403 insufficient_scope");
        let other = world.app("other", "").await;
        let other = world.backend(&other).await;
        assert_eq!(with(&format!("Bearer {}", other.key)).await, "404 grant_not_found");
        let none = world.send("POST", "/sdk/proxy", &[], b"{}").await;
        assert_eq!(said(&none), "401 invalid_key");
        let body =
            json!({ "grant_id": linked.grant, "method": "GET", "url": format!("{}/calendar/echo", fake.origin) });
        assert_eq!(narrow.refusal("POST", "/sdk/proxy", &body).await, "403 insufficient_scope");
    }
}

#[tokio::test]
async fn a_call_passes_as_it_is_by_grant_and_by_person() {
    for (world, fake) in World::both_with_fake().await {
        let linked = linked(&world, &fake).await;
        let (by_id, token) = (format!("/{}/calendar/echo?a=%20b", linked.grant), linked.user.as_str());
        let answer =
            linked.raw("PUT", &by_id, &[("Content-Type", "text/plain"), ("X-Procura-Reason", "why")], b"hello").await;
        assert_eq!((answer.status, answer.header("procura-refusal")), (200, None), "{answer:?}");
        let echo = answer.json();
        assert_eq!(
            (&echo["method"], &echo["body"], &echo["query"]),
            (&json!("PUT"), &json!("hello"), &json!("a=%20b"))
        );
        assert!(!answer.text().contains("fat_") && !answer.text().contains("alter_"), "{}", answer.text());
        assert_eq!(answer.header("content-security-policy"), Some("sandbox; default-src 'none'"));
        let named = |name: &'static str, value: &str| (name, value.to_owned());
        for (headers, expected) in [
            (vec![named("X-Procura-User-Token", token)], "200 none"),
            (vec![named("X-Procura-User-Token", token), named("X-Procura-Account", "ada@fake.example")], "200 none"),
            (
                vec![named("X-Procura-User-Token", token), named("X-Procura-Account", "eve@fake.example")],
                "404 grant_not_found",
            ),
            (vec![named("X-Procura-User-Token", "nonsense")], "401 jwt_validation_error"),
            (vec![], "404 grant_not_found"),
        ] {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(refusal(&linked.raw("GET", "/fake-calendar/calendar/echo", &headers, b"").await), expected);
        }
        let deleted = linked.raw("DELETE", &format!("/{}/calendar/v3/events/none", linked.grant), &[], b"").await;
        assert_eq!(refusal(&deleted), "404 none", "the service's own answer");
    }
}

#[tokio::test]
async fn threat_147_and_151_what_could_be_read_otherwise_is_refused_at_the_door() {
    let (world, fake) = World::with_fake().await;
    let linked = linked(&world, &fake).await;
    for path in [
        "//evil.test/x",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a%5cb",
        "/a%00b",
        "/%ff%2f..",
        "/calendar/echo?_method=DELETE",
        "/a//b",
    ] {
        let answer = linked.raw("GET", &format!("/{}{path}", linked.grant), &[], b"").await;
        assert_eq!(refusal(&answer), "400 invalid_request", "{path}");
    }
    let path = format!("/{}/calendar/echo", linked.grant);
    for host in ["evil.test", "127.0.0.1", "127.0.0.1:1", "localhost", "x@evil.test"] {
        assert_eq!(
            refusal(&linked.raw("GET", &path, &[("X-Procura-Host", host)], b"").await),
            "422 blocked_destination",
            "{host}"
        );
    }
    assert_eq!(refusal(&linked.raw("TRACE", &path, &[], b"").await), "400 invalid_request");
    assert_eq!(refusal(&linked.raw("GET", "/fake-calendar", &[], b"").await), "404 not_found");
}

#[tokio::test]
async fn the_json_form_answers_what_the_published_client_reads() {
    for (world, fake) in World::both_with_fake().await {
        let linked = linked(&world, &fake).await;
        let call = |more: Value| {
            let url = format!("{}/calendar/echo", fake.origin);
            let mut all = json!({ "grant_id": linked.grant, "method": "POST", "url": url });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let more =
            json!({ "body": { "a": 1 }, "headers": { "X-Kept": "yes" }, "query_params": { "q": ["1", 2], "r": true } });
        let answer = linked.backend.gets("POST", "/sdk/proxy", &call(more)).await;
        assert_eq!((&answer["status_code"], &answer["body_truncated"]), (&json!(200), &json!(false)), "{answer}");
        assert!(answer["duration_ms"].is_u64() && answer["headers"]["content-type"].is_string());
        let body = STANDARD.decode(answer["body_b64"].as_str().unwrap()).unwrap();
        let echo: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&echo["body"], &echo["query"]), (&json!("{\"a\":1}"), &json!("q=1&q=2&r=true")));
        assert_eq!(
            (&echo["headers"]["x-kept"], &echo["headers"]["content-type"]),
            (&json!("yes"), &json!("application/json"))
        );
        let status = json!({ "method": "GET", "url": format!("{}/calendar/status/418", fake.origin) });
        assert_eq!(linked.backend.gets("POST", "/sdk/proxy", &call(status)).await["status_code"], json!(418));
        for (more, expected) in [
            (json!({ "url": "https://evil.test/" }), "422 blocked_destination"),
            (json!({ "headers": { "Authorization": "x" } }), "400 invalid_request"),
            (json!({ "headers": { "X-HTTP-Method": "PUT" } }), "400 invalid_request"),
            (json!({ "headers": { "X": "a\r\nb" } }), "400 invalid_request"),
            (json!({ "method": "CONNECT" }), "400 invalid_request"),
            (json!({ "provider_id": "fake-calendar" }), "400 invalid_request"),
            (json!({ "grant_id": "0190a000-0000-7000-8000-000000000000" }), "404 grant_not_found"),
        ] {
            assert_eq!(linked.backend.refusal("POST", "/sdk/proxy", &call(more)).await, expected);
        }
    }
}

#[tokio::test]
async fn threat_155_a_person_decides_with_a_passkey_over_the_very_call() {
    for (world, fake) in World::both_with_fake().await {
        let mut linked = linked(&world, &fake).await;
        linked.needs(Need::RequireApproval, &["POST /calendar/v3/**"]).await;
        let url = format!("{}/calendar/v3/events", fake.origin);
        let body = json!({ "grant_id": linked.grant, "method": "POST", "url": url, "body": { "title": "Tea <b>&" }, "reason": "tea" });
        let asked = linked.backend.call("POST", "/sdk/proxy", &body).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        let asked = asked.json();
        assert_eq!((&asked["status"], &asked["expires_in"]), (&json!("pending"), &json!(600)));
        assert_eq!(asked["gates"][0]["approval_url"], asked["approval_url"]);
        let id = asked["approval_id"].as_str().unwrap().to_owned();
        let path = format!("/account/approvals/{id}");
        assert_eq!(asked["approval_url"], json!(format!("{}{path}", world.issuer)));
        let target = format!("/sdk/approvals/{id}");
        let told = linked.backend.gets("GET", &target, &Value::Null).await;
        assert_eq!(
            (&told["status"], &told["has_result"], &told["gates"][0]["status"]),
            (&json!("pending"), &json!(false), &json!("pending"))
        );
        assert_eq!(linked.backend.refusal("GET", &format!("{target}?wait=26"), &Value::Null).await, "422 invalid_wait");
        assert_eq!(
            linked.backend.refusal("GET", &format!("{target}/result"), &Value::Null).await,
            "409 approval_pending"
        );

        let page = linked.ada.opens(&path).await;
        let text = page.text();
        for words in [
            "App notes",
            "add or send something in Fake calendar",
            "ada@fake.example",
            "tea",
            "Tea &#60;b&#62;&#38;",
            "Deny",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(linked.ada.opens("/account/approvals").await.text().contains("waits for you"));
        let mut eve = world.person("eve").await;
        assert_eq!(eve.opens(&path).await.status, 404);
        let looked = linked.backend.gets("GET", &target, &Value::Null).await;
        assert_eq!(looked["status"], json!("pending"), "looking decides nothing");

        let digest = page.form_with("digest")["digest"].clone();
        // A proof that was asked for something else is none for this.
        let login = linked.ada.calls("/api/login/start", &json!({})).await.json();
        let proof = linked.ada.passkey.as_mut().unwrap().assert(&login["authOptions"], &world.issuer);
        let approve = format!("/api/approvals/{id}/approve");
        let said = json!({ "authSessionId": login["authSessionId"], "credential": proof, "digest": digest });
        assert!(linked.ada.calls(&approve, &said).await.status >= 400);
        let start = format!("/api/approvals/{id}/start");
        assert_eq!(linked.ada.calls(&start, &json!({ "digest": "0".repeat(64) })).await.status, 404);
        let started = linked.ada.calls(&start, &json!({ "digest": digest })).await.json();
        let proof = linked.ada.passkey.as_mut().unwrap().assert(&started["authOptions"], &world.issuer);
        let said = json!({ "authSessionId": started["authSessionId"], "credential": proof, "digest": digest });
        let answer = linked.ada.calls(&approve, &said).await;
        assert_eq!(answer.status, 200, "{answer:?}");

        let told = linked.backend.gets("GET", &format!("{target}?wait=10"), &Value::Null).await;
        assert_eq!((&told["status"], &told["has_result"]), (&json!("executed"), &json!(true)), "{told}");
        let ran = linked.backend.gets("GET", &format!("{target}/result"), &Value::Null).await;
        assert_eq!((&ran["status_code"], &ran["approval_id"]), (&json!(201), &json!(id)), "{ran}");
        assert!(linked.ada.opens(&path).await.text().contains("allowed and done"));
    }
}

#[tokio::test]
async fn a_person_denies_without_a_script_and_the_raw_form_waits_too() {
    let (world, fake) = World::with_fake().await;
    let mut linked = linked(&world, &fake).await;
    linked.needs(Need::RequireApproval, &["DELETE /calendar/**"]).await;
    let answer = linked.raw("DELETE", &format!("/{}/calendar/v3/events/1", linked.grant), &[], b"").await;
    assert_eq!(refusal(&answer), "202 approval_required");
    let id = answer.json()["approval_id"].as_str().unwrap().to_owned();
    let path = format!("/account/approvals/{id}");
    let mut form = linked.ada.opens(&path).await.form_with("digest");
    form.insert("decision".to_owned(), "deny".to_owned());
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(linked.ada.posts(&path, &fields).await.location(), "/account/approvals?done=denied");
    assert_eq!(linked.ada.posts(&path, &fields).await.status, 409, "once");
    let target = format!("/sdk/approvals/{id}");
    assert_eq!(linked.backend.gets("GET", &target, &Value::Null).await["status"], json!("denied"));
    assert_eq!(linked.backend.refusal("GET", &format!("{target}/result"), &Value::Null).await, "409 approval_denied");
    let other = world.app("other", "").await;
    let other = world.backend(&other).await;
    assert_eq!(other.refusal("GET", &target, &Value::Null).await, "404 approval_not_found");
    let without: Vec<(&str, &str)> = fields.iter().copied().filter(|(name, _)| *name != "csrf").collect();
    assert_eq!(linked.ada.posts(&path, &without).await.status, 403);
}
