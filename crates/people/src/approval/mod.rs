//! Letting a browser in from one that is signed in already.
//!
//! Promise: the asking browser shows a code, the approving person types it; asking for the state changes nothing; only the browser
//! that asked can use the approval, once, within five minutes. It proves no more than the approving session had proven.

mod ask;
mod decide;
mod finish;
mod rows;

pub use ask::Asked;

pub(crate) use rows::{delete_of_account, sweep, take_all};

use crate::refusal::{Code, Error, refuse};
use base::Time;

const ASK_SECS: i64 = 5 * 60;

/// How far an approval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Approved,
    Denied,
    /// Too old, or used.
    Expired,
}

impl State {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Approved => "approved",
            State::Denied => "denied",
            State::Expired => "expired",
        }
    }
}

/// A browser that asks to be let in, as the approving person sees it.
#[derive(Debug, Clone)]
pub struct Approval {
    pub id: String,
    pub code: String,
    pub device_name: String,
    pub device_kind: String,
    pub source: String,
    pub user_agent: String,
    pub created_at: Time,
    pub expires_at: Time,
}

fn gone() -> Error {
    refuse(Code::ApprovalGone, "this request is unknown, decided or too old; start again on the other device")
}
