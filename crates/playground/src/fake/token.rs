//! `POST /{service}/token` and `POST /{service}/revoke`.

use super::bearer::{ACCESS, failed, misbehave};
use super::faults::Place;
use super::form::Form;
use super::refused::Refused;
use super::scope;
use super::service::Service;
use super::stats::Event;
use super::tokens::{Fresh, Granted, Refusal, Terms};
use super::{CLIENT_ID, CLIENT_SECRET, Fake};
use crate::outside::{now_secs, random};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::{Body as HttpBody, Frame};
use serde_json::json;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// `POST /{service}/token`
pub(super) async fn token(
    State(fake): State<Fake>,
    Extension(service): Extension<Service>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    fake.with(|memory| memory.stats.count(service, Event::TokenRequest));
    if let Err(failure) = misbehave(&fake, Place::Token).await {
        return failed(Place::Token, failure);
    }
    let form = match client(&headers, &body) {
        Ok(form) => form,
        Err(refused) => return refused.into_response(),
    };
    let granted = exchange(&fake, service, &form);
    let (is_dropped, hold_ms) =
        fake.with(|memory| (memory.faults.drop_after_commit, memory.faults.hold_after_commit_ms));
    if granted.is_ok() && hold_ms > 0 {
        tokio::time::sleep(Duration::from_millis(hold_ms)).await;
    }
    match granted {
        Ok(_) if is_dropped => hang_up(),
        Ok(granted) => told(&fake, &granted),
        Err((error, description)) => Refused::new(StatusCode::BAD_REQUEST, error, description).into_response(),
    }
}

/// `POST /{service}/revoke`: whether there was such a token is nobody's business (RFC 7009 §2.2).
pub(super) async fn revoke(
    State(fake): State<Fake>,
    Extension(service): Extension<Service>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(failure) = misbehave(&fake, Place::Revoke).await {
        return failed(Place::Revoke, failure);
    }
    let form = match client(&headers, &body) {
        Ok(form) => form,
        Err(refused) => return refused.into_response(),
    };
    let Some(token) = form.find("token") else {
        return Refused::malformed("token is missing").into_response();
    };
    fake.with(|memory| {
        if memory.tokens.revoke(service, token) {
            memory.stats.count(service, Event::Revocation);
        }
    });
    StatusCode::OK.into_response()
}

/// Reads the form and knows the client by it or by its header, never by both (RFC 6749 §2.3).
fn client(headers: &HeaderMap, body: &[u8]) -> Result<Form, Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refused::malformed("send a form"));
    }
    let form = Form::read(body).map_err(|_| Refused::malformed("a parameter stands there twice"))?;
    let basic = headers.get(header::AUTHORIZATION);
    let (id, secret) = (form.find("client_id"), form.find("client_secret"));
    let is_known = match (basic, secret) {
        (Some(_), Some(_)) => return Err(Refused::malformed("authenticate in one way")),
        (Some(line), None) => is_client(line.as_bytes()) && id.is_none_or(|id| id == CLIENT_ID),
        (None, secret) => id == Some(CLIENT_ID) && secret == Some(CLIENT_SECRET),
    };
    if is_known {
        return Ok(form);
    }
    let sentence = "the client is unknown or its secret is wrong";
    let refused = Refused::new(StatusCode::UNAUTHORIZED, "invalid_client", sentence);
    Err(if basic.is_some() { refused.challenging("Basic realm=\"fake\"".to_owned()) } else { refused })
}

/// `Basic` with both parts form-encoded first (RFC 6749 §2.3.1).
fn is_client(line: &[u8]) -> bool {
    let pair = line.split_at_checked(6).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"basic "));
    let pair = pair.and_then(|(_, text)| STANDARD.decode(text.trim_ascii()).ok());
    let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok()) else { return false };
    let decoded = |text: &str| {
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(text, _)| text.into_owned()).unwrap_or_default()
    };
    pair.split_once(':').is_some_and(|(id, secret)| decoded(id) == CLIENT_ID && decoded(secret) == CLIENT_SECRET)
}

fn exchange(fake: &Fake, service: Service, form: &Form) -> Result<Granted, Refusal> {
    let missing = |sentence| ("invalid_request", sentence);
    let fresh = || -> Result<Fresh, Refusal> {
        let text = |begin: &str| random().map(|text| format!("{begin}{text}"));
        let draw = text(ACCESS).and_then(|access| Ok(Fresh { access, refresh: text("frt_")? }));
        draw.map_err(|_| ("server_error", "the system gives no random bytes"))
    };
    match form.find("grant_type") {
        Some("authorization_code") => {
            let code = form.find("code").ok_or(missing("code is missing"))?;
            let redirect_uri = form.find("redirect_uri").ok_or(missing("redirect_uri is missing"))?;
            let verifier = form.find("code_verifier").ok_or(missing("code_verifier is missing"))?;
            let fresh = fresh()?;
            fake.with(|memory| {
                let how = (now_secs(), memory.terms(), fresh);
                let granted = memory.tokens.redeem((service, code), redirect_uri, verifier, how)?;
                memory.stats.count(service, Event::CodeExchange);
                Ok(granted)
            })
        }
        Some("refresh_token") => {
            let token = form.find("refresh_token").ok_or(missing("refresh_token is missing"))?;
            let asked = form
                .find("scope")
                .map(|text| scope::read(service, text).ok_or(("invalid_scope", "a scope is none of this service")));
            let (asked, fresh) = (asked.transpose()?, fresh()?);
            fake.with(|memory| {
                let how = (now_secs(), memory.terms(), fresh);
                let granted = memory.tokens.refresh((service, token), asked, how)?;
                memory.stats.count(service, Event::Refresh);
                Ok(granted)
            })
        }
        Some(_) => Err(("unsupported_grant_type", "grant_type is authorization_code or refresh_token")),
        None => Err(missing("grant_type is missing")),
    }
}

impl super::memory::Memory {
    fn terms(&self) -> Terms {
        let faults = &self.faults;
        Terms { expires_in: faults.expires_in, rotates: faults.rotate, has_refresh: !faults.omit_refresh_token }
    }
}

/// RFC 6749 §5.1.
fn told(fake: &Fake, granted: &Granted) -> Response {
    let mut answer = json!({
        "access_token": granted.access_token,
        "token_type": "Bearer",
        "scope": granted.scopes.join(" "),
    });
    if let Some(fields) = answer.as_object_mut() {
        let expires_in = fake.with(|memory| (!memory.faults.omit_expires_in).then_some(memory.faults.expires_in));
        fields.extend(expires_in.map(|secs| ("expires_in".to_owned(), secs.into())));
        let refresh_token = granted.refresh_token.clone();
        fields.extend(refresh_token.map(|token| ("refresh_token".to_owned(), token.into())));
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// The line goes dead: a body that fails before its first byte takes the head that was not yet sent along.
fn hang_up() -> Response {
    Body::new(Dead).into_response()
}

struct Dead;

impl HttpBody for Dead {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "told to hang up"))))
    }
}
