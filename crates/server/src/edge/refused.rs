//! What `people` refuses, on its two faces: a page and JSON.

use crate::edge::faults::{ApiError, PageError};
use axum::http::StatusCode;
use people::{Code, Error};

/// The status of a refusal.
pub fn status(code: Code) -> StatusCode {
    match code {
        Code::RegistrationClosed | Code::StepUpRequired => StatusCode::FORBIDDEN,
        Code::PasskeyExists => StatusCode::CONFLICT,
        Code::LinkSpent => StatusCode::GONE,
        Code::ApprovalGone | Code::NotFound => StatusCode::NOT_FOUND,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::MailUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::HandleInvalid
        | Code::HandleTaken
        | Code::NameInvalid
        | Code::EmailInvalid
        | Code::PictureInvalid
        | Code::CeremonyExpired
        | Code::PasskeyRefused
        | Code::PasskeyCopied
        | Code::LastPasskey
        | Code::CodeRefused
        | Code::TooManyIdentities
        | Code::MainIdentity => StatusCode::BAD_REQUEST,
    }
}

/// A sentence of ours as people read it: *This link was used or is too old. Ask for another one.*
pub fn sentence(of: &str) -> String {
    let mut parts = of.splitn(2, "; ").map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
        format!("{first}{}.", letters.as_str())
    });
    [parts.next(), parts.next()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

impl From<vault::Error> for PageError {
    fn from(error: vault::Error) -> PageError {
        match error {
            vault::Error::Fault(fault) => PageError::fault(&fault),
            vault::Error::Refused(refusal) if refusal.code.status() == 404 => PageError::not_found(),
            vault::Error::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
                PageError::new(status, "This was not done.", "Go back, correct it and send it again.")
                    .with_detail(format!("{}: {}", refusal.code, refusal.message))
            }
        }
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> PageError {
        match error {
            Error::Fault(fault) => PageError::fault(&fault),
            Error::Refused(refusal) if refusal.code == Code::NotFound => PageError::not_found(),
            Error::Refused(refusal) => {
                let (what, remedy) =
                    refusal.sentence.split_once("; ").unwrap_or((refusal.sentence, "go back and try again"));
                PageError::new(status(refusal.code), sentence(what), sentence(remedy)).with_action("Start page", "/")
            }
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        match error {
            Error::Fault(fault) => ApiError::from(fault),
            Error::Refused(refusal) => {
                ApiError::new(status(refusal.code), refusal.code.as_str(), sentence(refusal.sentence))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_sentence_says_what_happened_and_then_what_to_do() {
        assert_eq!(sentence("this link was used; ask for another one"), "This link was used. Ask for another one.");
        assert_eq!(sentence("that is all"), "That is all.");
    }

    #[test]
    fn no_two_refusals_share_a_code() {
        let words: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| status(*code).as_u16() >= 400));
    }
}
