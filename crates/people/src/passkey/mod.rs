//! Passkeys: discoverable credentials with user verification, the first way to sign in.
//!
//! Promise: a challenge is answered once, by the browser it was given to, within five minutes; a credential belongs to one account;
//! a counter that goes back refuses the sign-in and the person is told (threats 105–107).

mod assert;
pub(crate) mod ceremony;
mod enrol;
mod keep;
mod rows;

pub use rows::list_of_account;

pub(crate) use enrol::{Enrolled, insert_first, take_making};
pub(crate) use rows::{delete_of_account, sweep, take_all};

use crate::Flow;
use crate::refusal::{Code, Error, refuse};
use base::{AccountId, Bearer, Fault, PasskeyId, Seams, Secret, Time};
use ceremony::Begun;
use db::Tx;
use serde_json::Value;

const PREFIX: &str = "pcm_";
const CEREMONY_SECS: i64 = 5 * 60;
const LONGEST_NAME: usize = 64;

/// What a ceremony is for. The answer of one kind finishes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first passkey of a new account.
    Register,
    /// Another passkey of an account.
    Add,
    /// Signing in, or proving again who one is.
    Prove,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Register => "register",
            Kind::Add => "add",
            Kind::Prove => "prove",
        }
    }
}

/// A passkey as its person sees it.
#[derive(Debug, Clone)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    /// Kept by a password manager or a cloud, so that it is on several devices.
    pub is_synced: bool,
    pub created_at: Time,
    pub last_used_at: Option<Time>,
    pub credential_id: String,
}

/// A ceremony that the browser can now go through.
#[derive(Debug, Clone)]
pub struct Started {
    /// Names the ceremony; worth nothing without the browser's own secret.
    pub id: Secret,
    /// `PublicKeyCredentialCreationOptions` or `…RequestOptions` in JSON.
    pub options: Value,
}

/// Stores a ceremony.
fn keep(
    tx: &mut Tx,
    seams: &Seams,
    kind: Kind,
    flow: &Flow,
    account: Option<&AccountId>,
    begun: &Begun,
    now: Time,
) -> Result<Secret, Fault> {
    let bearer = Bearer::mint(PREFIX, seams.number()?, seams.entropy())?;
    rows::insert_ceremony(tx, &bearer, kind, flow, account, &begun.state, now.plus_secs(CEREMONY_SECS))?;
    Ok(bearer.secret().clone())
}

/// Spends a ceremony: gives its state and account to the one who may finish it.
fn take(tx: &mut Tx, id: &str, kind: Kind, flow: &Flow, now: Time) -> Result<Option<rows::Taken>, Fault> {
    let Some(bearer) = Bearer::parse(PREFIX, id) else { return Ok(None) };
    rows::take_ceremony(tx, &bearer, kind, flow, now)
}

pub(crate) fn expired() -> Error {
    refuse(Code::CeremonyExpired, "this took too long, or was begun in another window; start again")
}
