//! Who calls: access tokens at the API (RFC 6750), and what is counted, delayed and failed before anything is done.

use super::Fake;
use super::faults::{Failure, Place};
use super::refused::Refused;
use super::service::Service;
use super::stats::Event;
use super::tokens::Caller;
use crate::outside::now_secs;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use std::time::Duration;

/// What access tokens of ours begin with.
pub(super) const ACCESS: &str = "fat_";

/// `GET /{service}/userinfo`
pub(super) async fn userinfo(caller: Caller) -> Response {
    let account = caller.account;
    Json(json!({ "sub": account.id(), "email": account.email(), "name": account.name() })).into_response()
}

/// Before userinfo.
pub(super) async fn as_userinfo(State(fake): State<Fake>, request: Request, next: Next) -> Response {
    enter(fake, (Place::Userinfo, Event::Userinfo), request, next).await
}

/// Before the API and the doors beside it.
pub(super) async fn as_api(State(fake): State<Fake>, request: Request, next: Next) -> Response {
    enter(fake, (Place::Api, Event::ApiCall), request, next).await
}

async fn enter(fake: Fake, (place, event): (Place, Event), request: Request, next: Next) -> Response {
    if let Some(service) = request.extensions().get::<Service>() {
        fake.with(|memory| memory.stats.count(*service, event));
    }
    if let Err(failure) = misbehave(&fake, place).await {
        return failed(place, failure);
    }
    next.run(request).await
}

/// Waits and fails as told.
pub(super) async fn misbehave(fake: &Fake, place: Place) -> Result<(), Failure> {
    let (delay_ms, failure) = fake.with(|memory| (memory.faults.delay_ms(place), memory.faults.take_failure(place)));
    if delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    failure.map_or(Ok(()), Err)
}

/// A failure that was ordered, as an answer.
pub(super) fn failed(place: Place, failure: Failure) -> Response {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut refused = Refused::new(status, failure.error.clone(), "the fake was told to fail");
    if failure.status == 401 && matches!(place, Place::Userinfo | Place::Api) {
        refused = refused.challenging(format!("Bearer error=\"{}\"", failure.error));
    }
    let mut response = refused.into_response();
    let after = failure.retry_after.and_then(|after| HeaderValue::from_str(&after.to_string()).ok());
    if let Some(after) = after {
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    response
}

/// What a request says it holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Held<'a> {
    Nothing,
    Token(&'a str),
    /// Two headers, or one that is no bearer token.
    Wrong,
}

/// RFC 6750 §2.1.
pub(super) fn held(headers: &HeaderMap) -> Held<'_> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(line), more) = (lines.next(), lines.next()) else { return Held::Nothing };
    let token = line.to_str().ok().and_then(|line| line.split_once(' '));
    match token {
        Some((scheme, token))
            if more.is_none() && scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() =>
        {
            Held::Token(token.trim())
        }
        _ => Held::Wrong,
    }
}

impl FromRequestParts<Fake> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, fake: &Fake) -> Result<Caller, Refused> {
        let token = match held(&parts.headers) {
            Held::Token(token) => token,
            Held::Nothing => {
                let refused = Refused::new(StatusCode::UNAUTHORIZED, "invalid_token", "there is no access token");
                return Err(refused.challenging("Bearer".to_owned()));
            }
            Held::Wrong => return Err(Refused::malformed("send one bearer token")),
        };
        let service = parts.extensions.get::<Service>().copied();
        let caller = service.and_then(|service| fake.with(|memory| memory.tokens.find(service, token, now_secs())));
        caller.ok_or_else(dead)
    }
}

/// A door lets everybody in, but not with a token of ours that is no longer good.
pub(super) async fn no_dead_token(
    State(fake): State<Fake>,
    Extension(service): Extension<Service>,
    request: Request,
    next: Next,
) -> Response {
    if let Held::Token(token) = held(request.headers())
        && token.starts_with(ACCESS)
        && fake.with(|memory| memory.tokens.find(service, token, now_secs())).is_none()
    {
        return dead().into_response();
    }
    next.run(request).await
}

impl Caller {
    /// RFC 6750 §3.1.
    pub(super) fn may(&self, scope: &'static str) -> Result<(), Refused> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let refused = Refused::new(StatusCode::FORBIDDEN, "insufficient_scope", "the token is not for that");
        Err(refused.challenging(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")))
    }
}

fn dead() -> Refused {
    let sentence = "the access token is unknown, expired or revoked";
    let refused = Refused::new(StatusCode::UNAUTHORIZED, "invalid_token", sentence);
    refused.challenging("Bearer error=\"invalid_token\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_is_read_in_every_case() {
        let with = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::AUTHORIZATION, HeaderValue::from_str(line).unwrap());
            }
            headers
        };
        assert_eq!(held(&with(&[])), Held::Nothing);
        assert_eq!(held(&with(&["bearer abc"])), Held::Token("abc"));
        for wrong in [&["Basic abc"][..], &["Bearer"], &["Bearer "], &["Bearer a", "Bearer a"]] {
            assert_eq!(held(&with(wrong)), Held::Wrong, "{wrong:?}");
        }
    }
}
