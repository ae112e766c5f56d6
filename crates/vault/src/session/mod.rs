//! Connect sessions: a backend's leave for one browser to link accounts to its app (`connect-wire.md` 2.6.1–2.6.3 and 5).
//!
//! Promise: a session lives ten minutes, belongs to the first browser that opens it and to no other, is over once it is completed
//! for the browser side, and answers only to the origin and address that its backend named (threats 140, 143, 144).

mod claim;
mod go_on;
mod key;
mod open;
mod rows;
mod terms;

pub use claim::Opening;
pub use go_on::{Choice, Linkable, Next};
pub use open::{AppFacts, Opened, SessionAsk};
pub(crate) use rows::{end_all, sweep};
pub use terms::{GrantPolicy, Restrictions, Terms};

use crate::caller::Subject;
use crate::grants::Granted;
use crate::link::Outcome;
use crate::{Vault, acts};
use base::{AppId, Digest, Fault, Time};
use db::Tx;
use ledger::journal;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a session token begins with.
pub(crate) const PREFIX: &str = "sess_";

/// How long after its end the result can be read, in seconds.
const RESULT_SECS: i64 = 600;

/// A session as stored.
#[derive(Debug, Clone)]
pub struct Session {
    pub number: i64,
    pub(crate) digest: Vec<u8>,
    pub app: AppId,
    pub subject: Subject,
    /// The one origin that the result is posted to.
    pub origin: Option<String>,
    pub return_url: Option<String>,
    pub terms: Terms,
    pub created_at: Time,
    pub expires_at: Time,
    pub(crate) browser: Option<Vec<u8>>,
    pub transport: Option<Transport>,
    /// The person has said that the browser is theirs.
    pub confirmed_at: Option<Time>,
    pub stage: Stage,
    pub result: Results,
    pub ended_at: Option<Time>,
}

/// How the result gets back to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A message to the window that opened this one.
    Popup,
    /// The browser is sent on to `return_url`.
    Redirect,
}

impl Transport {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Transport::Popup => "popup",
            Transport::Redirect => "redirect",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Transport> {
        [Transport::Popup, Transport::Redirect].into_iter().find(|own| own.as_str() == text)
    }
}

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On our page.
    Page,
    /// At the service; its pages may cut the window off from its opener.
    Provider,
}

impl Stage {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Page => "page",
            Stage::Provider => "provider",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Stage> {
        [Stage::Page, Stage::Provider].into_iter().find(|own| own.as_str() == text)
    }
}

/// What came of a session so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Results {
    pub granted: Vec<Granted>,
    pub declined: Vec<Declined>,
    pub failed: Vec<FailedGrant>,
    /// What ended it without anything granted.
    pub error: Option<SessionError>,
}

/// A provider at which the person said no.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Declined {
    pub provider: String,
    pub code: String,
    pub at_ms: i64,
}

/// The reason of a failure that the person can put right: they chose another account than the one to be repaired.
pub(crate) const ACCOUNT_MISMATCH: &str = "account_mismatch";

/// A provider at which something went wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailedGrant {
    pub provider: String,
    pub reason: String,
    pub message: String,
}

/// What ended a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionError {
    pub code: String,
    pub message: String,
}

/// What a session has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    Completed,
    Error,
    Expired,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Completed => "completed",
            Status::Error => "error",
            Status::Expired => "expired",
        }
    }
}

impl Session {
    /// What it has come to.
    pub fn status(&self, now: Time) -> Status {
        match (self.ended_at, &self.result.error) {
            (Some(_), Some(_)) => Status::Error,
            (Some(_), None) => Status::Completed,
            // Somebody who left in time for the service may come back late: what they did counts.
            // Whoever left before pressing Done has connected what they connected.
            (None, _) if self.expires_at <= now && !self.result.granted.is_empty() => Status::Completed,
            (None, _) if self.expires_at <= now => Status::Expired,
            (None, _) => Status::Pending,
        }
    }

    /// True for the browser that it belongs to.
    pub(crate) fn is_of(&self, browser: &Digest) -> bool {
        self.browser.as_deref().and_then(Digest::from_bytes).is_some_and(|own| own == *browser)
    }

    /// What names it to the window that waits: the digest of its token, which only that window and we know.
    pub fn mark(&self) -> String {
        base::digest::hex(&self.digest)
    }

    /// True when one provider is all that there is to choose.
    pub fn is_single(&self) -> bool {
        self.terms.providers.len() == 1
    }

    /// True while the result may be read.
    pub(crate) fn is_readable(&self, now: Time) -> bool {
        let last = self.ended_at.map_or(self.expires_at, |ended| ended.max(self.expires_at));
        now < last.plus_secs(RESULT_SECS)
    }
}

/// The terms of a session, for what is opened under it.
pub(crate) fn terms_of(tx: &mut Tx<'_>, number: i64) -> Result<Terms, Fault> {
    Ok(rows::find(tx, number)?.map(|session| session.terms).unwrap_or_default())
}

/// Writes down what came of one provider, and ends the session when there is nothing else to choose.
pub(crate) async fn note_outcome(vault: &Vault, number: i64, provider: &str, outcome: &Outcome) -> Result<(), Fault> {
    let (own, provider, outcome) = (vault.clone(), provider.to_owned(), outcome.clone());
    vault
        .store
        .write_again(move |tx| {
            let now = own.seams.now();
            let Some(mut session) = rows::find(tx, number)?.filter(|session| session.ended_at.is_none()) else {
                return Ok::<_, Fault>(());
            };
            let is_single = session.is_single();
            let result = &mut session.result;
            match &outcome {
                Outcome::Granted(granted) => {
                    result.granted.retain(|own| own.grant != granted.grant);
                    result.granted.push((**granted).clone());
                    result.failed.retain(|failed| failed.provider != provider);
                    result.declined.retain(|declined| declined.provider != provider);
                }
                Outcome::Linked(_) => {}
                Outcome::Declined { code } if is_single => {
                    result.error = Some(SessionError { code: "connect_denied".to_owned(), message: DENIED.to_owned() });
                    result.declined.push(Declined { provider: provider.clone(), code: code.clone(), at_ms: now.ms() });
                }
                Outcome::Declined { code } => {
                    result.declined.retain(|declined| declined.provider != provider);
                    result.declined.push(Declined { provider: provider.clone(), code: code.clone(), at_ms: now.ms() });
                }
                Outcome::Failed { code, sentence } => {
                    result.failed.retain(|failed| failed.provider != provider);
                    let failed = FailedGrant {
                        provider: provider.clone(),
                        reason: code.clone(),
                        message: (*sentence).to_owned(),
                    };
                    result.failed.push(failed);
                    // The app hears of it at once. Another account than the one to be repaired can be put right on the page.
                    if is_single && code != ACCOUNT_MISMATCH {
                        result.error = Some(SessionError { code: code.clone(), message: (*sentence).to_owned() });
                    }
                }
            }
            let is_failed = matches!(outcome, Outcome::Failed { .. });
            let is_over = is_single && (!is_failed || session.result.error.is_some());
            rows::set_result(tx, number, &session.result, Stage::Page, is_over.then_some(now))?;
            if matches!(outcome, Outcome::Declined { .. }) {
                let entry = journal::Entry::new(acts::SESSION_DECLINED, &own.seams)?
                    .app(&session.app)
                    .detail(json!({ "provider": provider }));
                journal::write(tx, &crate::grants::about(entry, &session.subject))?;
            }
            Ok(())
        })
        .await
}

pub(crate) const DENIED: &str = "the person declined";
