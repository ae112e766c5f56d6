//! Signing in on one device by approving it on another. The asking device shows a code, the approving one asks for it.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Who};
use crate::views::when::Moment;
use askama::Template;

/// `GET /login/approval`, on the asking device: what will happen. `POST {action}` with `csrf`, `return_to` asks and leads to [`Waiting`].
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/ask_approval.html")]
pub struct AskApproval {
    pub frame: Frame,
    pub app: Option<Who>,
    pub action: String,
    pub return_to: String,
    /// Back to the passkey.
    pub login_url: String,
}

/// How far an approval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    Pending,
    Approved,
    Denied,
    Expired,
}

/// The asking device waits, at an address of its own (GET): without a script a link loads the page again.
///
/// The script asks `GET /api/login/request-status/{request}` and, once approved, `POST /api/login/finish-approval {requestId}`.
/// Without one, an approved page shows a button: `POST {action}` with `csrf`, `request`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/waiting.html")]
pub struct Waiting {
    pub frame: Frame,
    pub state: ApprovalState,
    pub request: String,
    /// What the other device asks for, as two groups: `4821 9034`.
    pub code: String,
    pub expires: Moment,
    /// Where to open on the other device, as one would type it: `id.example.org/approve`.
    pub open_at: String,
    pub action: String,
    pub return_to: String,
    /// Back, or again: `/login?return_to=…`.
    pub login_url: String,
}

/// `GET /approve`, on the approving device: `POST {action}` with `csrf`, `code`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/approve_code.html")]
pub struct ApproveCode {
    pub frame: Frame,
    pub action: String,
    pub code: Entry,
    /// Back to the account.
    pub back_url: String,
}

impl ApproveCode {
    fn code_field(&self) -> Field {
        Field::new("code", "Code on the other device", &self.code).code().required().inputmode("numeric").maxlength(16)
    }
}

/// The approving device confirms: `POST {action}` with `csrf`, `request`, `code`, `decision` = `approve` or `deny`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/approve.html")]
pub struct Approve {
    pub frame: Frame,
    pub action: String,
    pub request: String,
    /// As the other device shows it.
    pub code: String,
    /// What it calls itself: *Firefox on Linux*.
    pub device: Name,
    /// Where it asks from: an IP address, a place if known.
    pub place: String,
    pub asked: Moment,
    /// As whom it will be signed in.
    pub account: Name,
}

pages!(Away: AskApproval, Waiting);
pages!(Home: ApproveCode, Approve);
