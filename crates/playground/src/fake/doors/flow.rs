//! Much, slowly, or without end: bodies that nobody may keep whole.

use super::malformed;
use super::stream::Pieces;
use crate::fake::form::Form;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

const MOST_BYTES: u64 = 1 << 40;
const LARGEST_CHUNK: u64 = 1 << 20;
const USUAL_CHUNK: u64 = 16 * 1024;
const LONGEST_PAUSE_MS: u64 = 60_000;

/// The byte at a place of what `/bytes` sends.
pub fn pattern(place: u64) -> u8 {
    (place % 251) as u8
}

fn read(query: Option<String>) -> Form {
    Form::read(query.unwrap_or_default().as_bytes()).unwrap_or_default()
}

/// `GET /{service}/bytes?n=N[&chunk=SIZE][&length=no]`: with a `Content-Length` unless told otherwise.
pub(super) async fn bytes(RawQuery(query): RawQuery) -> Response {
    let form = read(query);
    let (Some(count), Some(chunk)) =
        (form.number("n", 0, MOST_BYTES), form.number("chunk", USUAL_CHUNK, LARGEST_CHUNK).filter(|chunk| *chunk > 0))
    else {
        return malformed("n and chunk are numbers");
    };
    let pattern = Pattern { at: 0, end: count, chunk, has_length: form.find("length") != Some("no") };
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::new(pattern)).into_response()
}

/// The pattern, made as it is asked for.
struct Pattern {
    at: u64,
    end: u64,
    chunk: u64,
    has_length: bool,
}

impl HttpBody for Pattern {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let end = self.end.min(self.at + self.chunk);
        if self.at == end {
            return Poll::Ready(None);
        }
        let piece: Bytes = (self.at..end).map(pattern).collect();
        self.at = end;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        if self.has_length { SizeHint::with_exact(self.end - self.at) } else { SizeHint::default() }
    }
}

/// `POST /{service}/count`: keeps nothing of what it is sent.
pub(super) async fn count(request: Request) -> Response {
    let mut body = request.into_body();
    let (mut count, mut digest) = (0_u64, Sha256::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return malformed("the body broke off") };
        let Some(data) = frame.data_ref() else { continue };
        count += data.len() as u64;
        digest.update(data);
    }
    let hex = digest.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Json(json!({ "bytes": count, "sha256": hex })).into_response()
}

/// `GET /{service}/events?n=N&delay_ms=MS`: server-sent events (HTML Living Standard §9.2.5), numbered from 1.
pub(super) async fn events(RawQuery(query): RawQuery) -> Response {
    let form = read(query);
    let (Some(count), Some(pause)) = (form.number("n", 3, 1_000_000), form.number("delay_ms", 100, LONGEST_PAUSE_MS))
    else {
        return malformed("n and delay_ms are numbers");
    };
    let events = (1..=count).map(|number| Bytes::from(format!("id: {number}\ndata: {{\"n\":{number}}}\n\n")));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::new(Pieces::say(events, Duration::from_millis(pause)))).into_response()
}

/// `GET /{service}/drip?n=N&delay_ms=MS`: one byte of the pattern at a time.
pub(super) async fn drip(RawQuery(query): RawQuery) -> Response {
    let form = read(query);
    let (Some(count), Some(pause)) = (form.number("n", 10, 1_000_000), form.number("delay_ms", 10, LONGEST_PAUSE_MS))
    else {
        return malformed("n and delay_ms are numbers");
    };
    let drops = (0..count).map(|place| Bytes::from(vec![pattern(place)]));
    let headers = [(header::CONTENT_TYPE, "application/octet-stream")];
    (headers, Body::new(Pieces::say(drops, Duration::from_millis(pause)))).into_response()
}
