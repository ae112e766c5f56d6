//! Answers of every kind: a status, a redirect, late, long of head, compressed, and with headers that are not for others.

use super::echo::credential;
use super::malformed;
use crate::fake::form::Form;
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::Write as _;
use std::time::Duration;

const LONGEST_WAIT_MS: u64 = 120_000;
const MOST_HEADERS: u64 = 2000;
const LARGEST_HEADER: u64 = 16 * 1024;
const LARGEST_HEAD: u64 = 1 << 20;
const LARGEST_PLAIN: u64 = 16 << 20;

fn read(query: Option<String>) -> Form {
    Form::read(query.unwrap_or_default().as_bytes()).unwrap_or_default()
}

/// `ANY /{service}/status/{code}`
pub(super) async fn status(Path(code): Path<String>) -> Response {
    let status = code.parse().ok().filter(|code| (200..=599).contains(code));
    match status.and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(status @ (StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)) => {
            status.into_response()
        }
        Some(status) => (status, Json(json!({ "status": status.as_u16() }))).into_response(),
        None => malformed("the status is 200 to 599"),
    }
}

/// `ANY /{service}/redirect?to=URL[&status=CODE]`
pub(super) async fn redirect(RawQuery(query): RawQuery) -> Response {
    let form = read(query);
    let status = form.number("status", 302, 399).filter(|code| matches!(code, 301 | 302 | 303 | 307 | 308));
    let status = status.and_then(|code| StatusCode::from_u16(code as u16).ok());
    let to = form.find("to").and_then(|to| HeaderValue::from_str(to).ok());
    match (status, to) {
        (Some(status), Some(to)) => (status, [(header::LOCATION, to)]).into_response(),
        _ => malformed("to is an address, status a redirect"),
    }
}

/// `ANY /{service}/slow?ms=MS`
pub(super) async fn slow(RawQuery(query): RawQuery) -> Response {
    let Some(wait) = read(query).number("ms", 1000, LONGEST_WAIT_MS) else { return malformed("ms is a number") };
    tokio::time::sleep(Duration::from_millis(wait)).await;
    Json(json!({ "waited_ms": wait })).into_response()
}

/// `GET /{service}/headers?n=N[&size=BYTES]`: `X-Fake-1` to `X-Fake-N`.
pub(super) async fn many_headers(RawQuery(query): RawQuery) -> Response {
    let form = read(query);
    let (Some(count), Some(size)) = (form.number("n", 10, MOST_HEADERS), form.number("size", 10, LARGEST_HEADER))
    else {
        return malformed("n and size are numbers");
    };
    if count * size > LARGEST_HEAD {
        return malformed("that is too much of a head");
    }
    let mut response = Json(json!({ "headers": count })).into_response();
    let Ok(value) = HeaderValue::from_str(&"h".repeat(size as usize)) else { return malformed("size is a number") };
    for number in 1..=count {
        if let Ok(name) = HeaderName::try_from(format!("x-fake-{number}")) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// `GET /{service}/gzip[?n=N][&echo=yes]`: N letters, compressed whether or not that was asked for; with `echo` the credential too.
pub(super) async fn gzip(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let form = read(query);
    let Some(count) = form.number("n", 1000, LARGEST_PLAIN) else { return malformed("n is a number") };
    let received = form.find("echo").and(headers.get(header::AUTHORIZATION)).map(|line| credential(line.as_bytes()));
    let received = String::from_utf8_lossy(received.unwrap_or_default()).into_owned();
    let plain = json!({ "received": received, "letters": "a".repeat(count as usize) }).to_string();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish());
    let Ok(packed) = packed else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")];
    (headers, packed).into_response()
}

/// What is for this origin or this connection alone, and what only the one in between may say.
const NOT_FOR_OTHERS: &[(&str, &str)] = &[
    ("set-cookie", "session=upstream; Path=/; HttpOnly"),
    ("set-cookie", "theme=dark; Domain=localhost"),
    ("clear-site-data", "\"*\""),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-headers", "*"),
    ("access-control-allow-methods", "*"),
    ("access-control-expose-headers", "*"),
    ("access-control-max-age", "86400"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("service-worker-allowed", "/"),
    ("alt-svc", "h3=\":443\"; ma=86400"),
    ("report-to", "{\"group\":\"g\",\"max_age\":86400,\"endpoints\":[{\"url\":\"https://evil.test/\"}]}"),
    ("nel", "{\"report_to\":\"g\",\"max_age\":86400}"),
    ("content-security-policy", "default-src *"),
    ("cache-control", "public, max-age=86400"),
    ("procura-refusal", "forged"),
    ("proxy-authenticate", "Basic realm=\"upstream\""),
    ("keep-alive", "timeout=5"),
    ("connection", "keep-alive, x-fake-hop"),
    ("x-fake-hop", "for this connection alone"),
    ("x-fake-kept", "for everybody"),
];

/// `GET /{service}/cookies`: only `X-Fake-Kept` and the body should get past a proxy.
pub(super) async fn cookies() -> Response {
    let mut response = Json(json!({ "cookies": true })).into_response();
    for (name, value) in NOT_FOR_OTHERS {
        response.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
