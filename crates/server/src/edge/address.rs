//! The address of a request as text: UTF-8, without NUL (which PostgreSQL keeps nowhere), each field of a query once.

use crate::edge::body::{decode, pairs};
use crate::edge::faults::{ApiError, PageError};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

/// The fields of a query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Unreadable;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Unreadable> {
        let refused = || Unreadable { is_api: is_api(&parts.uri) };
        if !parts.uri.query().is_none_or(is_plain_query) {
            return Err(refused());
        }
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(read)| Query(read))
            .map_err(|_| refused())
    }
}

/// A query string that says nothing, or two things at once.
pub struct Unreadable {
    is_api: bool,
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        if self.is_api {
            return ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", "the query string cannot be read")
                .into_response();
        }
        PageError::new(
            StatusCode::BAD_REQUEST,
            "This address is incomplete.",
            "Open the link again, or go to the start page.",
        )
        .with_action("Start page", "/")
        .into_response()
    }
}

/// There is nothing at a path that is not text.
pub async fn readable(request: Request, next: Next) -> Response {
    // The management API says it in its own words, and what a proxied path may hold is judged where it goes.
    let path = request.uri().path();
    if is_plain_path(&request) || path.starts_with("/api/v1/") || path.starts_with("/proxy/") {
        return next.run(request).await;
    }
    nothing_at(request.uri())
}

/// True when the path reads as text.
pub fn is_plain_path(request: &Request) -> bool {
    decode(request.uri().path()).is_some_and(|path| !path.contains('\0'))
}

/// Unknown paths and wrong methods look alike (`identity-wire.md` section 0).
pub fn nothing_at(uri: &Uri) -> Response {
    if is_api(uri) { ApiError::not_found().into_response() } else { PageError::not_found().into_response() }
}

fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/") || uri.path().starts_with("/.well-known/")
}

fn is_plain_query(query: &str) -> bool {
    pairs(query.as_bytes())
        .is_some_and(|pairs| pairs.iter().all(|(name, value)| !name.contains('\0') && !value.contains('\0')))
}
