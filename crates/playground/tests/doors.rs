//! What Notes and Iris let in: they are read as examples, so their doors have to be right.

#![allow(clippy::unwrap_used)]

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tower::ServiceExt as _;

const ORIGIN: &str = "http://localhost:8461";

fn notes(issuer: &str) -> Router {
    playground::notes::router(playground::notes::Settings {
        issuer: issuer.to_owned(),
        client_id: "app_1".to_owned(),
        client_secret: "a secret of Notes".to_owned(),
        origin: ORIGIN.to_owned(),
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
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(move || async move { Json(metadata) }))
        .route("/token", axum::routing::post(refusal));
    tokio::spawn(async { axum::serve(listener, routes).await });
    issuer
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
        for path in ["/refresh", "/replay", "/sign-out"] {
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
    for path in ["/", "/callback"] {
        let policy = said(&ask(&app, "GET", path, &[]).await, header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    let page = text(ask(&app, "GET", "/", &[]).await).await;
    assert!(!page.contains("a secret of Notes") && page.contains("[[app]]"));
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
}
