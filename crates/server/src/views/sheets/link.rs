//! Linking an account elsewhere to an app: which service, what it is asked for, and the end.

use crate::views::pages;
use crate::views::parts::{Field, Frame, Link, May, Name, Tile, Who};
use askama::Template;

/// Reads the session out of the address and goes on: `GET /sdk/oauth/connect`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/link_open.html")]
pub struct LinkOpen {
    pub frame: Frame,
    /// Where the token is handed over.
    pub open: &'static str,
}

/// The person whose account it will be.
#[derive(Debug, Clone)]
pub struct LinkWho {
    pub tile: Tile,
    pub name: Name,
    /// Without the `@`.
    pub handle: String,
}

/// A service in the list.
#[derive(Debug, Clone)]
pub struct LinkService {
    pub url: String,
    pub tile: Tile,
    pub name: Name,
    pub host: String,
    pub state: LinkState,
}

/// What has come of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Open,
    Connected(Name),
    Declined,
    Failed,
}

/// The service that the person looks at.
#[derive(Debug, Clone)]
pub struct LinkPick {
    pub id: String,
    pub tile: Tile,
    pub name: Name,
    pub host: String,
    pub may: May,
    /// Accounts that are linked already: id, and what they are recognised by.
    pub linked: Vec<(String, Name)>,
    /// The service gives keys, and nobody signs in there.
    pub takes_key: bool,
    /// Where the service says how to get one.
    pub docs: String,
    pub fields: Vec<Field>,
    /// What the app narrows by itself.
    pub limits: Option<String>,
}

/// The agent that comes in with it.
#[derive(Debug, Clone)]
pub struct LinkAgent {
    pub name: Name,
    /// It is asked whether it may pass that on.
    pub may_pass_on: bool,
}

/// The page: `GET /sdk/oauth/connect/s/{number}`.
///
/// One form, `POST {action}`, with `csrf`, `service`, `connection`, `agent`, `pass_on`, `input.…`, `secret.…`, and `decision` = `continue`,
/// `use`, `key`, `skip`, `finish` or `cancel`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/link.html")]
pub struct LinkPage {
    pub frame: Frame,
    pub app: Who,
    pub action: String,
    /// Nothing when the app vouches for the person, or links for itself.
    pub person: Option<LinkWho>,
    /// We do not know who sits here: the page says what to look out for.
    pub is_stranger: bool,
    pub services: Vec<LinkService>,
    pub chosen: Option<LinkPick>,
    /// There is one service only.
    pub is_single: bool,
    /// Something has been linked.
    pub can_finish: bool,
    /// An account is connected again.
    pub is_repair: bool,
    pub agent: Option<LinkAgent>,
    pub trouble: Option<String>,
    pub back: Option<Link>,
    /// Where the page tells what the person does, when a window waits for it.
    pub origin: Option<String>,
    /// What the waiting window knows the flow by.
    pub mark: String,
}

/// The end: `link_end.js` tells the window that waits, and closes this one a little later.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/link_end.html")]
pub struct LinkEnd {
    pub frame: Frame,
    pub app: Option<Name>,
    /// Service and account.
    pub accounts: Vec<(Name, Name)>,
    pub is_done: bool,
    pub is_declined: bool,
    /// What is told, as JSON.
    pub message: String,
    /// To whom: the one origin that the app named.
    pub origin: Option<String>,
}

pages!(Away: LinkPage);
pages!(NothingInPopup: LinkOpen, LinkEnd);
