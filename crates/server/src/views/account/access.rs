//! Everything one has allowed, and what happened.

use crate::views::event::{Event, Filter, Pager};
use crate::views::pages;
use crate::views::parts::{Frame, Name, Who};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// An app that one signed in to, and what it may do.
#[derive(Debug, Clone)]
pub struct AccessRow {
    pub app: Who,
    /// From `knows`: *knows your name, picture and e-mail*.
    pub knows: String,
    /// Where what it gets is used, when that is not at the app itself (RFC 8707): the name of the resource.
    pub place: Option<Name>,
    /// As which identity.
    pub identity: Name,
    pub since: Moment,
    pub last_used: Option<Moment>,
    /// The person uses no identity there: only an account that they linked.
    pub is_linked_alone: bool,
    /// Nobody registered it; its host is all that is known.
    pub is_quick: bool,
    /// The page before ending: `/account/access/{grant}/end`.
    pub end_url: String,
    /// What hangs on it.
    pub below: Vec<AccessBelow>,
}

/// A permission that hangs on a sign-in: *may* **ask questions in your name** *at Iris, only while you use it*.
#[derive(Debug, Clone)]
pub struct AccessBelow {
    /// The agent that the app lets in, where it is not for the app itself.
    pub agent: Option<Name>,
    /// From `deeds`.
    pub deed: String,
    /// The app or the service at which it may be done.
    pub target: Name,
    /// The linked account with which.
    pub account: Option<Name>,
    pub until: Option<Moment>,
    pub is_away: bool,
    /// The other app has changed what it means: nothing can be done until the person is asked again.
    pub is_suspended: bool,
    pub last_used: Option<Moment>,
    pub end_url: String,
}

/// `GET /account/access`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/access.html")]
pub struct Access {
    pub frame: Frame,
    pub rail: Rail,
    pub filters: Vec<Filter>,
    pub rows: Vec<AccessRow>,
    /// Lines in all, when they are more than the page shows.
    pub pager: Pager,
}

impl Access {
    /// True when another filter than the first, which shows everything, is chosen.
    fn is_filtered(&self) -> bool {
        self.filters.iter().skip(1).any(|filter| filter.is_current)
    }
}

/// `GET /account/activity`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/activity.html")]
pub struct Activity {
    pub frame: Frame,
    pub rail: Rail,
    pub filters: Vec<Filter>,
    pub events: Vec<Event>,
    pub pager: Pager,
    /// How long lines are kept: *90 days*.
    pub kept_for: String,
}

pages!(Nothing: Access, Activity);
