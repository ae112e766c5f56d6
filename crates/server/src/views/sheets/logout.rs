//! Signing out here, perhaps because an app asks for it (RP-initiated logout).

use crate::views::pages;
use crate::views::parts::{Frame, Link, Name, Who};
use askama::Template;

/// `GET /logout`: `POST {action}` with `csrf`, `flow` if there is one, and `decision` = `sign_out` or `stay`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/logout.html")]
pub struct Logout {
    pub frame: Frame,
    /// The app that asks.
    pub app: Option<Who>,
    pub name: Name,
    pub action: String,
    /// The stored request, when an app asks.
    pub flow: Option<String>,
}

/// Done. An app that asked for it may be linked.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/signed_out.html")]
pub struct SignedOut {
    pub frame: Frame,
    /// *Back to Acme Notes*, or *Sign in again*.
    pub onward: Link,
}

pages!(Away: Logout);
pages!(NothingInPopup: SignedOut);
