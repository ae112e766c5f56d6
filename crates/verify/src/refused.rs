//! A refusal: a code of RFC 6750 §3.1, one fixed sentence, and the answer that tells both.
//!
//! Promise: every sentence is written here or in a constant, so none can repeat a token, a claim or a header.

use crate::trouble::Trouble;
use base::Scope;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use std::fmt;

/// Why a request was not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    code: Code,
    sentence: &'static str,
    /// What the route needs, for whoever asks the person again.
    scope: Option<Scope>,
    trouble: Option<Trouble>,
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// There is no credential at all: the challenge alone tells what is missing, without a code (RFC 6750 §3.1).
    NoCredential,
    /// What is there is no bearer token, or there is more than one credential.
    InvalidRequest,
    /// The token is not from this issuer, not for this resource, or not alive.
    InvalidToken,
    /// The token is good, but not for this route.
    InsufficientScope,
    /// Nobody can tell now: the issuer cannot be asked. The one code that is not of RFC 6750; its word is of RFC 6749 §4.1.2.1.
    TemporarilyUnavailable,
}

impl Code {
    /// The word in the answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::InvalidRequest => "invalid_request",
            Code::NoCredential | Code::InvalidToken => "invalid_token",
            Code::InsufficientScope => "insufficient_scope",
            Code::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Code::InvalidRequest => StatusCode::BAD_REQUEST,
            Code::NoCredential | Code::InvalidToken => StatusCode::UNAUTHORIZED,
            Code::InsufficientScope => StatusCode::FORBIDDEN,
            Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Refused {
    pub(crate) const fn absent() -> Refused {
        let sentence = "send a delegated token as a Bearer credential";
        Refused { code: Code::NoCredential, sentence, scope: None, trouble: None }
    }

    pub(crate) const fn request(sentence: &'static str) -> Refused {
        Refused { code: Code::InvalidRequest, sentence, scope: None, trouble: None }
    }

    pub(crate) const fn token(sentence: &'static str) -> Refused {
        Refused { code: Code::InvalidToken, sentence, scope: None, trouble: None }
    }

    /// `needed` is left out when it is empty or no scope at all.
    pub(crate) fn narrow(sentence: &'static str, needed: &[&str]) -> Refused {
        let scope = Scope::parse(&needed.join(" ")).filter(|scope| !scope.is_empty());
        Refused { code: Code::InsufficientScope, sentence, scope, trouble: None }
    }

    pub(crate) const fn unavailable(trouble: Trouble) -> Refused {
        let sentence = "the token cannot be checked at the moment, try again soon";
        Refused { code: Code::TemporarilyUnavailable, sentence, scope: None, trouble: Some(trouble) }
    }

    /// The kind of refusal.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The fixed sentence, for developers.
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// What went wrong with the issuer, for your log; nothing for the other kinds.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3); nothing when no other token would help.
    pub fn www_authenticate(&self) -> Option<HeaderValue> {
        match self.code {
            Code::TemporarilyUnavailable => return None,
            Code::NoCredential => return Some(HeaderValue::from_static("Bearer")),
            Code::InvalidRequest | Code::InvalidToken | Code::InsufficientScope => {}
        }
        let scope = self.scope.as_ref().map(|scope| format!(r#", scope="{scope}""#)).unwrap_or_default();
        let (error, sentence) = (self.code.as_str(), self.sentence);
        let challenge = format!(r#"Bearer error="{error}", error_description="{sentence}"{scope}"#);
        HeaderValue::from_str(&challenge).ok()
    }

    /// The whole answer: status, headers, and `error` and `error_description` as JSON.
    pub fn answer<B: From<String>>(&self) -> Response<B> {
        let body = json!({ "error": self.code.as_str(), "error_description": self.sentence });
        let mut response = Response::new(B::from(body.to_string()));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.www_authenticate() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code.status().as_u16(), self.code.as_str(), self.sentence)
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.trouble.as_ref().map(|trouble| trouble as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_names_what_the_route_needs_and_cannot_be_broken_by_it() {
        let challenge = |needed: &[&str]| Refused::narrow("no", needed).www_authenticate().unwrap();
        assert_eq!(challenge(&["a", "b"]), r#"Bearer error="insufficient_scope", error_description="no", scope="a b""#);
        assert_eq!(challenge(&[]), r#"Bearer error="insufficient_scope", error_description="no""#);
        assert_eq!(challenge(&["a\", x=\"y", "\r\n"]), r#"Bearer error="insufficient_scope", error_description="no""#);
    }

    #[test]
    fn trouble_with_the_issuer_is_for_the_log_alone() {
        let refused = Refused::unavailable(Trouble::Status(500));
        assert_eq!(
            refused.to_string(),
            "503 temporarily_unavailable: the token cannot be checked at the moment, try again soon"
        );
        assert_eq!(refused.www_authenticate(), None);
        assert!(!refused.answer::<String>().into_body().contains("500"));
        assert_eq!(std::error::Error::source(&refused).unwrap().to_string(), "the issuer answered 500");
    }
}
