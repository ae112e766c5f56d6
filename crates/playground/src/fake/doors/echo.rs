//! What arrived, told back: also the credential, which whoever stands between must not let through.

use super::malformed;
use super::stream::Pieces;
use crate::fake::form::Form;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// So much of a body is told; all of it is counted.
const LONGEST_TOLD: usize = 1024 * 1024;
/// Long enough for two pieces to travel apart.
const APART: Duration = Duration::from_millis(30);

/// `ANY /{service}/echo[/…]`
pub(super) async fn echo(request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let (mut told, mut count) = (Vec::new(), 0_u64);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return malformed("the body broke off") };
        let Some(data) = frame.data_ref() else { continue };
        count += data.len() as u64;
        let room = LONGEST_TOLD.saturating_sub(told.len());
        told.extend(data.iter().take(room));
    }
    let is_cut = count > told.len() as u64;
    let (encoding, body) = match String::from_utf8(told) {
        Ok(text) => ("text", text),
        Err(error) => ("base64", STANDARD.encode(error.as_bytes())),
    };
    Json(json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "query": parts.uri.query(),
        "headers": joined(&parts.headers),
        "header_list": listed(&parts.headers),
        "body": body,
        "body_encoding": encoding,
        "body_bytes": count,
        "body_is_cut": is_cut,
    }))
    .into_response()
}

/// By name; lines of one name are joined.
fn joined(headers: &HeaderMap) -> Map<String, Value> {
    let text = |name: &HeaderName| {
        let lines: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        Value::String(lines.join(", "))
    };
    headers.keys().map(|name| (name.as_str().to_owned(), text(name))).collect()
}

/// Line by line.
fn listed(headers: &HeaderMap) -> Vec<[String; 2]> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        [name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()]
    };
    headers.iter().map(line).collect()
}

/// `GET /{service}/echo-split?at=N[&of=HEADER]`: the credential comes back in two pieces, the first of N bytes of it.
pub(super) async fn split(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let Some(at) = form.number("at", 0, u64::from(u32::MAX)) else { return malformed("at is a number") };
    let line = headers.get(form.find("of").unwrap_or("authorization")).map(HeaderValue::as_bytes).unwrap_or_default();
    let token = credential(line);
    let whole = [b"{\"received\":\"", token, b"\"}\n"].concat();
    let begin = whole.len() - token.len() - 3;
    let (first, second) = whole.split_at(begin + token.len().min(at as usize));
    let pieces = [Bytes::copy_from_slice(first), Bytes::copy_from_slice(second)];
    ([(header::CONTENT_TYPE, "application/json")], Body::new(Pieces::say(pieces.into_iter(), APART))).into_response()
}

/// What follows the scheme, or all where there is none.
pub(super) fn credential(line: &[u8]) -> &[u8] {
    let place = line.iter().position(|byte| *byte == b' ').map_or(0, |place| place + 1);
    line.get(place..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_credential_is_cut_where_it_is_asked() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer abcdef".parse().unwrap());
        headers.insert("x-api-key", "k1".parse().unwrap());
        let pieces = async |query: &str| {
            let mut body = split(headers.clone(), RawQuery(Some(query.to_owned()))).await.into_body();
            let mut pieces = Vec::new();
            while let Some(frame) = body.frame().await {
                pieces.push(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap());
            }
            pieces
        };
        assert_eq!(pieces("at=2").await, ["{\"received\":\"ab", "cdef\"}\n"]);
        assert_eq!(pieces("at=99").await, ["{\"received\":\"abcdef", "\"}\n"]);
        assert_eq!(pieces("at=1&of=x-api-key").await, ["{\"received\":\"k", "1\"}\n"]);
    }
}
