//! Session tokens: a person's own key to the list of what they allowed.

use crate::views::pages;
use crate::views::parts::{Frame, Name};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// One session token.
#[derive(Debug, Clone)]
pub struct SessionTokenRow {
    pub id: i64,
    pub name: Name,
    pub made: Moment,
    pub ends: Moment,
    pub last_used: Option<Moment>,
}

/// `GET /account/tokens`.
///
/// Forms: `POST /account/tokens` with `csrf`, `name` makes one and answers with this page, `made` in it;
/// `POST /account/tokens/{id}/end` with `csrf` ends one.
#[derive(Debug, Clone, Template)]
#[template(path = "account/tokens.html")]
pub struct SessionTokens {
    pub frame: Frame,
    pub rail: Rail,
    pub rows: Vec<SessionTokenRow>,
    /// The text of the one that has just been made.
    pub made: Option<String>,
    /// What it opens.
    pub address: String,
}

pages!(Home: SessionTokens);
