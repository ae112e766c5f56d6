//! An authorization request: what was asked (RFC 6749 §4.1.1, OIDC Core §3.1.2.1), and what of it may go on.

mod check;
mod connector;
mod parse;
mod target;

pub use check::{RULES, check};
pub use connector::Connector;
pub use parse::Asked;
pub use target::Target;

pub(crate) use target::is_same;

use crate::app::App;
use base::{IdentityId, RedirectUri, Scope};
use ledger::Presence;
use std::sync::Arc;

/// How the answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    Query,
    FormPost,
}

/// What the app wants to happen in front of the person (OIDC Core §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    pub select_account: bool,
}

/// A request that passed every rule: from here on only the person decides.
#[derive(Debug, Clone)]
pub struct Proposal {
    pub app: Arc<App>,
    pub redirect: RedirectUri,
    pub mode: ResponseMode,
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// What is asked of sign-in; with a connector, what it takes to know who they are.
    pub scope: Scope,
    /// What is asked at another app.
    pub connector: Option<Connector>,
    /// For whom the access token is, where not for this server (RFC 8707).
    pub target: Option<Target>,
    /// The S256 challenge (RFC 7636).
    pub challenge: Option<String>,
    pub prompt: Prompt,
    pub max_age_secs: Option<i64>,
    /// `acr_values` asks for a passkey.
    pub wants_passkey: bool,
    pub login_hint: Option<String>,
    pub identity_hint: Option<IdentityId>,
    /// The subject of a valid `id_token_hint`: nobody else will do.
    pub hinted_subject: Option<String>,
}

impl Proposal {
    /// What the sign-in that is allowed is kept under: consent is remembered for each audience by itself.
    pub(crate) fn audience(&self) -> &str {
        self.target.as_ref().map_or("", |target| &target.resource.audience)
    }

    /// True when nothing may be shown: an answer comes at once, or the code that says what stood in the way.
    pub fn is_silent(&self) -> bool {
        self.prompt.none || self.connector.as_ref().is_some_and(|asked| asked.mode == Presence::Background)
    }
}

/// An answer to the app, to be sent to its redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub redirect: RedirectUri,
    pub mode: ResponseMode,
    pub fields: Vec<(&'static str, String)>,
}

/// Why a request cannot go on.
#[derive(Debug)]
pub enum Halt {
    /// Client or redirect URI are not proven, or the client is unverified: a page on our origin, never a redirect.
    Page(&'static str),
    /// The app is told at its redirect URI.
    Answer(Answer),
    /// Something broke.
    Fault(base::Fault),
}

impl From<base::Fault> for Halt {
    fn from(fault: base::Fault) -> Halt {
        Halt::Fault(fault)
    }
}
