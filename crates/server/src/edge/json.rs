//! JSON bodies of our own pages' scripts: strict, small, from our own origin.

use crate::app::App;
use crate::edge::body::{Trouble, whole};
use crate::edge::faults::ApiError;
use crate::edge::form::is_from_our_page;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

const JSON_BYTES: usize = 256 << 10;

/// A JSON object without duplicate members, sent by a script of our own pages.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Json<T>, ApiError> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", "send application/json"));
        }
        if !is_from_our_page(app, &parts.headers) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "this endpoint answers only pages of this server",
            ));
        }
        let bytes = whole(body, JSON_BYTES).await.map_err(|trouble| match trouble {
            Trouble::TooLarge => {
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the body is too large")
            }
            Trouble::Torn => ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", "the body did not arrive whole"),
        })?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let body = jose::strict::object(bytes).map(Value::Object).filter(|body| !has_nul(body)).ok_or_else(|| {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", "the body is not a JSON object")
        })?;
        serde_json::from_value(body)
            .map(Json)
            .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", error.to_string()))
    }
}

/// True when a text anywhere in it holds NUL, which no database keeps. The depth is bounded by the reader.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
