//! Telling apps what happened: an event is written in the transaction of what it tells, and delivered afterwards.
//!
//! Promise: what happened is told at least once or shown as dead; a delivery names itself, says when it was sent and is signed
//! (`docs/embed/webhooks.md`); it goes out through the guard, to the address as registered and to none that it redirects to
//! (threat 168).

mod change;
mod deliver;
mod rows;
mod sign;

pub use change::{Made, Wish, change, create, remove, resend};
pub use rows::{delete_of_app, find, find_delivery, list_of_app, page_of_webhook};
pub use sign::sign;

pub(crate) use rows::sweep;

use base::{AppId, Fault, Seams, Time};
use db::Tx;
use serde_json::{Value, json};

/// Where an app hears of what happened. Its secret stays sealed.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub id: String,
    pub app: AppId,
    pub url: String,
    /// Empty for all of them.
    pub events: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Nothing is written for it since.
    pub disabled_at: Option<Time>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    Delivered,
    Dead,
}

impl State {
    /// Every state.
    pub const ALL: [State; 3] = [State::Waiting, State::Delivered, State::Dead];

    /// The stored word, and the one on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Delivered => "delivered",
            State::Dead => "dead",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// An event on its way to one webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub number: i64,
    pub webhook: String,
    pub app: AppId,
    pub event: String,
    pub body: String,
    pub state: State,
    pub attempts: i64,
    pub next_at: Option<Time>,
    pub last_status: Option<i64>,
    /// What went wrong last, in a sentence of ours.
    pub last_error: Option<String>,
    pub created_at: Time,
    pub delivered_at: Option<Time>,
}

impl Delivery {
    /// What the receiver tells repetitions apart by: the same at every attempt.
    pub fn id(&self) -> String {
        name_of(self.number)
    }
}

fn name_of(number: i64) -> String {
    format!("evt_{number:016x}")
}

/// Number of a delivery, from its name.
pub fn number_in(name: &str) -> Option<i64> {
    let number = i64::from_str_radix(name.strip_prefix("evt_")?, 16).ok()?;
    (name_of(number) == name).then_some(number)
}

/// Everything an app can be told.
pub const EVENTS: [&str; 8] = [
    "connection.created",
    "connection.updated",
    "connection.reauth_required",
    "connection.revoked",
    "grant.created",
    "grant.revoked",
    "approval.requested",
    "approval.decided",
];

/// Writes an event for each of the app's webhooks that wants it.
pub fn tell(tx: &mut Tx<'_>, seams: &Seams, app: &AppId, event: &'static str, data: &Value) -> Result<(), Fault> {
    let now = seams.now();
    for (webhook, wanted) in rows::live_of_app(tx, app)? {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == event) {
            continue;
        }
        let number = seams.number()?;
        let body = json!({
            "id": name_of(number),
            "type": event,
            "created_at": now.iso(),
            "app_id": app.as_str(),
            "data": data,
        });
        rows::insert_delivery(tx, number, &webhook, app, event, &body.to_string(), now)?;
    }
    Ok(())
}
