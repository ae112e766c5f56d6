//! A refusal of a protocol endpoint: RFC 6749 §5.2 JSON, with `WWW-Authenticate` where it is due.

use crate::edge::faults;
use crate::edge::limit::TooMany;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Fault;
use oauth::refusal::{Code, Error, Refusal};
use serde_json::json;

/// `{"error", "error_description"}` and a status.
#[derive(Debug)]
pub struct OAuthError {
    status: StatusCode,
    code: Code,
    description: &'static str,
    challenge: Option<String>,
    retry_after_secs: Option<u64>,
}

impl OAuthError {
    pub fn new(status: StatusCode, code: Code, description: &'static str) -> OAuthError {
        OAuthError { status, code, description, challenge: None, retry_after_secs: None }
    }

    /// `invalid_request`, 400.
    pub fn invalid_request(description: &'static str) -> OAuthError {
        OAuthError::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, description)
    }

    /// Tells a client that tried Basic how to authenticate (RFC 6749 §5.2).
    pub fn with_basic_challenge(mut self) -> OAuthError {
        self.challenge = Some("Basic realm=\"procura\", charset=\"UTF-8\"".to_owned());
        self
    }

    /// The refusal of a resource endpoint (RFC 6750 §3): the challenge repeats code and sentence.
    pub fn bearer(error: Error) -> OAuthError {
        let mut refused = OAuthError::from(error);
        if refused.status.is_server_error() {
            return refused;
        }
        let scope = if refused.code == Code::InsufficientScope { ", scope=\"openid\"" } else { "" };
        refused.challenge = Some(format!(
            "Bearer realm=\"procura\", error=\"{}\", error_description=\"{}\"{scope}",
            refused.code.as_str(),
            refused.description
        ));
        refused
    }

    /// No credential at all: the challenge alone tells what is missing (RFC 6750 §3).
    pub fn no_credential() -> OAuthError {
        OAuthError {
            challenge: Some("Bearer realm=\"procura\"".to_owned()),
            ..OAuthError::new(
                StatusCode::UNAUTHORIZED,
                Code::InvalidToken,
                "send an access token as a Bearer credential",
            )
        }
    }
}

/// The status of each code, in one place.
fn status_of(code: Code) -> StatusCode {
    match code {
        Code::InvalidClient | Code::InvalidToken | Code::TokenExpired => StatusCode::UNAUTHORIZED,
        Code::AccessDenied | Code::InsufficientScope => StatusCode::FORBIDDEN,
        Code::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> OAuthError {
        OAuthError::new(status_of(refusal.code), refusal.code, refusal.description)
    }
}

impl From<Fault> for OAuthError {
    fn from(fault: Fault) -> OAuthError {
        let status = faults::status_of(&fault);
        let code =
            if status == StatusCode::SERVICE_UNAVAILABLE { Code::TemporarilyUnavailable } else { Code::ServerError };
        OAuthError::new(status, code, "something broke on our side; try again")
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> OAuthError {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<TooMany> for OAuthError {
    fn from(too_many: TooMany) -> OAuthError {
        OAuthError {
            retry_after_secs: Some(too_many.retry_after_secs),
            ..OAuthError::new(
                StatusCode::TOO_MANY_REQUESTS,
                Code::TemporarilyUnavailable,
                "too many requests; wait as long as Retry-After says",
            )
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code.as_str(), "error_description": self.description });
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}
