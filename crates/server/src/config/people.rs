//! Who may register, and what the service calls itself.

use super::setting::{Value, expected, section};
use super::source::Around;

section! {
    /// The people who sign in.
    "people" People {
        /// Who may make an account: "open" (anyone), "invite" (who was given a link), "closed" (nobody).
        registration: Registration = "\"open\"";
        /// What pages, mails and passkey prompts call this service.
        name: String = "\"Procura\"";
    }
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Open,
    Invite,
    Closed,
}

impl Value for Registration {
    const KIND: &'static str = "\"open\", \"invite\" or \"closed\"";

    fn from_text(text: &str, _: &Around<'_>) -> Result<Registration, String> {
        match text {
            "open" => Ok(Registration::Open),
            "invite" => Ok(Registration::Invite),
            "closed" => Ok(Registration::Closed),
            _ => Err(expected::<Registration>()),
        }
    }
}
