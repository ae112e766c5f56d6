//! `/chat/v1/messages`: each account has messages, and can send some.

use super::Fake;
use super::account::Account;
use super::refused::Refused;
use super::scope::{MESSAGES_READ, MESSAGES_SEND};
use super::tokens::Caller;
use crate::outside::now_secs;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::VecDeque;

const MOST_MESSAGES: usize = 200;
const LONGEST_TEXT: usize = 2000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    id: String,
    from: String,
    text: String,
    /// In seconds.
    sent_at: i64,
}

/// What is to be sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    text: String,
}

#[derive(Debug)]
pub(super) struct Chats {
    ada: VecDeque<Message>,
    bob: VecDeque<Message>,
    next: u64,
}

impl Default for Chats {
    fn default() -> Chats {
        let message = |id: &str, from: Account, text: &str, sent_at| Message {
            id: id.to_owned(),
            from: from.name().to_owned(),
            text: text.to_owned(),
            sent_at,
        };
        let lunch = message("ms-1", Account::Bob, "Lunch on Tuesday?", 1_900_000_000);
        let yes = message("ms-2", Account::Ada, "Gladly. The Anchor, as ever.", 1_900_000_060);
        Chats { ada: [lunch.clone(), yes.clone()].into(), bob: [lunch, yes].into(), next: 3 }
    }
}

impl Chats {
    fn of(&mut self, account: Account) -> &mut VecDeque<Message> {
        match account {
            Account::Ada => &mut self.ada,
            Account::Bob => &mut self.bob,
        }
    }

    fn send(&mut self, account: Account, text: String, now: i64) -> Message {
        let message = Message { id: format!("ms-{}", self.next), from: account.name().to_owned(), text, sent_at: now };
        self.next += 1;
        let messages = self.of(account);
        if messages.len() >= MOST_MESSAGES {
            messages.pop_front();
        }
        messages.push_back(message.clone());
        message
    }
}

pub(super) fn router() -> Router<Fake> {
    Router::new().route("/chat/v1/messages", get(list).post(send))
}

/// `GET /chat/v1/messages`
async fn list(State(fake): State<Fake>, caller: Caller) -> Result<Response, Refused> {
    caller.may(MESSAGES_READ)?;
    let messages = fake.with(|memory| memory.chats.of(caller.account).clone());
    Ok(Json(json!({ "messages": messages })).into_response())
}

/// `POST /chat/v1/messages`
async fn send(
    State(fake): State<Fake>,
    caller: Caller,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Result<Response, Refused> {
    caller.may(MESSAGES_SEND)?;
    let text = draft.ok().map(|Json(draft)| draft.text);
    let fits = |text: &String| !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT;
    let Some(text) = text.filter(fits) else {
        return Err(Refused::malformed("send JSON with text"));
    };
    let message = fake.with(|memory| memory.chats.send(caller.account, text, now_secs()));
    Ok((StatusCode::CREATED, Json(message)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_messages_go() {
        let mut chats = Chats::default();
        for number in 0..MOST_MESSAGES {
            chats.send(Account::Ada, number.to_string(), 1);
        }
        assert_eq!((chats.of(Account::Ada).len(), chats.of(Account::Bob).len()), (MOST_MESSAGES, 2));
    }
}
