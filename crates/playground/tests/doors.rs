//! What Notes and Iris let in: they are read as examples, so their doors have to be right.

#![allow(clippy::unwrap_used)]

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ORIGIN: &str = "http://localhost:8461";
const IRIS: &str = "http://localhost:8462";

fn notes(issuer: &str) -> Router {
    playground::notes::router(playground::notes::Settings {
        issuer: issuer.to_owned(),
        client_id: "app_1".to_owned(),
        client_secret: "a secret of Notes".to_owned(),
        origin: ORIGIN.to_owned(),
        app_key: "a key of Notes".to_owned(),
        agent_key: "a key of Quill".to_owned(),
        agent: "Quill".to_owned(),
        iris: "http://localhost:8462".to_owned(),
        manifest: "[[app]]".to_owned(),
    })
}

/// An issuer that publishes where everything is, and refuses every token request.
async fn issuer() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let at = |path: &str| format!("{issuer}{path}");
    let metadata = json!({
        "issuer": issuer, "authorization_endpoint": at("/signin"), "token_endpoint": at("/token"), "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"), "end_session_endpoint": at("/logout"), "revocation_endpoint": at("/revoke"),
    });
    let refusal = || async { (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))) };
    let own = issuer.clone();
    let introspect = |asked: String| async move { Json(introspection(&own, &asked)) };
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(move || async move { Json(metadata) }))
        .route("/token", post(refusal))
        .route("/api/oauth/introspect", post(introspect));
    tokio::spawn(async { axum::serve(listener, routes).await });
    issuer
}

/// What the issuer says of a token. It knows two, both of Ada: `ask`, and `all`, with which her questions may be read too.
fn introspection(issuer: &str, asked: &str) -> Value {
    let scope = match asked {
        "token=ask" => "resource.access",
        "token=all" => "resource.access resource.history",
        _ => return json!({ "active": false }),
    };
    json!({
        "active": true, "iss": issuer, "sub": "ada", "aud": format!("{IRIS}/api"), "exp": 4_000_000_000_i64, "jti": "j1", "cid": "app_1",
        "client_id": "app_1", "scope": scope, "grant_id": "g1", "target_resource": "iris:inference", "com_mode": "user_present",
    })
}

async fn ask(app: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:8461");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// A request as the runtime sends it, with one of the two tokens.
async fn run(app: &Router, token: &str, body: &Value) -> (u16, String) {
    let request = Request::post("/runtime")
        .header("host", "localhost:8462")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    let answer = app.clone().oneshot(request.unwrap()).await.unwrap();
    (answer.status().as_u16(), text(answer).await)
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

fn said(response: &Response<Body>, name: header::HeaderName) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_form_of_another_origin_does_nothing_even_on_the_same_host() {
    let app = notes("http://localhost:1");
    for origin in [None, Some("http://localhost:8462"), Some("https://evil.test"), Some("null")] {
        for path in [
            "/refresh",
            "/replay",
            "/sign-out",
            "/iris/begin",
            "/iris/token",
            "/accounts/session",
            "/agent/read",
            "/agent/add",
            "/calendar/read",
        ] {
            let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
            assert_eq!(ask(&app, "POST", path, &headers).await.status(), StatusCode::FORBIDDEN, "{origin:?} {path}");
        }
    }
    assert_eq!(ask(&app, "POST", "/refresh", &[("origin", ORIGIN)]).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_types_another_name_of_this_computer_is_sent_to_the_right_one() {
    let sent = ask(&notes("http://localhost:1"), "GET", "/tokens?x=1", &[("host", "127.0.0.1:8461")]).await;
    assert_eq!((sent.status().as_u16(), said(&sent, header::LOCATION)), (307, format!("{ORIGIN}/tokens?x=1")));
}

#[tokio::test]
async fn pages_allow_no_inline_script_and_no_third_party() {
    let app = notes("http://localhost:8460");
    for path in ["/", "/callback", "/connected"] {
        let policy = said(&ask(&app, "GET", path, &[]).await, header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("script-src 'self'; frame-src 'none';"), "{path}: {policy}");
    }
    let page = text(ask(&app, "GET", "/", &[]).await).await;
    assert!(
        !page.contains("a secret of Notes")
            && !page.contains("a key of Notes")
            && !page.contains("a key of Quill")
            && page.contains("[[app]]")
    );
}

#[tokio::test]
async fn a_sign_in_is_answered_once_in_its_own_browser_by_its_own_issuer() {
    let issuer = issuer().await;
    let app = notes(&issuer);
    let begin = || async {
        let sent = ask(&app, "GET", "/sign-in", &[]).await;
        let cookie = said(&sent, header::SET_COOKIE).split(';').next().unwrap().to_owned();
        let asked = url::Url::parse(&said(&sent, header::LOCATION)).unwrap();
        let of = |name: &str| asked.query_pairs().find(|(own, _)| own == name).unwrap().1.into_owned();
        assert_eq!(
            (of("code_challenge_method"), of("redirect_uri")),
            ("S256".to_owned(), format!("{ORIGIN}/callback"))
        );
        (cookie, of("state"))
    };
    let answer = |cookie: String, state: String, iss: String| {
        let app = app.clone();
        async move {
            text(ask(&app, "GET", &format!("/callback?code=c&state={state}&iss={iss}"), &[("cookie", &cookie)]).await)
                .await
        }
    };

    let (cookie, state) = begin().await;
    assert!(answer("notes_8461=other".to_owned(), state.clone(), issuer.clone()).await.contains("does not belong"));
    assert!(answer(cookie.clone(), "guessed".to_owned(), issuer.clone()).await.contains("does not belong"));
    let (cookie, state) = begin().await;
    assert!(answer(cookie, state, "https://evil.test".to_owned()).await.contains("another issuer"));
    let (cookie, state) = begin().await;
    assert!(answer(cookie.clone(), state.clone(), issuer.clone()).await.contains("invalid_grant"));
    assert!(answer(cookie, state, issuer).await.contains("does not belong"));
}

#[tokio::test]
async fn tokens_are_shown_to_nobody_who_is_not_signed_in() {
    let app = notes("http://localhost:1");
    for path in ["/tokens", "/refreshed"] {
        assert_eq!(said(&ask(&app, "GET", path, &[]).await, header::LOCATION), "/");
    }
    assert_eq!(said(&ask(&app, "GET", "/iris", &[]).await, header::LOCATION), "/#connect");
    assert_eq!(said(&ask(&app, "GET", "/accounts", &[]).await, header::LOCATION), "/#link");
    for (path, back) in [("/agent/read", "/#agent"), ("/calendar/read", "/#resource"), ("/agent/add", "/accounts#add")]
    {
        assert_eq!(said(&ask(&app, "POST", path, &[("origin", ORIGIN)]).await, header::LOCATION), back);
    }
    let refused = ask(&app, "POST", "/accounts/session", &[("origin", ORIGIN)]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused = ask(&app, "POST", "/iris/token", &[("origin", ORIGIN)]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(text(refused).await.contains("login_required"));
}

#[tokio::test]
async fn a_permission_is_asked_for_with_a_challenge_and_answered_once_in_its_own_browser() {
    let issuer = issuer().await;
    let app = notes(&issuer);
    let sent = ask(&app, "GET", "/iris/connect?history=yes", &[]).await;
    assert_eq!(sent.status(), StatusCode::FOUND);
    let cookie = said(&sent, header::SET_COOKIE).split(';').next().unwrap().to_owned();
    let asked = url::Url::parse(&said(&sent, header::LOCATION)).unwrap();
    let of = |name: &str| asked.query_pairs().find(|(own, _)| own == name).unwrap().1.into_owned();
    assert_eq!((asked.path(), of("redirect_uri")), ("/connect", format!("{ORIGIN}/connected")));
    assert_eq!((of("resource"), of("scope")), ("iris:inference".into(), "resource.access resource.history".into()));
    assert_eq!((of("mode"), of("code_challenge_method")), ("user_present".into(), "S256".into()));

    let answer = |cookie: String, state: String, iss: String| {
        let app = app.clone();
        async move {
            let path = format!("/connected?code=c&state={state}&iss={iss}");
            text(ask(&app, "GET", &path, &[("cookie", &cookie)]).await).await
        }
    };
    let state = of("state");
    assert!(answer("notes_8461=other".into(), state.clone(), issuer.clone()).await.contains("does not belong"));
    assert!(answer(cookie.clone(), "guessed".into(), issuer.clone()).await.contains("does not belong"));
    assert!(answer(cookie.clone(), state.clone(), issuer.clone()).await.contains("invalid_grant"));
    assert!(answer(cookie.clone(), state, issuer.clone()).await.contains("does not belong"));

    // The same for a calendar, in the same browser.
    let sent = ask(&app, "GET", "/calendar/connect", &[("cookie", &cookie)]).await;
    let asked = url::Url::parse(&said(&sent, header::LOCATION)).unwrap();
    let of = |name: &str| asked.query_pairs().find(|(own, _)| own == name).unwrap().1.into_owned();
    assert_eq!((of("resource"), of("scope")), ("calendar:demo".into(), "calendar.read".into()));
    let state = of("state");
    assert!(answer(cookie.clone(), state, issuer.clone()).await.contains("invalid_grant"));

    // What the page is given for a sheet or a window does the same, and the verifier is not in it.
    let headers = [("origin", ORIGIN), ("cookie", cookie.as_str())];
    let begun: Value = serde_json::from_str(&text(ask(&app, "POST", "/iris/begin", &headers).await).await).unwrap();
    let mut names: Vec<_> = begun.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["codeChallenge", "nonce", "state"]);
    let state = begun["state"].as_str().unwrap().to_owned();
    assert!(answer(cookie, state, "https://evil.test".into()).await.contains("another issuer"));
}

fn iris(issuer: &str) -> Router {
    playground::iris::router(playground::iris::Settings {
        issuer: issuer.to_owned(),
        client_id: "app_2".to_owned(),
        server_id: "app_3".to_owned(),
        server_secret: "a secret of Iris".to_owned(),
        origin: IRIS.to_owned(),
        tour: ORIGIN.to_owned(),
    })
    .unwrap()
}

const AT_IRIS: (&str, &str) = ("host", "localhost:8462");
const DOORS: [(&str, &str); 2] = [("POST", "/runtime"), ("GET", "/api/history")];

#[tokio::test]
async fn iris_answers_no_app_without_a_token_that_the_issuer_vouches_for() {
    let app = iris(&issuer().await);
    for (method, path) in DOORS {
        let without = ask(&app, method, path, &[AT_IRIS]).await;
        assert_eq!(without.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(said(&without, header::WWW_AUTHENTICATE).starts_with("Bearer"), "{path}");
        let ended = ask(&app, method, path, &[AT_IRIS, ("authorization", "Bearer ended")]).await;
        assert_eq!(ended.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(text(ended).await.contains("invalid_token"), "{path}");
    }
    // An issuer that is away vouches for nobody.
    let alone = iris("http://localhost:1");
    let unknown = ask(&alone, "POST", "/runtime", &[AT_IRIS, ("authorization", "Bearer some")]).await;
    assert_eq!(unknown.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn only_the_issuers_own_page_may_call_iris_from_a_browser() {
    let issuer = issuer().await;
    let app = iris(&issuer);
    let allowed = |response: &Response<Body>| said(response, header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let preflight = ("access-control-request-method", "POST");
    let asked = ask(&app, "OPTIONS", "/runtime", &[AT_IRIS, ("origin", &issuer), preflight]).await;
    assert_eq!((asked.status(), allowed(&asked)), (StatusCode::NO_CONTENT, issuer.clone()));
    let called = ask(&app, "POST", "/runtime", &[AT_IRIS, ("origin", &issuer)]).await;
    assert_eq!(
        (called.status(), allowed(&called)),
        (StatusCode::UNAUTHORIZED, issuer.clone()),
        "it may read a refusal"
    );
    for stranger in [ORIGIN, "https://evil.test", "null"] {
        let asked = ask(&app, "OPTIONS", "/runtime", &[AT_IRIS, ("origin", stranger), preflight]).await;
        assert_eq!(allowed(&asked), "", "{stranger}");
        let called = ask(&app, "POST", "/runtime", &[AT_IRIS, ("origin", stranger)]).await;
        assert_eq!(allowed(&called), "", "{stranger}");
    }
    // Servers need no CORS.
    let called = ask(&app, "GET", "/api/history", &[AT_IRIS, ("origin", &issuer)]).await;
    assert_eq!(allowed(&called), "");
}

#[tokio::test]
async fn iris_answers_what_the_token_is_for_and_tells_old_questions_only_where_that_was_allowed() {
    let app = iris(&issuer().await);
    let prompt = json!({ "id": "r1", "op": "infer", "payload": { "prompt": "Why?" } });
    let (status, told) = run(&app, "ask", &prompt).await;
    assert!(status == 200 && told.starts_with("data: {\"word\":\"Thank\"}\n\n"), "{status} {told}");
    assert_eq!(run(&app, "ask", &prompt).await.1, told, "the same to the same");

    let history = json!({ "id": "r2", "op": "history" });
    let (status, refused) = run(&app, "ask", &history).await;
    assert!(status == 403 && refused.contains("insufficient_scope"), "{status} {refused}");
    let questions = json!({ "questions": ["Why?", "Why?"] }).to_string();
    assert_eq!(run(&app, "all", &history).await, (200, questions.clone()));
    let by_server = |token: &'static str| {
        let app = app.clone();
        async move { ask(&app, "GET", "/api/history", &[AT_IRIS, ("authorization", token)]).await }
    };
    assert_eq!(by_server("Bearer ask").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(text(by_server("Bearer all").await).await, questions);

    let long = "x".repeat(501);
    for wrong in [
        json!({ "id": "r3", "op": "erase" }),
        json!({ "id": "r3" }),
        json!([]),
        json!({ "id": "r3", "op": "infer", "payload": {} }),
        json!({ "id": "r3", "op": "infer", "payload": { "prompt": long } }),
    ] {
        let (status, refused) = run(&app, "all", &wrong).await;
        assert!(status == 400 && refused.contains("\"error\":\"invalid_request\""), "{wrong}: {status} {refused}");
    }
}
