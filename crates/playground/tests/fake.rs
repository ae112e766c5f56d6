//! The fake provider, asked as a client asks any provider.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a helper that fails fails its test

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use playground::fake::{self, CLIENT_ID, CLIENT_SECRET, Settings};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use tower::ServiceExt as _;
use url::Url;
use url::form_urlencoded::Serializer;

const BACK: &str = "http://localhost:8460/connect/callback/fake-calendar";
const VERIFIER: &str = "a-verifier-of-forty-three-letters-or-so-0123";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The fake, and what one may ask of it.
#[derive(Clone)]
struct Asked(Router);

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn said(&self, name: &str) -> String {
        let lines: Vec<_> = self.headers.get_all(name).iter().map(|line| line.to_str().unwrap()).collect();
        lines.join(" | ")
    }

    fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap().to_owned())
    }

    /// What came back to the client.
    fn back(&self) -> impl Fn(&str) -> Option<String> + use<> {
        assert_eq!(self.status, 303, "{}", self.text());
        let url = Url::parse(&self.said("location")).unwrap();
        move |name| url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }
}

fn quiet() -> Asked {
    Asked(fake::router(Settings { auto_approve: true }))
}

fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

impl Asked {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:8463");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.0.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (parts, body) = self.send(method, path, headers, body).await.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: to_bytes(body, 1 << 24).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    async fn with(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.ask(method, path, &headers, if body.is_null() { String::new() } else { body.to_string() }).await
    }

    async fn faults(&self, named: Value) {
        let answer = self.ask("POST", "/_faults", &[], named.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// An authorization request, with some parameters changed (`""` leaves one out).
    async fn authorize(&self, service: &str, changed: &[(&str, &str)]) -> Answer {
        let challenge = challenge();
        let scope = if service == "chat" { "messages.read messages.send" } else { "calendar.read calendar.write" };
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", BACK),
            ("scope", scope),
            ("state", "a state"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        pairs.extend(changed);
        self.get(&format!("/{service}/authorize?{}", form(&pairs))).await
    }

    async fn token(&self, service: &str, pairs: &[(&str, &str)]) -> Answer {
        let mut all = vec![("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
        all.retain(|(name, _)| !pairs.iter().any(|(other, _)| other == name));
        all.extend(pairs);
        self.ask("POST", &format!("/{service}/token"), &[FORM], form(&all)).await
    }

    async fn redeem(&self, service: &str, code: &str) -> Answer {
        let pairs =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
        self.token(service, &pairs).await
    }

    async fn refresh(&self, service: &str, token: &str) -> Answer {
        self.token(service, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Links an account without a question.
    async fn link(&self, service: &str) -> (String, String) {
        let code = self.authorize(service, &[]).await.back()("code").unwrap();
        let tokens = self.redeem(service, &code).await.json();
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        (text("access_token"), text("refresh_token"))
    }

    /// Serves it, and gives its host.
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(fake::serve(listener, self.0.clone()));
        host
    }
}

/// Sends these bytes and reads until the line is dead.
async fn raw(host: &str, request: String) -> String {
    let host = host.to_owned();
    let told = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    told.await.unwrap()
}

#[tokio::test]
async fn nobody_gets_in_without_a_live_token_of_the_same_service_and_its_scope() {
    let fake = quiet();
    for path in
        ["/calendar/v3/events", "/calendar/v3/events/ev-1", "/calendar/userinfo", "/chat/v1/messages", "/chat/userinfo"]
    {
        let without = fake.get(path).await;
        assert_eq!((without.status, without.said("www-authenticate").as_str()), (401, "Bearer"), "{path}");
        let guessed = fake.with("fat_guessed", "GET", path, Value::Null).await;
        assert_eq!(
            (guessed.status, guessed.said("www-authenticate").as_str()),
            (401, "Bearer error=\"invalid_token\""),
            "{path}"
        );
    }
    let (chat, _) = fake.link("chat").await;
    assert_eq!(
        fake.with(&chat, "GET", "/calendar/v3/events", Value::Null).await.error(),
        (401, "invalid_token".into())
    );

    fake.faults(json!({ "grant_scope": "calendar.read" })).await;
    let code = fake.authorize("calendar", &[]).await.back()("code").unwrap();
    let tokens = fake.redeem("calendar", &code).await.json();
    assert_eq!(tokens["scope"], "calendar.read");
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(fake.with(token, "GET", "/calendar/v3/events", Value::Null).await.status, 200);
    let refused = fake.with(token, "POST", "/calendar/v3/events", json!({ "title": "x" })).await;
    assert_eq!(refused.error(), (403, "insufficient_scope".into()));
    assert_eq!(refused.said("www-authenticate"), "Bearer error=\"insufficient_scope\", scope=\"calendar.write\"");
}

#[tokio::test]
async fn an_account_is_linked_step_by_step() {
    let fake = Asked(fake::router(Settings::default()));
    let page = fake.authorize("calendar", &[("login_hint", "bob@fake.example")]).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(
        text.contains("See your calendar") && text.contains("Change your calendar") && text.contains("localhost:8460")
    );
    assert!(text.contains("value=\"bob\" checked") && !text.contains("value=\"ada\" checked"));
    let policy = page.said("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("form-action") && !policy.contains("unsafe"),
        "{policy}"
    );

    let request = text.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = async |service: &str, decision: &str| {
        let body = form(&[("request", &request), ("account", "bob"), ("decision", decision)]);
        fake.ask("POST", &format!("/{service}/authorize"), &[FORM], body).await
    };
    assert_eq!(answer("chat", "allow").await.status, 400, "the other service did not ask");
    let back = answer("calendar", "allow").await.back();
    assert_eq!(
        (back("state").as_deref(), back("iss").as_deref()),
        (Some("a state"), Some("http://127.0.0.1:8463/calendar"))
    );
    assert!(answer("calendar", "allow").await.text().contains("answered before"));

    let granted = fake.redeem("calendar", &back("code").unwrap()).await;
    assert_eq!((granted.status, granted.said("cache-control").as_str()), (200, "no-store"));
    let tokens = granted.json();
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"], &tokens["scope"]),
        (&json!("Bearer"), &json!(3600), &json!("calendar.read calendar.write"))
    );
    let told =
        fake.with(tokens["access_token"].as_str().unwrap(), "GET", "/calendar/userinfo", Value::Null).await.json();
    assert_eq!(told, json!({ "sub": "fake-0002", "email": "bob@fake.example", "name": "Bob Lindqvist" }));

    let page = fake.authorize("calendar", &[]).await.text();
    let request = page.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let denied =
        fake.ask("POST", "/calendar/authorize", &[FORM], form(&[("request", request), ("decision", "deny")])).await;
    assert_eq!(denied.back()("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_a_page_until_the_redirect_uri_is_sure() {
    let fake = quiet();
    for wrong in [
        ("client_id", "other"),
        ("client_id", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "http://evil.test/cb"),
        ("redirect_uri", "https://u@a.test/cb"),
        ("redirect_uri", "https://a.test/cb#x"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "/cb"),
    ] {
        let page = fake.authorize("calendar", &[wrong]).await;
        assert_eq!((page.status, page.said("location").as_str()), (400, ""), "{wrong:?}");
    }
    assert_eq!(fake.get(&format!("/calendar/authorize?client_id={CLIENT_ID}&client_id={CLIENT_ID}")).await.status, 400);
    for (wrong, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "calendar.read messages.read"), "invalid_scope"),
    ] {
        let back = fake.authorize("calendar", &[wrong]).await.back();
        assert_eq!((back("error").as_deref(), back("state").as_deref()), (Some(error), Some("a state")), "{wrong:?}");
        assert!(back("code").is_none() && back("iss").is_some());
    }
    let back =
        fake.authorize("calendar", &[("redirect_uri", "https://a.test/cb?own=1"), ("state", ""), ("scope", "")]).await;
    assert!(back.said("location").starts_with("https://a.test/cb?own=1&code=fac_") && back.back()("state").is_none());
}

#[tokio::test]
async fn the_token_endpoint_knows_its_client_first() {
    let fake = quiet();
    let code = fake.authorize("calendar", &[]).await.back()("code").unwrap();
    let grant =
        [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    for wrong in [("client_id", "other"), ("client_id", ""), ("client_secret", "guess"), ("client_secret", "")] {
        let refused = fake.token("calendar", &[&grant[..], &[wrong]].concat()).await;
        assert_eq!(refused.error(), (401, "invalid_client".into()), "{wrong:?}");
    }
    let basic = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let by_header = async |line: String, form: String| {
        fake.ask("POST", "/calendar/token", &[FORM, ("authorization", &line)], form).await
    };
    let refused = by_header(basic(CLIENT_ID, "guess"), form(&grant)).await;
    assert_eq!((refused.error(), refused.said("www-authenticate").is_empty()), ((401, "invalid_client".into()), false));
    let twice =
        by_header(basic(CLIENT_ID, CLIENT_SECRET), form(&[&grant[..], &[("client_secret", CLIENT_SECRET)]].concat()))
            .await;
    assert_eq!(twice.error(), (400, "invalid_request".into()));
    assert_eq!(
        by_header(basic(CLIENT_ID, "fake%2Dsecret"), form(&grant)).await.status,
        200,
        "both parts are form-encoded"
    );

    let double = format!(
        "{}&grant_type=refresh_token",
        form(&[("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("grant_type", "x")])
    );
    assert_eq!(fake.ask("POST", "/calendar/token", &[FORM], double).await.error(), (400, "invalid_request".into()));
    let json = fake.ask("POST", "/calendar/token", &[("content-type", "application/json")], "{}").await;
    assert_eq!(json.error(), (400, "invalid_request".into()));
    assert_eq!(fake.token("calendar", &[("grant_type", "password")]).await.error().1, "unsupported_grant_type");
    assert_eq!(fake.token("calendar", &[]).await.error().1, "invalid_request");
}

#[tokio::test]
async fn a_code_is_good_once_and_only_with_its_verifier_and_redirect_uri() {
    let fake = quiet();
    for wrong in [("redirect_uri", "https://a.test/cb"), ("code_verifier", "guess")] {
        let code = fake.authorize("calendar", &[]).await.back()("code").unwrap();
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        pairs.retain(|(name, _)| *name != wrong.0);
        pairs.push(wrong);
        assert_eq!(fake.token("calendar", &pairs).await.error(), (400, "invalid_grant".into()), "{wrong:?}");
        assert_eq!(fake.redeem("calendar", &code).await.error().1, "invalid_grant", "it was burned");
    }
    let code = fake.authorize("calendar", &[]).await.back()("code").unwrap();
    let tokens = fake.redeem("calendar", &code).await.json();
    assert_eq!(fake.redeem("calendar", &code).await.error().1, "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(fake.with(access, "GET", "/calendar/userinfo", Value::Null).await.status, 401, "its tokens have ended");
}

#[tokio::test]
async fn refresh_tokens_stay_or_rotate_as_told() {
    let fake = quiet();
    let (_, refresh) = fake.link("calendar").await;
    let first = fake.refresh("calendar", &refresh).await.json();
    assert!(first.get("refresh_token").is_none() && first["access_token"].is_string());
    assert_eq!(fake.refresh("chat", &refresh).await.error().1, "invalid_grant");

    fake.faults(json!({ "rotate": true })).await;
    let next = fake.refresh("calendar", &refresh).await.json();
    let (access, next) = (next["access_token"].as_str().unwrap(), next["refresh_token"].as_str().unwrap());
    assert_eq!(fake.with(access, "GET", "/calendar/userinfo", Value::Null).await.status, 200);
    assert_eq!(fake.refresh("calendar", &refresh).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fake.refresh("calendar", next).await.error(), (400, "invalid_grant".into()), "reuse ends the family");
    assert_eq!(fake.with(access, "GET", "/calendar/userinfo", Value::Null).await.status, 401);

    let (_, refresh) = fake.link("calendar").await;
    let scope = |scope| [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("scope", scope)];
    assert_eq!(fake.token("calendar", &scope("messages.read")).await.error().1, "invalid_scope");
    assert_eq!(fake.token("calendar", &scope("calendar.read")).await.json()["scope"], "calendar.read");
}

#[tokio::test]
async fn a_token_ends_by_time_and_by_revocation() {
    let fake = quiet();
    fake.faults(json!({ "expires_in": 0 })).await;
    let (access, _) = fake.link("calendar").await;
    let expired = fake.with(&access, "GET", "/calendar/v3/events", Value::Null).await;
    assert_eq!((expired.status, expired.said("www-authenticate").as_str()), (401, "Bearer error=\"invalid_token\""));
    fake.faults(json!({ "expires_in": null })).await;

    let revoke = async |token: &str, secret: &str| {
        let body = form(&[("client_id", CLIENT_ID), ("client_secret", secret), ("token", token)]);
        fake.ask("POST", "/calendar/revoke", &[FORM], body).await
    };
    let (access, refresh) = fake.link("calendar").await;
    assert_eq!(revoke(&refresh, "guess").await.error(), (401, "invalid_client".into()));
    assert_eq!(revoke("", CLIENT_SECRET).await.error(), (400, "invalid_request".into()));
    assert_eq!(revoke("unknown", CLIENT_SECRET).await.status, 200);
    assert_eq!(fake.with(&access, "GET", "/calendar/userinfo", Value::Null).await.status, 200);
    assert_eq!(revoke(&refresh, CLIENT_SECRET).await.status, 200);
    assert_eq!(fake.with(&access, "GET", "/calendar/userinfo", Value::Null).await.status, 401);
    assert_eq!(fake.refresh("calendar", &refresh).await.error().1, "invalid_grant");
    assert_eq!(fake.get("/_stats").await.json()["revocations"], 1);
}

#[tokio::test]
async fn the_calendar_and_the_chat_do_what_they_are_for() {
    let fake = quiet();
    let (token, _) = fake.link("calendar").await;
    let at = async |method: &str, path: &str, body: Value| {
        fake.with(&token, method, &format!("/calendar/v3/events{path}"), body).await
    };
    let items = at("GET", "", Value::Null).await.json()["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), &items[0]["title"]), (3, &json!("Dentist")));
    let made = at("POST", "", json!({ "title": "Choir", "place": "Old Mill" })).await;
    assert_eq!((made.status, made.said("location").as_str()), (201, "/calendar/v3/events/ev-6"));
    let changed = at("PATCH", "/ev-6", json!({ "title": "Choir, late" })).await.json();
    assert_eq!((&changed["title"], &changed["place"]), (&json!("Choir, late"), &json!("Old Mill")));
    assert_eq!(at("GET", "/ev-6", Value::Null).await.json(), changed);
    assert_eq!(
        (at("DELETE", "/ev-6", Value::Null).await.status, at("DELETE", "/ev-6", Value::Null).await.status),
        (204, 404)
    );
    assert_eq!(
        (at("GET", "/ev-4", Value::Null).await.status, at("PATCH", "/ev-6", json!({})).await.status),
        (404, 404)
    );
    for wrong in [
        json!({}),
        json!({ "title": "" }),
        json!({ "title": 1 }),
        json!({ "title": "x", "colour": "red" }),
        json!([]),
        json!({ "title": "x".repeat(501) }),
    ] {
        assert_eq!(at("POST", "", wrong).await.error(), (400, "invalid_request".into()));
    }

    let (token, _) = fake.link("chat").await;
    let sent = fake.with(&token, "POST", "/chat/v1/messages", json!({ "text": "On my way" })).await;
    assert_eq!((sent.status, &sent.json()["from"]), (201, &json!("Ada Moreau")));
    let messages = fake.with(&token, "GET", "/chat/v1/messages", Value::Null).await.json();
    assert_eq!(messages["messages"].as_array().unwrap().len(), 3);
    assert_eq!(fake.with(&token, "POST", "/chat/v1/messages", json!({ "text": " " })).await.status, 400);
}

#[tokio::test]
async fn it_fails_as_told_and_counts_what_happened() {
    let fake = quiet();
    let (access, refresh) = fake.link("calendar").await;
    fake.faults(json!({ "status": 429, "status_times": 1, "status_on": "token", "retry_after": 3 })).await;
    assert_eq!(fake.with(&access, "GET", "/calendar/v3/events", Value::Null).await.status, 200);
    let limited = fake.refresh("calendar", &refresh).await;
    assert_eq!((limited.error(), limited.said("retry-after").as_str()), ((429, "rate_limited".into()), "3"));
    assert_eq!(fake.refresh("calendar", &refresh).await.status, 200);

    fake.faults(json!({ "status": 401, "status_times": null, "status_on": "api", "retry_after": null })).await;
    let refused = fake.with(&access, "GET", "/calendar/v3/events", Value::Null).await;
    assert_eq!((refused.status, refused.said("www-authenticate").as_str()), (401, "Bearer error=\"invalid_token\""));
    fake.faults(json!({ "status": null, "status_on": null, "error": "invalid_grant" })).await;
    assert_eq!(fake.refresh("calendar", &refresh).await.error(), (400, "invalid_grant".into()));
    fake.faults(json!({ "error": "access_denied", "status_on": "authorize" })).await;
    assert_eq!(fake.authorize("calendar", &[]).await.back()("error").as_deref(), Some("access_denied"));
    assert_eq!(fake.ask("DELETE", "/_faults", &[], "").await.json()["error"], Value::Null);

    fake.faults(json!({ "omit_expires_in": true, "omit_refresh_token": true, "account": "bob" })).await;
    let code = fake.authorize("calendar", &[("login_hint", "ada@fake.example")]).await.back()("code").unwrap();
    let tokens = fake.redeem("calendar", &code).await.json();
    assert!(tokens.get("expires_in").is_none() && tokens.get("refresh_token").is_none());
    let told =
        fake.with(tokens["access_token"].as_str().unwrap(), "GET", "/calendar/userinfo", Value::Null).await.json();
    assert_eq!(told["sub"], "fake-0002");

    let stats = fake.get("/_stats").await.json();
    let of = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!((of("authorizations"), of("token_requests"), of("code_exchanges"), of("refreshes")), (2, 5, 2, 1));
    assert_eq!((of("api_calls"), of("userinfo_requests"), of("revocations")), (2, 1, 0));
    assert_eq!((&stats["calendar"]["token_requests"], &stats["chat"]["token_requests"]), (&json!(5), &json!(0)));
    assert_eq!(fake.ask("DELETE", "/_stats", &[], "").await.json()["token_requests"], 0);
}

#[tokio::test]
async fn the_knobs_are_neither_for_pages_of_other_sites_nor_for_apps() {
    let fake = quiet();
    for (method, path) in
        [("GET", "/_faults"), ("POST", "/_faults"), ("DELETE", "/_faults"), ("GET", "/_stats"), ("DELETE", "/_stats")]
    {
        for header in [("origin", "https://evil.test"), ("origin", "null"), ("authorization", "Bearer fat_x")] {
            assert_eq!(fake.ask(method, path, &[header], "{}").await.status, 403, "{method} {path} {header:?}");
        }
        let own = fake.ask(method, path, &[("origin", "http://127.0.0.1:8463")], "{}").await;
        assert_eq!(own.status, 200, "{method} {path}");
    }
    for host in ["evil.test", "10.0.0.1:8463"] {
        assert_eq!(fake.ask("GET", "/_faults", &[("host", host)], "").await.status, 421, "{host}");
    }
    for wrong in ["", "[]", "{\"moon\":1}", "{\"rotate\":1}"] {
        assert_eq!(fake.ask("POST", "/_faults", &[], wrong).await.error(), (400, "invalid_request".into()), "{wrong}");
    }
}

#[tokio::test]
async fn told_to_hang_up_it_keeps_what_it_did_and_says_nothing() {
    let fake = quiet();
    let (_, refresh) = fake.link("calendar").await;
    fake.faults(json!({ "rotate": true, "drop_after_commit": true })).await;
    let host = fake.serve().await;
    let body = form(&[
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh),
    ]);
    let request = format!(
        "POST /calendar/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{body}",
        FORM.1,
        body.len()
    );
    assert_eq!(raw(&host, request).await, "", "not one byte");
    fake.faults(json!({ "drop_after_commit": false })).await;
    assert_eq!(fake.refresh("calendar", &refresh).await.error(), (400, "invalid_grant".into()), "the old one is spent");
}

#[tokio::test]
async fn an_echo_tells_what_arrived_byte_for_byte() {
    let fake = quiet();
    let host = fake.serve().await;
    let told = raw(
        &host,
        format!("PUT /chat/echo/a%2Fb/..//%41?x=%20+&x HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer canary\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"),
    )
    .await;
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&told["method"], &told["path"], &told["query"]),
        (&json!("PUT"), &json!("/chat/echo/a%2Fb/..//%41"), &json!("x=%20+&x"))
    );
    assert_eq!(
        (&told["headers"]["authorization"], &told["headers"]["x-two"]),
        (&json!("Bearer canary"), &json!("1, 2"))
    );
    assert!(told["header_list"].as_array().unwrap().contains(&json!(["x-two", "2"])));
    assert_eq!(
        (&told["body"], &told["body_bytes"], &told["body_encoding"]),
        (&json!("abc"), &json!(3), &json!("text"))
    );

    let told = fake.ask("POST", "/calendar/echo", &[], vec![0xff_u8, 0]).await.json();
    assert_eq!(
        (&told["body"], &told["body_encoding"], &told["query"]),
        (&json!("/wA="), &json!("base64"), &Value::Null)
    );
    let told = fake.ask("POST", "/calendar/echo/", &[], vec![b'a'; (1 << 20) + 1]).await.json();
    assert_eq!((&told["body_bytes"], &told["body_is_cut"]), (&json!((1 << 20) + 1), &json!(true)));

    fake.faults(json!({ "expires_in": 0 })).await;
    let (expired, _) = fake.link("calendar").await;
    assert_eq!(fake.with(&expired, "GET", "/calendar/echo", Value::Null).await.error(), (401, "invalid_token".into()));
}

#[tokio::test]
async fn bodies_flow_in_every_way() {
    let fake = quiet();
    let pattern: Vec<u8> = (0..1000).map(fake::pattern).collect();
    let whole = fake.get("/chat/bytes?n=1000&chunk=7").await;
    assert_eq!(whole.body, pattern);
    assert_eq!(whole.said("content-length"), "1000");
    let unsized_one = fake.get("/chat/bytes?n=1000&length=no").await;
    assert_eq!((unsized_one.said("content-length").as_str(), unsized_one.body), ("", pattern));
    for wrong in ["n=x", "n=1&chunk=0", "n=99999999999999999999", "n=1&chunk=99999999"] {
        assert_eq!(fake.get(&format!("/chat/bytes?{wrong}")).await.status, 400, "{wrong}");
    }
    // A terabyte begins at once: nothing is made before it is read.
    let mut endless = fake.send("GET", "/chat/bytes?n=1099511627776", &[], "").await.into_body();
    assert_eq!(endless.frame().await.unwrap().unwrap().into_data().unwrap().len(), 16 * 1024);

    let counted = fake.ask("POST", "/chat/count", &[], vec![b'a'; 3 << 20]).await.json();
    assert_eq!((&counted["bytes"], counted["sha256"].as_str().unwrap().len()), (&json!(3 << 20), 64));
    let events = fake.get("/chat/events?n=2&delay_ms=1").await;
    assert_eq!(
        (events.said("content-type").as_str(), events.text().as_str()),
        ("text/event-stream", "id: 1\ndata: {\"n\":1}\n\nid: 2\ndata: {\"n\":2}\n\n")
    );
    let mut drip = fake.send("GET", "/chat/drip?n=3&delay_ms=1", &[], "").await.into_body();
    for place in 0..3 {
        assert_eq!(drip.frame().await.unwrap().unwrap().into_data().unwrap(), vec![fake::pattern(place)]);
    }
    assert!(drip.frame().await.is_none());
}

#[tokio::test]
async fn answers_come_in_every_awkward_form() {
    let fake = quiet();
    for status in [200, 204, 304, 404, 418, 429, 503] {
        assert_eq!(fake.get(&format!("/chat/status/{status}")).await.status, status);
    }
    for wrong in ["99", "101", "600", "x"] {
        assert_eq!(fake.get(&format!("/chat/status/{wrong}")).await.status, 400, "{wrong}");
    }
    let sent = fake.get("/chat/redirect?to=http://169.254.169.254/&status=307").await;
    assert_eq!((sent.status, sent.said("location").as_str()), (307, "http://169.254.169.254/"));
    assert_eq!(fake.get("/chat/redirect?to=/x").await.status, 302);
    for wrong in ["", "to=/x&status=200", "to=%0a"] {
        assert_eq!(fake.get(&format!("/chat/redirect?{wrong}")).await.status, 400, "{wrong}");
    }
    assert_eq!(fake.get("/chat/slow?ms=1").await.json(), json!({ "waited_ms": 1 }));
    let many = fake.get("/chat/headers?n=200&size=30").await;
    assert_eq!((many.headers.len() > 200, many.said("x-fake-200").len()), (true, 30));
    assert_eq!(fake.get("/chat/headers?n=2000&size=16000").await.status, 400);

    let packed = fake.ask("GET", "/chat/gzip?n=5&echo=yes", &[("authorization", "Bearer canary")], "").await;
    assert_eq!(packed.said("content-encoding"), "gzip");
    let mut plain = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_string(&mut plain).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), json!({ "received": "canary", "letters": "aaaaa" }));

    let cookies = fake.get("/chat/cookies").await;
    for name in [
        "set-cookie",
        "clear-site-data",
        "access-control-allow-origin",
        "strict-transport-security",
        "service-worker-allowed",
        "alt-svc",
        "report-to",
        "nel",
        "x-fake-hop",
        "x-fake-kept",
    ] {
        assert!(!cookies.said(name).is_empty(), "{name}");
    }
    assert_eq!(cookies.headers.get_all("set-cookie").iter().count(), 2);
    // No wire refuses to carry it.
    let host = fake.serve().await;
    let told = raw(&host, format!("GET /chat/cookies HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
    assert!(told.starts_with("HTTP/1.1 200") && told.to_lowercase().contains("x-fake-hop: for this"), "{told}");
}

#[tokio::test]
async fn it_is_served_on_this_computer_alone() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = fake::serve(listener, fake::router(Settings::default())).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    let about = quiet().get("/").await;
    assert!(about.status == 200 && about.text().contains("/_faults"));
    assert_eq!(quiet().get("/calendar/nothing").await.status, StatusCode::NOT_FOUND.as_u16());
}
