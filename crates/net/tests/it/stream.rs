//! Bodies that pass as they come.

use axum::Router;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream;
use http::Method;
use net::{Allowed, Egress, Patience, Trouble, Upload};
use std::time::Duration;

const SOON: Patience = Patience { head: Duration::from_secs(2), pause: Duration::from_millis(300) };

async fn stalls() -> impl IntoResponse {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"first"))]);
    Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()))
}

async fn many_headers() -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    for number in 0..10_000 {
        headers.append("x-many", number.to_string().parse().unwrap());
    }
    (headers, "late")
}

async fn served() -> (Egress, String) {
    let router = Router::new()
        .route("/back", post(|headers: HeaderMap, body: Body| async move { (headers, body) }))
        .route("/stalls", get(stalls))
        .route("/many", get(many_headers))
        .route("/packed", get(|| async { ([("content-encoding", "gzip")], &b"\x1f\x8bnot really"[..]) }))
        .route("/away", get(|| async { Redirect::temporary("/back") }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_mins(1)).await }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Egress::new(vec![Allowed::parse(&host).unwrap()]).unwrap(), format!("http://{host}"))
}

async fn whole(egress: &Egress, url: &str) -> Result<(u16, HeaderMap, Vec<u8>), Trouble> {
    let mut answer = egress.stream(Method::GET, url, HeaderMap::new(), Upload::Nothing, SOON).await?;
    let mut all = Vec::new();
    while let Some(piece) = answer.body.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok((answer.status, answer.headers, all))
}

#[tokio::test]
async fn what_comes_in_pieces_goes_out_as_it_is() {
    let (egress, origin) = served().await;
    let pieces = stream::iter((0..100).map(|number| Ok(Bytes::from(vec![number; 1000]))));
    let mut headers = HeaderMap::new();
    headers.insert("content-length", 100_000.into());
    let upload = Upload::Course(Box::pin(pieces));
    let mut answer = egress.stream(Method::POST, &format!("{origin}/back"), headers, upload, SOON).await.unwrap();
    assert_eq!((answer.status, &answer.headers["content-length"]), (200, &"100000".parse().unwrap()));
    assert!(!answer.headers.contains_key("transfer-encoding"), "the length that was told is kept");
    let mut all = Vec::new();
    while let Some(piece) = answer.body.next().await.unwrap() {
        all.extend_from_slice(&piece);
    }
    assert_eq!(all, (0..100).flat_map(|number| vec![number; 1000]).collect::<Vec<u8>>());
    let (status, headers, body) = whole(&egress, &format!("{origin}/packed")).await.unwrap();
    assert_eq!((status, &headers["content-encoding"], &body[..2]), (200, &"gzip".parse().unwrap(), &b"\x1f\x8b"[..]));
}

#[tokio::test]
async fn threat_152_nobody_is_waited_for_without_end_and_a_head_has_a_size() {
    let (egress, origin) = served().await;
    assert_eq!(whole(&egress, &format!("{origin}/slow")).await.unwrap_err(), Trouble::TooSlow);
    assert_eq!(whole(&egress, &format!("{origin}/stalls")).await.unwrap_err(), Trouble::TooSlow);
    assert!(matches!(
        whole(&egress, &format!("{origin}/many")).await.unwrap_err(),
        Trouble::TooLarge | Trouble::Unreachable
    ));
}

#[tokio::test]
async fn threat_148_a_redirect_is_an_answer_and_the_guard_stays() {
    let (egress, origin) = served().await;
    let (status, headers, _) = whole(&egress, &format!("{origin}/away")).await.unwrap();
    assert_eq!((status, &headers["location"]), (307, &"/back".parse().unwrap()));
    assert_eq!(whole(&egress, "https://127.0.0.1/").await.unwrap_err(), Trouble::NotPublic);
    assert_eq!(whole(&egress, "http://127.0.0.1/").await.unwrap_err(), Trouble::BadUrl);
}
