//! How a verb says no: a closed code of the OAuth error registry and one fixed sentence (RFC 6749 §4.1.2.1 and §5.2).
//!
//! Promise: a refusal holds nothing that a caller sent. Which status and shape it gets is decided once, at the edge.

use base::Fault;
use std::fmt;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// The caller could have known.
    Refused(Refusal),
    /// We or a dependency broke.
    Fault(Fault),
}

/// What every verb of this crate gives.
pub type Result<T> = std::result::Result<T, Error>;

/// A code and its sentence for the developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub description: &'static str,
}

/// A refusal, ready to be returned.
pub fn refuse(code: Code, description: &'static str) -> Error {
    Error::Refused(Refusal { code, description })
}

impl Error {
    /// The code, unless it is a fault.
    pub fn code(&self) -> Option<Code> {
        match self {
            Error::Refused(refusal) => Some(refusal.code),
            Error::Fault(_) => None,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(fault)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(refusal) => refusal.fmt(f),
            Error::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The error codes we answer with. The set is closed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$meta])* $name),*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text),*
                }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request",
    InvalidClient = "invalid_client",
    InvalidGrant = "invalid_grant",
    InvalidScope = "invalid_scope",
    /// RFC 8707 §2
    InvalidTarget = "invalid_target",
    AccessDenied = "access_denied",
    UnauthorizedClient = "unauthorized_client",
    UnsupportedGrantType = "unsupported_grant_type",
    UnsupportedResponseType = "unsupported_response_type",
    /// RFC 7009 §2.2.1
    UnsupportedTokenType = "unsupported_token_type",
    /// OIDC Core §3.1.2.6
    LoginRequired = "login_required",
    ConsentRequired = "consent_required",
    InteractionRequired = "interaction_required",
    AccountSelectionRequired = "account_selection_required",
    RequestNotSupported = "request_not_supported",
    RequestUriNotSupported = "request_uri_not_supported",
    RegistrationNotSupported = "registration_not_supported",
    /// OIDC Unmet Authentication Requirements §2
    UnmetAuthenticationRequirements = "unmet_authentication_requirements",
    /// RFC 9396 §5
    InvalidAuthorizationDetails = "invalid_authorization_details",
    /// RFC 6750 §3.1
    InsufficientScope = "insufficient_scope",
    InvalidToken = "invalid_token",
    ServerError = "server_error",
    TemporarilyUnavailable = "temporarily_unavailable",
    /// RFC 8628 §3.5
    SlowDown = "slow_down",
    AuthorizationPending = "authorization_pending",
    ExpiredToken = "expired_token",
    /// `browser-sdk.md` 9: the runtime
    OriginNotAllowed = "origin_not_allowed",
    TargetOriginMismatch = "target_origin_mismatch",
    TokenExpired = "token_expired",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
