//! The door against a real server on this machine, which it must not reach unless it is named.

#![allow(clippy::unwrap_used)] // a helper that fails fails its test

mod stream;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use net::{Allowed, Egress, Trouble};

/// A server that counts on nobody; gives its port.
async fn server() -> u16 {
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/large", get(|| async { "x".repeat(2000) }))
        .route("/away", get(|| async { Redirect::temporary("/") }))
        .route("/slow", get(|| async { tokio::time::sleep(std::time::Duration::from_mins(1)).await }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

#[tokio::test]
async fn threat_054_this_machine_is_reached_only_by_the_name_that_the_operator_gave() {
    let port = server().await;
    let closed = Egress::new(Vec::new()).unwrap();
    for (url, trouble) in [
        (format!("http://localhost:{port}/"), Trouble::BadUrl),
        (format!("https://127.0.0.1:{port}/"), Trouble::NotPublic),
        (format!("https://[::1]:{port}/"), Trouble::NotPublic),
        (format!("https://2130706433:{port}/"), Trouble::NotPublic),
        // A name whose address is of this machine: what DNS rebinding would give.
        (format!("https://localhost:{port}/"), Trouble::NotPublic),
        (format!("https://user:pass@localhost:{port}/"), Trouble::BadUrl),
        ("ftp://example.com/".to_owned(), Trouble::BadUrl),
        ("nothing".to_owned(), Trouble::BadUrl),
    ] {
        assert_eq!(closed.get(&url, 100).await.unwrap_err(), trouble, "{url}");
    }
    let open = Egress::new(vec![Allowed::parse(&format!("localhost:{port}")).unwrap()]).unwrap();
    let answer = open.get(&format!("http://localhost:{port}/"), 100).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello".as_slice()));
    assert_eq!(open.get(&format!("https://127.0.0.1:{port}/"), 100).await.unwrap_err(), Trouble::NotPublic);
}

#[tokio::test]
async fn an_answer_has_a_size_and_no_redirect_is_followed() {
    let port = server().await;
    let open = Egress::new(vec![Allowed::parse(&format!("localhost:{port}")).unwrap()]).unwrap();
    let get = async |path: &str| open.get(&format!("http://localhost:{port}{path}"), 1000).await;
    assert_eq!(get("/large").await.unwrap_err(), Trouble::TooLarge);
    assert_eq!(get("/away").await.unwrap_err(), Trouble::Redirected);
    assert_eq!(get("/none").await.unwrap().status, 404);
    assert_eq!(
        Egress::new(vec![Allowed::parse("localhost:1").unwrap()])
            .unwrap()
            .get("http://localhost:1/", 9)
            .await
            .unwrap_err(),
        Trouble::Unreachable
    );
}
