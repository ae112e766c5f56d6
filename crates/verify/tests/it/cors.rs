//! Who may read answers from a browser: the connector's runtime, on the issuer's origin.

use crate::layer::{app, send};
use crate::world::World;
use axum::http::{HeaderMap, StatusCode, header};

const PREFLIGHT: (&str, &str) = ("access-control-request-method", "POST");

fn has_cors(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn other_origins_find_no_cors_headers() {
    let world = World::new().await;
    let app = app(world.verifier.layer().scope("infer").runtime_cors());
    let bearer = format!("Bearer {}", world.token());
    let (slash, upper) = (format!("{}/", world.issuer.url), world.issuer.url.to_uppercase());
    for origin in ["https://evil.test", "null", "", &slash, &upper, "http://127.0.0.1"] {
        let (status, headers, _) = send(&app, "OPTIONS", "/infer", &[("origin", origin), PREFLIGHT]).await;
        assert_eq!((status, has_cors(&headers)), (StatusCode::UNAUTHORIZED, false), "{origin}");
        let (status, headers, _) =
            send(&app, "POST", "/infer", &[("origin", origin), ("authorization", &bearer)]).await;
        assert_eq!((status, has_cors(&headers)), (StatusCode::OK, false), "{origin}");
        assert_eq!(headers[header::VARY], "Origin");
    }
    let two = [("origin", &*world.issuer.url), ("origin", "https://evil.test"), PREFLIGHT];
    assert!(!has_cors(&send(&app, "OPTIONS", "/infer", &two).await.1));
}

#[tokio::test]
async fn the_runtime_may_ask_post_and_read_even_a_refusal() {
    let world = World::new().await;
    let app = app(world.verifier.layer().scope("infer").runtime_cors());
    let origin = ("origin", &*world.issuer.url);
    let (status, headers, body) = send(&app, "OPTIONS", "/infer", &[origin, PREFLIGHT]).await;
    assert_eq!((status, &*body), (StatusCode::NO_CONTENT, ""));
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], world.issuer.url);
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_METHODS], "POST");
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization, content-type, accept");
    assert_eq!(headers[header::ACCESS_CONTROL_MAX_AGE], "600");
    assert_eq!(headers[header::VARY], "Origin");
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));

    let bearer = format!("Bearer {}", world.token());
    for (headers, expected) in
        [(vec![origin, ("authorization", &*bearer)], StatusCode::OK), (vec![origin], StatusCode::UNAUTHORIZED)]
    {
        let (status, headers, _) = send(&app, "POST", "/infer", &headers).await;
        assert_eq!(status, expected);
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], world.issuer.url);
        assert_eq!(headers[header::VARY], "Origin");
    }
}

#[tokio::test]
async fn a_preflight_lets_nothing_through_to_the_route() {
    let world = World::new().await;
    let app = app(world.verifier.layer().runtime_cors());
    let origin = ("origin", &*world.issuer.url);
    assert_eq!(send(&app, "OPTIONS", "/infer", &[origin]).await.0, StatusCode::UNAUTHORIZED);
    let (status, _, body) = send(&app, "POST", "/infer", &[origin, PREFLIGHT]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body.contains("Bearer"));
}

#[tokio::test]
async fn without_being_asked_the_layer_adds_no_cors_headers() {
    let world = World::new().await;
    let app = app(world.verifier.layer());
    let origin = ("origin", &*world.issuer.url);
    let (status, headers, _) = send(&app, "OPTIONS", "/infer", &[origin, PREFLIGHT]).await;
    assert_eq!((status, has_cors(&headers)), (StatusCode::UNAUTHORIZED, false));
    assert!(!headers.contains_key(header::VARY));
}
