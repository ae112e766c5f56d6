//! `/accounts`: the person's calendar and chat. Linking them, letting the agent read and write, taking it back; and the same calendar
//! as a resource.

use super::agent::{self, Waiting};
use super::connect::Target;
use super::issuer::Answer;
use super::link::{self, CALENDAR, Linked};
use super::session::Visit;
use super::tour::Step;
use super::{Notes, Trouble};
use crate::page;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// What this server remembers of what the page has shown. What is linked is the issuer's to say, and is asked each time.
#[derive(Default)]
pub(crate) struct Seen {
    /// What the agent read last.
    pub(super) read: Option<Answer>,
    /// The refusal that the agent got last.
    pub(super) refused: Option<Answer>,
    /// What the agent wants to add, while the person has not decided.
    pub(super) waiting: Option<Waiting>,
    /// What came of it.
    pub(super) added: Option<Answer>,
    /// The person has let this app use the calendar as a resource, as far as this app knows.
    pub(super) may_use_calendar: bool,
    /// The delegated token for it.
    pub(super) calendar_token: Option<String>,
    pub(super) events: Option<Answer>,
    pub(super) calendar_refused: Vec<(&'static str, Answer)>,
}

impl Seen {
    /// The person has just said so.
    pub(super) fn may_use_calendar(&mut self) {
        self.may_use_calendar = true;
        self.calendar_token = None;
        self.calendar_refused.clear();
    }
}

/// An event as the calendar's service tells it.
#[derive(Deserialize)]
struct Event {
    title: String,
    starts_at: String,
    #[serde(default)]
    place: String,
}

impl Event {
    /// Day and hour, as they stand there.
    fn when(&self) -> String {
        self.starts_at.chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
    }
}

fn events(answer: Option<&Answer>) -> Vec<Event> {
    let items = answer.and_then(|answer| answer.body.get("items")).cloned().unwrap_or_default();
    serde_json::from_value(items).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage<'a> {
    issuer: &'a str,
    issuer_host: &'a str,
    agent: &'a str,
    linked: Vec<Linked>,
    read: Vec<Event>,
    waiting: Option<&'a Waiting>,
    added: Option<&'a Answer>,
    refused: Option<&'a Answer>,
    declined: Option<Answer>,
    may_use_calendar: bool,
    events: Vec<Event>,
    calendar_refused: &'a [(&'static str, Answer)],
}

impl AccountsPage<'_> {
    fn has_calendar(&self) -> bool {
        self.linked.iter().any(|account| account.provider_id == CALENDAR)
    }

    /// The person left the agent ticked when they linked the calendar.
    fn is_agent_in(&self) -> bool {
        self.linked.iter().any(|account| account.provider_id == CALENDAR && !account.delegated_agent_ids.is_empty())
    }
}

/// `GET /accounts`
pub(crate) async fn show(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Response, Trouble> {
    let mut kept = visit.kept.lock().await;
    if kept.signed_in.is_none() {
        return Ok(Redirect::to("/#link").into_response());
    }
    let linked = link::linked(&notes, &mut kept).await?;
    if !linked.is_empty() {
        kept.done.insert(Step::Link);
    }
    agent::collect(&notes, &mut kept).await?;
    let declined = kept.take_declined(Target::Calendar);
    let (settings, seen) = (&notes.settings, &kept.accounts);
    let page = AccountsPage {
        issuer: &settings.issuer,
        issuer_host: page::host(&settings.issuer),
        agent: &settings.agent,
        linked,
        read: events(seen.read.as_ref()),
        waiting: seen.waiting.as_ref(),
        added: seen.added.as_ref(),
        refused: seen.refused.as_ref(),
        declined,
        may_use_calendar: seen.may_use_calendar,
        events: events(seen.events.as_ref()),
        calendar_refused: &seen.calendar_refused,
    };
    Ok(page::show_with_library(&page, &settings.issuer))
}
