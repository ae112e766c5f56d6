//! A no as RFC 6749 §5.2 and RFC 6750 §3 write it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::borrow::Cow;

#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    error: Cow<'static, str>,
    description: Cow<'static, str>,
    /// `WWW-Authenticate`
    challenge: Option<String>,
}

impl Refused {
    pub(super) fn new(
        status: StatusCode,
        error: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Refused {
        Refused { status, error: error.into(), description: description.into(), challenge: None }
    }

    /// 400 for what cannot be understood.
    pub(super) fn malformed(description: impl Into<Cow<'static, str>>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// With what would have helped.
    pub(super) fn challenging(mut self, challenge: String) -> Refused {
        self.challenge = Some(challenge);
        self
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "error_description": self.description }));
        let mut response = (self.status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        let challenge = self.challenge.and_then(|challenge| HeaderValue::from_str(&challenge).ok());
        if let Some(challenge) = challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
