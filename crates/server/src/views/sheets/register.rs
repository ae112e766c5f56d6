//! Creating an identity.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Who};
use askama::Template;

/// Who may register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    Open,
    /// With an invitation, whose code is in the link already.
    Invited {
        code: String,
    },
    /// Only by invitation, and this visitor has none.
    ByInvitation,
    Closed,
}

/// `GET /register`: name, handle, optional e-mail, then the passkey.
///
/// The script asks `GET /api/register/check-handle/{handle}`, `POST /api/register/start` and `POST /api/register/complete`.
/// If the last answer holds `recoveryCodes` (an array of text), the script shows them on this sheet with the link
/// *I have saved them* to `next`; else it goes to `next`, else to `return_to`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/register.html")]
pub struct Register {
    pub frame: Frame,
    /// The app one continues to.
    pub app: Option<Who>,
    /// A path of ours to go to afterwards.
    pub return_to: String,
    pub registration: Registration,
    /// Back to signing in (`/login?return_to=…`).
    pub login_url: String,
}

impl Register {
    fn is_possible(&self) -> bool {
        matches!(self.registration, Registration::Open | Registration::Invited { .. })
    }

    fn name_field() -> Field {
        let hint = "As apps may call you.";
        Field::new("displayName", "Your name", &Entry::empty()).required().hint(hint).autocomplete("name").maxlength(64)
    }

    fn handle_field() -> Field {
        let hint = "3 to 32 letters, digits or _. You can change it.";
        Field::new("handle", "Handle", &Entry::empty())
            .handle()
            .required()
            .hint(hint)
            .autocomplete("username")
            .maxlength(32)
            .checked_as("handle")
    }

    fn email_field() -> Field {
        let hint = "Only apps you allow see it. You can add it later.";
        Field::new("email", "E-mail, if you like", &Entry::empty())
            .kind("email")
            .hint(hint)
            .autocomplete("email")
            .maxlength(254)
    }
}

pages!(Away: Register);
