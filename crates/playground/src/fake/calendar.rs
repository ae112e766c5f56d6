//! `/calendar/v3/events`: each account has a calendar with something in it.

use super::Fake;
use super::account::Account;
use super::refused::Refused;
use super::scope::{CALENDAR_READ, CALENDAR_WRITE};
use super::tokens::Caller;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::VecDeque;

const MOST_EVENTS: usize = 200;
const LONGEST_TEXT: usize = 500;

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Event {
    id: String,
    title: String,
    starts_at: String,
    ends_at: String,
    place: String,
}

/// What an event is to be; what is left out stays or is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    title: Option<String>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    place: Option<String>,
}

#[derive(Debug)]
pub(super) struct Calendars {
    ada: VecDeque<Event>,
    bob: VecDeque<Event>,
    /// Ids are counted and never used twice.
    next: u64,
}

impl Default for Calendars {
    fn default() -> Calendars {
        let event = |id: &str, title: &str, day: &str, place: &str| Event {
            id: id.to_owned(),
            title: title.to_owned(),
            starts_at: format!("{day}T09:00:00Z"),
            ends_at: format!("{day}T10:00:00Z"),
            place: place.to_owned(),
        };
        let ada = [
            event("ev-1", "Dentist", "2031-03-03", "Long Lane 4"),
            event("ev-2", "Lunch with Bob", "2031-03-04", "The Anchor"),
            event("ev-3", "Train to Turin", "2031-03-07", "Platform 9"),
        ];
        let bob = [
            event("ev-4", "Lunch with Ada", "2031-03-04", "The Anchor"),
            event("ev-5", "Choir", "2031-03-05", "Old Mill"),
        ];
        Calendars { ada: ada.into(), bob: bob.into(), next: 6 }
    }
}

impl Calendars {
    fn of(&mut self, account: Account) -> &mut VecDeque<Event> {
        match account {
            Account::Ada => &mut self.ada,
            Account::Bob => &mut self.bob,
        }
    }

    fn find(&mut self, account: Account, id: &str) -> Option<&mut Event> {
        self.of(account).iter_mut().find(|event| event.id == id)
    }

    fn add(&mut self, account: Account, change: Change) -> Event {
        let mut event = Event {
            id: format!("ev-{}", self.next),
            title: String::new(),
            starts_at: String::new(),
            ends_at: String::new(),
            place: String::new(),
        };
        self.next += 1;
        event.become_as(change);
        let events = self.of(account);
        if events.len() >= MOST_EVENTS {
            events.pop_front();
        }
        events.push_back(event.clone());
        event
    }

    fn remove(&mut self, account: Account, id: &str) -> bool {
        let events = self.of(account);
        let before = events.len();
        events.retain(|event| event.id != id);
        events.len() < before
    }
}

impl Event {
    fn become_as(&mut self, change: Change) {
        let Change { title, starts_at, ends_at, place } = change;
        for (own, new) in [
            (&mut self.title, title),
            (&mut self.starts_at, starts_at),
            (&mut self.ends_at, ends_at),
            (&mut self.place, place),
        ] {
            if let Some(new) = new {
                *own = new;
            }
        }
    }
}

impl Change {
    fn fits(&self) -> bool {
        let texts = [&self.title, &self.starts_at, &self.ends_at, &self.place];
        let is_short = |text: &String| text.chars().count() <= LONGEST_TEXT;
        texts.into_iter().flatten().all(is_short) && self.title.as_deref().is_none_or(|title| !title.trim().is_empty())
    }
}

pub(super) fn router() -> Router<Fake> {
    Router::new()
        .route("/calendar/v3/events", get(list).post(add))
        .route("/calendar/v3/events/{id}", get(show).patch(change).delete(remove))
}

/// `GET /calendar/v3/events`
async fn list(State(fake): State<Fake>, caller: Caller) -> Result<Response, Refused> {
    caller.may(CALENDAR_READ)?;
    let items = fake.with(|memory| memory.calendars.of(caller.account).clone());
    Ok(Json(json!({ "items": items })).into_response())
}

/// `POST /calendar/v3/events`
async fn add(
    State(fake): State<Fake>,
    caller: Caller,
    asked: Result<Json<Change>, JsonRejection>,
) -> Result<Response, Refused> {
    caller.may(CALENDAR_WRITE)?;
    let asked = read(asked)?;
    if asked.title.is_none() {
        return Err(malformed());
    }
    let event = fake.with(|memory| memory.calendars.add(caller.account, asked));
    let place = format!("/calendar/v3/events/{}", event.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(event)).into_response())
}

/// `GET /calendar/v3/events/{id}`
async fn show(State(fake): State<Fake>, caller: Caller, Path(id): Path<String>) -> Result<Response, Refused> {
    caller.may(CALENDAR_READ)?;
    let event = fake.with(|memory| memory.calendars.find(caller.account, &id).cloned());
    event.map(|event| Json(event).into_response()).ok_or_else(none)
}

/// `PATCH /calendar/v3/events/{id}`
async fn change(
    State(fake): State<Fake>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Json<Change>, JsonRejection>,
) -> Result<Response, Refused> {
    caller.may(CALENDAR_WRITE)?;
    let asked = read(asked)?;
    let event = fake.with(|memory| {
        let event = memory.calendars.find(caller.account, &id)?;
        event.become_as(asked);
        Some(event.clone())
    });
    event.map(|event| Json(event).into_response()).ok_or_else(none)
}

/// `DELETE /calendar/v3/events/{id}`
async fn remove(State(fake): State<Fake>, caller: Caller, Path(id): Path<String>) -> Result<Response, Refused> {
    caller.may(CALENDAR_WRITE)?;
    let is_gone = fake.with(|memory| memory.calendars.remove(caller.account, &id));
    if is_gone { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(none()) }
}

fn read(asked: Result<Json<Change>, JsonRejection>) -> Result<Change, Refused> {
    asked.ok().map(|Json(change)| change).filter(Change::fits).ok_or_else(malformed)
}

fn malformed() -> Refused {
    Refused::malformed("send JSON with title, starts_at, ends_at and place")
}

fn none() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "not_found", "there is no such event")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_forgets_its_oldest_event_rather_than_grow() {
        let mut calendars = Calendars::default();
        for number in 0..MOST_EVENTS {
            calendars.add(Account::Ada, Change { title: Some(number.to_string()), ..Change::default() });
        }
        assert_eq!(calendars.of(Account::Ada).len(), MOST_EVENTS);
        assert!(calendars.find(Account::Ada, "ev-1").is_none() && calendars.find(Account::Bob, "ev-4").is_some());
    }
}
