//! Calls that wait for the person: what would be done in their name, to the letter, and their word on it.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Tile};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    Waiting,
    Allowed,
    Denied,
    TooLate,
    Done,
    Failed,
}

impl CallState {
    /// In a person's words.
    pub fn words(self) -> &'static str {
        match self {
            CallState::Waiting => "waits for you",
            CallState::Allowed => "allowed, under way",
            CallState::Denied => "denied",
            CallState::TooLate => "not decided in time",
            CallState::Done => "allowed and done",
            CallState::Failed => "allowed, and it failed",
        }
    }
}

/// A call as lists show it.
#[derive(Debug, Clone)]
pub struct ApprovalRow {
    pub url: String,
    /// Who asks: the app, or its agent.
    pub who: Name,
    /// *change something in Fake calendar*
    pub deed: String,
    pub asked: Moment,
    pub state: CallState,
}

/// `GET /account/approvals`
#[derive(Debug, Clone, Template)]
#[template(path = "account/approvals.html")]
pub struct Approvals {
    pub frame: Frame,
    pub rail: Rail,
    pub rows: Vec<ApprovalRow>,
    /// The next older ones.
    pub older_url: Option<String>,
}

/// `GET /account/approvals/{id}`, only ever looks.
///
/// Forms: `POST {action}` with `csrf`, `digest`, `decision=deny`; in the demo also `decision=approve` with `code`. The script asks
/// `POST {start}` with `{}` and `POST {approve}` with `{authSessionId, credential, digest}`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/call.html")]
pub struct CallToDecide {
    pub frame: Frame,
    pub app: Name,
    pub host: String,
    pub tile: Tile,
    /// The agent of the app that asks, when it is one.
    pub agent: Option<Name>,
    /// *delete something in Fake calendar*
    pub deed: String,
    pub service: String,
    /// The account at the service.
    pub account: Name,
    pub method: String,
    pub address: String,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// As it goes out, without the credential.
    pub raw: String,
    /// Something of the body is not shown, because it is no text.
    pub is_body_hidden: bool,
    pub digest: String,
    pub asked: Moment,
    pub ends: Moment,
    pub state: CallState,
    pub action: String,
    pub start: String,
    pub approve: String,
    /// Where a recovery code may stand in (the demo alone).
    pub may_use_code: bool,
    pub code: Entry,
}

impl CallToDecide {
    fn code_field(&self) -> Field {
        Field::new("code", "Recovery code", &self.code).code().required().autocomplete("one-time-code").maxlength(40)
    }
}

pages!(Home: Approvals, CallToDecide);
