//! What was called in one's name.

use crate::views::event::{Filter, Pager};
use crate::views::pages;
use crate::views::parts::{Frame, Name};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// One call: **Acme Notes** *read from Google Calendar*.
#[derive(Debug, Clone)]
pub struct CallRow {
    pub app: Name,
    pub agent: Option<Name>,
    /// *read from*, *wanted to delete something at*.
    pub deed: &'static str,
    pub provider: Name,
    pub account: Option<Name>,
    /// Method and place: `GET www.googleapis.com/calendar/v3/events`. Empty where none is known.
    pub place: String,
    /// *it was answered*, *the service refused it*.
    pub outcome: String,
    pub is_refused: bool,
    /// We did not see it: the app says so.
    pub is_told: bool,
    /// What the app said it was for.
    pub reason: Option<Name>,
    pub when: Moment,
}

/// `GET /account/calls?show=refused&app=&agent=&before=`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/calls.html")]
pub struct Calls {
    pub frame: Frame,
    pub rail: Rail,
    pub filters: Vec<Filter>,
    /// The one app or agent whose calls these are.
    pub only: Option<Name>,
    pub rows: Vec<CallRow>,
    pub pager: Pager,
}

impl Calls {
    fn is_filtered(&self) -> bool {
        self.filters.iter().skip(1).any(|filter| filter.is_current)
    }
}

pages!(Nothing: Calls);
