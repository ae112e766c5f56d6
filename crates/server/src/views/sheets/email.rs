//! Adding an e-mail address to an identity, and proving it by code.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Link, Name};
use askama::Template;

/// Asks for an address: `POST {action}` with `csrf`, `email`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/email_add.html")]
pub struct EmailAdd {
    pub frame: Frame,
    pub action: String,
    /// Whose address it will be.
    pub identity: Name,
    pub email: Entry,
    /// Go on without (consent), or back (account).
    pub otherwise: Link,
}

impl EmailAdd {
    fn email_field(&self) -> Field {
        Field::new("email", "E-mail address", &self.email).kind("email").required().autocomplete("email").maxlength(254)
    }
}

/// Asks for the six digits that were mailed: `POST {action}` with `csrf`, `code`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/email_code.html")]
pub struct EmailCode {
    pub frame: Frame,
    pub action: String,
    pub address: String,
    pub code: Entry,
    /// `POST` with `csrf` sends another code; nothing while it is too early.
    pub resend_action: Option<String>,
    /// Another address (GET).
    pub change_url: String,
    pub otherwise: Link,
    /// Where the mail can be read in the demo: `/dev/mailbox`.
    pub mailbox_url: Option<String>,
}

impl EmailCode {
    fn code_field(&self) -> Field {
        let field = Field::new("code", "Code", &self.code).code().required().inputmode("numeric").maxlength(8);
        field.autocomplete("one-time-code").hint("Six digits. They work for 15 minutes.")
    }
}

pages!(Away: EmailAdd, EmailCode);
