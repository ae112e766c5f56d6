//! How a verb says no: a closed code and one fixed sentence for the person.
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

/// A code and its sentence for the person: what happened, then what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub sentence: &'static str,
}

/// A refusal, ready to be returned.
pub fn refuse(code: Code, sentence: &'static str) -> Error {
    Error::Refused(Refusal { code, sentence })
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
        write!(f, "{}: {}", self.code.as_str(), self.sentence)
    }
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The codes we answer with. The set is closed.
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
    HandleInvalid = "handle_invalid",
    HandleTaken = "handle_taken",
    NameInvalid = "name_invalid",
    EmailInvalid = "email_invalid",
    PictureInvalid = "picture_invalid",
    RegistrationClosed = "registration_closed",
    /// Unknown, too old, spent, or another browser's.
    CeremonyExpired = "ceremony_expired",
    PasskeyRefused = "passkey_refused",
    /// The counter went back: somebody else may hold a copy.
    PasskeyCopied = "passkey_copied",
    PasskeyExists = "passkey_exists",
    LastPasskey = "last_passkey",
    /// Authentication is older than five minutes.
    StepUpRequired = "step_up_required",
    CodeRefused = "code_refused",
    LinkSpent = "link_spent",
    ApprovalGone = "approval_gone",
    TooMany = "rate_limited",
    TooManyIdentities = "too_many_identities",
    MainIdentity = "main_identity",
    NotFound = "not_found",
    MailUnavailable = "mail_unavailable",
}
