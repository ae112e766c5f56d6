//! The layer around an axum app.

use crate::world::{Mood, World};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::{get, post};
use axum::{Extension, Router};
use procura_verify::{Delegation, Guard, Mode};
use serde_json::json;
use tower::ServiceExt as _;

async fn infer(Extension(delegation): Extension<Delegation>) -> String {
    format!("{} for {}", delegation.client, delegation.subject)
}

pub fn app(guard: Guard) -> Router {
    Router::new().route("/infer", post(infer)).layer(guard).route("/health", get(|| async { "fine" }))
}

/// Sends a request with these headers; status, headers and body of the answer.
pub async fn send(app: &Router, method: &str, uri: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let request = headers
        .iter()
        .fold(Request::builder().method(method).uri(uri), |request, (name, value)| request.header(*name, *value));
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    (head.status, head.headers, String::from_utf8(to_bytes(body, 64 << 10).await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_request_without_exactly_one_bearer_token_stays_outside() {
    let world = World::new().await;
    let app = app(world.verifier.layer().scope("infer"));
    let token = world.token();
    let bearer = format!("Bearer {token}");
    let refused = async |uri: &str, headers: &[(&str, &str)]| {
        let (status, answered, body) = send(&app, "POST", uri, headers).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answered[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer error=\"invalid_request\""));
        assert!(!body.contains(&token));
        body
    };
    // Without any credential the challenge has no code (RFC 6750 §3.1). The query is no place for one.
    for uri in ["/infer".to_owned(), format!("/infer?access_token={token}")] {
        let (status, answered, body) = send(&app, "POST", &uri, &[]).await;
        assert_eq!(
            (status, answered[header::WWW_AUTHENTICATE].to_str().unwrap()),
            (StatusCode::UNAUTHORIZED, "Bearer")
        );
        assert!(!body.contains(&token));
    }
    let twice = refused("/infer", &[("authorization", &bearer), ("authorization", &bearer)]).await;
    assert!(twice.contains("more than one"));
    assert!(refused("/infer", &[("authorization", "Basic YTpi")]).await.contains("no bearer token"));
    assert_eq!(world.reads(), 0);
}

#[tokio::test]
async fn a_refusal_says_why_in_body_and_challenge() {
    let world = World::new().await;
    let expired = format!("Bearer {}", world.token());
    world.passes(600);
    let narrow = format!("Bearer {}", world.token_but("scope", json!("models.read")));
    let app = app(world.verifier.layer().scope("infer").scope("models.read"));
    let (status, headers, body) = send(&app, "POST", "/infer", &[("authorization", &expired)]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(
        headers[header::WWW_AUTHENTICATE],
        "Bearer error=\"invalid_token\", error_description=\"the token has expired\""
    );
    assert_eq!(body, r#"{"error":"invalid_token","error_description":"the token has expired"}"#);
    let (status, headers, _) = send(&app, "POST", "/infer", &[("authorization", &narrow)]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(headers[header::WWW_AUTHENTICATE].to_str().unwrap().ends_with(", scope=\"infer models.read\""));
}

#[tokio::test]
async fn an_issuer_out_of_reach_is_503_without_a_challenge() {
    let world = World::new().await;
    world.is(Mood::Broken);
    let bearer = format!("Bearer {}", world.token());
    let (status, headers, body) =
        send(&app(world.verifier.layer()), "POST", "/infer", &[("authorization", &bearer)]).await;
    assert_eq!((status, headers.get(header::WWW_AUTHENTICATE)), (StatusCode::SERVICE_UNAVAILABLE, None));
    assert!(body.contains("temporarily_unavailable") && !body.contains("502"));
}

#[tokio::test]
async fn the_route_sees_the_delegation_and_a_header_that_logs_leave_out() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.token());
    let (status, _, body) =
        send(&app(world.verifier.layer().scope("infer")), "POST", "/infer", &[("authorization", &bearer)]).await;
    assert_eq!((status, &*body), (StatusCode::OK, "app_notes for idn_ada"));

    let shown = Router::new()
        .route("/infer", post(|headers: HeaderMap| async move { format!("{headers:?}") }))
        .layer(world.verifier.layer());
    let (status, _, body) = send(&shown, "POST", "/infer", &[("authorization", &bearer)]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("Sensitive") && !body.contains(&bearer));
}

#[tokio::test]
async fn a_guard_stands_before_its_own_routes_only_and_may_ask_for_the_person() {
    let world = World::new().await;
    let app = app(world.verifier.layer().mode(Mode::UserPresent));
    assert_eq!(send(&app, "GET", "/health", &[]).await.0, StatusCode::OK);
    let bearer = format!("Bearer {}", world.token_but("com_mode", json!("background")));
    assert_eq!(send(&app, "POST", "/infer", &[("authorization", &bearer)]).await.0, StatusCode::FORBIDDEN);
}
