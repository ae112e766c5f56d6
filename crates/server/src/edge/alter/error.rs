//! What a client of Connect's API sees when it is refused: `{"error", "message", "hint"?, "details"?, …}`.
//!
//! Promise: what lets a client go on stands at the top and in `details`, for clients that read either; a fault tells nothing.

use crate::edge::faults;
use crate::edge::limit::TooMany;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Fault;
use serde_json::{Map, Value, json};
use vault::{Code, Error};

/// A refusal on its way out.
#[derive(Debug)]
pub struct SdkError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    extra: Map<String, Value>,
}

impl SdkError {
    /// A code of the vault's, with its sentence.
    pub fn new(code: Code, message: &'static str) -> SdkError {
        SdkError::from(vault::refuse(code, message))
    }

    /// A field cannot be read.
    pub fn invalid(field: &str, message: &'static str) -> SdkError {
        SdkError::new(Code::InvalidRequest, message).with("field", field)
    }

    /// Nothing is here.
    pub fn not_found() -> SdkError {
        SdkError::new(Code::NotFound, "there is nothing at this address")
    }

    /// The word of the refusal.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The same, with one more field for the client.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> SdkError {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Too many requests of a key or an address.
    pub(super) fn too_many(scope: &'static str, limit: Option<u32>, retry_after_secs: u64) -> SdkError {
        let refused = SdkError::new(Code::RateLimited, "too many requests; wait as long as Retry-After says")
            .with("scope", scope)
            .with("window_seconds", 60)
            .with("retry_after", retry_after_secs);
        match limit {
            Some(limit) => refused.with("limit", limit),
            None => refused,
        }
    }
}

impl From<Error> for SdkError {
    fn from(error: Error) -> SdkError {
        match error {
            Error::Fault(fault) => fault.into(),
            Error::Refused(refusal) => SdkError {
                status: StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::BAD_REQUEST),
                code: refusal.code.as_str(),
                message: refusal.message,
                extra: refusal.extra,
            },
        }
    }
}

impl From<Fault> for SdkError {
    fn from(fault: Fault) -> SdkError {
        let status = faults::status_of(&fault);
        let code = if status == StatusCode::SERVICE_UNAVAILABLE { "service_unavailable" } else { "internal_error" };
        let message = "something broke on our side; try again";
        SdkError { status, code, message, extra: Map::new() }
    }
}

impl From<TooMany> for SdkError {
    fn from(too_many: TooMany) -> SdkError {
        SdkError::too_many("ip", None, too_many.retry_after_secs)
    }
}

impl IntoResponse for SdkError {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.code, "message": self.message });
        if let Some(members) = body.as_object_mut() {
            let mut details = Map::new();
            for (name, value) in &self.extra {
                members.entry(name.clone()).or_insert_with(|| value.clone());
                if name != "hint" {
                    details.insert(name.clone(), value.clone());
                }
            }
            if !details.is_empty() && !members.contains_key("details") {
                members.insert("details".to_owned(), Value::Object(details));
            }
        }
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = self.extra.get("retry_after").and_then(Value::as_u64) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        } else if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if self.code == Code::RateLimited.as_str()
            && let Some(scope) = self.extra.get("scope").and_then(Value::as_str)
            && let Ok(value) = HeaderValue::from_str(scope)
        {
            headers.insert(HeaderName::from_static("x-alter-rate-limited-scope"), value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(error: SdkError) -> (StatusCode, Value) {
        let response = error.into_response();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn what_lets_a_client_go_on_stands_in_both_places() {
        let refused =
            SdkError::new(Code::ScopeMismatch, "a scope is missing").with("grant_id", "g").with("hint", "ask");
        let (status, body) = body(refused).await;
        assert_eq!(status, 403);
        let expected = json!({
            "error": "scope_mismatch", "message": "a scope is missing", "hint": "ask", "grant_id": "g",
            "details": { "grant_id": "g" },
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn threat_186_a_fault_tells_nothing_of_what_broke() {
        let (status, body) = body(Fault::new("SELECT digest FROM app_keys: no such table").into()).await;
        assert_eq!((status, body["error"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("internal_error")));
        assert!(!body.to_string().contains("SELECT"));
    }

    /// The table of codes that clients tell their exceptions by.
    #[test]
    fn every_code_has_a_status_that_is_no_success() {
        for code in Code::ALL {
            assert!((400..600).contains(&code.status()), "{code}");
        }
    }
}
