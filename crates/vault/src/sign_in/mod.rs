//! Sign-in sessions: a backend that has no pages of its own lets a person sign in, and gets their token (`connect-wire.md` 2.6.13).
//!
//! Promise: a session lives as long as a connect session, belongs to the first browser that opens it and to no other, and is answered
//! once. The token waits sealed, for the app that opened the session alone.

mod rows;

use crate::{Caller, Error, Result, Vault, acts};
use base::{AccountId, AppId, Bearer, Digest, Fault, IdentityId, Secret, Time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::seal::Place;
use ledger::{Entry, journal};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "sess_";
/// How long after its end the answer can be read, in seconds.
const RESULT_SECS: i64 = 600;

/// A session as stored.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub number: i64,
    pub app: AppId,
    pub expires_at: Time,
    pub ended_at: Option<Time>,
    digest: Vec<u8>,
    browser: Option<Vec<u8>>,
    outcome: Outcome,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Outcome {
    /// The person's token and what is told of them, sealed, in base64.
    sealed: Option<String>,
    error: Option<String>,
}

/// A session that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    pub token: Secret,
    pub expires_in_secs: i64,
    pub expires_at: Time,
}

/// What a browser finds that brings a token.
#[derive(Debug, Clone)]
pub enum Claimed {
    /// It is this browser's now, or was already.
    Taken(Box<SignIn>),
    /// The text names nothing.
    Unknown,
    /// Its time is over, it is answered, or another browser has it.
    Over,
}

/// What the app is told.
#[derive(Debug, Clone)]
pub enum Told {
    Pending,
    /// What [`Vault::finish_sign_in`] was given.
    Completed(Secret),
    Failed(String),
    Expired,
}

impl SignIn {
    /// True while its person may still answer.
    pub fn is_open(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }

    fn is_of(&self, browser: &Digest) -> bool {
        self.browser.as_deref().and_then(Digest::from_bytes).is_some_and(|own| own == *browser)
    }
}

impl Vault {
    /// Opens a session for the caller's app.
    pub async fn open_sign_in(&self, caller: &Caller) -> Result<Opened> {
        let (vault, app) = (self.clone(), caller.app.clone());
        let expires_at = self.seams.now().plus_secs(self.settings.session_secs);
        let token = self
            .store
            .write_again(move |tx| {
                let token = Bearer::mint(PREFIX, vault.seams.number()?, vault.seams.entropy())?;
                rows::insert(tx, &token, &app, vault.seams.now(), expires_at)?;
                Ok::<_, Error>(token.secret().clone())
            })
            .await?;
        Ok(Opened { token, expires_in_secs: self.settings.session_secs, expires_at })
    }

    /// Gives a session to the browser that brings its token: the first one keeps it, by compare-and-set.
    pub async fn claim_sign_in(&self, token: &Secret, browser: &Digest) -> Result<Claimed> {
        let Some(found) = self.sign_in_of(token).await? else { return Ok(Claimed::Unknown) };
        if !found.is_open(self.seams.now()) {
            return Ok(Claimed::Over);
        }
        let (number, browser) = (found.number, *browser);
        let is_taken = self.store.write(move |tx| rows::take(tx, number, &browser)).await?;
        Ok(if is_taken { Claimed::Taken(Box::new(found)) } else { Claimed::Over })
    }

    /// The session with this number, for the browser that has it, while it can be answered.
    pub async fn sign_in_for(&self, number: i64, browser: &Digest) -> Result<Option<SignIn>> {
        let now = self.seams.now();
        let found = self.store.read(move |tx| rows::find(tx, number)).await?;
        Ok(found.filter(|found| found.is_of(browser) && found.is_open(now)))
    }

    /// Keeps what the app is to be told. False when the session was answered before.
    pub async fn finish_sign_in(
        &self,
        session: &SignIn,
        account: &AccountId,
        identity: &IdentityId,
        told: &Secret,
    ) -> Result<bool> {
        let row = session.number.to_string();
        let sealed = self.sealer.seal(place(&row), told.reveal().as_bytes(), self.seams.entropy())?;
        let outcome = Outcome { sealed: Some(STANDARD.encode(sealed)), error: None };
        let entry = Entry::new(acts::SIGN_IN_FINISHED, &self.seams)?.app(&session.app).account(account);
        self.end_sign_in(session.number, outcome, Some(identity.clone()), entry.identity(identity)).await
    }

    /// Keeps that the person said no. False when the session was answered before.
    pub async fn decline_sign_in(&self, session: &SignIn) -> Result<bool> {
        let outcome = Outcome { sealed: None, error: Some("access_denied".to_owned()) };
        let entry = Entry::new(acts::SIGN_IN_DECLINED, &self.seams)?.app(&session.app);
        self.end_sign_in(session.number, outcome, None, entry).await
    }

    async fn end_sign_in(
        &self,
        number: i64,
        outcome: Outcome,
        identity: Option<IdentityId>,
        entry: Entry,
    ) -> Result<bool> {
        let now = self.seams.now();
        let outcome = serde_json::to_string(&outcome).map_err(|_| Fault::new("sign-in session: does not serialize"))?;
        self.store
            .write(move |tx| {
                let is_first = rows::end(tx, number, &outcome, identity.as_ref(), now)?;
                if is_first {
                    journal::write(tx, &entry)?;
                }
                Ok(is_first)
            })
            .await
    }

    /// What has come of a session, for the app that opened it. An unknown token looks like one that is over.
    pub async fn poll_sign_in(&self, caller: &Caller, token: &Secret) -> Result<Told> {
        let now = self.seams.now();
        let Some(found) = self.sign_in_of(token).await?.filter(|found| found.app == caller.app) else {
            return Ok(Told::Expired);
        };
        let Some(ended) = found.ended_at else {
            return Ok(if now < found.expires_at { Told::Pending } else { Told::Expired });
        };
        if now >= ended.max(found.expires_at).plus_secs(RESULT_SECS) {
            return Ok(Told::Expired);
        }
        if let Some(error) = found.outcome.error {
            return Ok(Told::Failed(error));
        }
        let broken = || Fault::new("sign-in session: holds no answer");
        let sealed = found.outcome.sealed.and_then(|text| STANDARD.decode(text).ok()).ok_or_else(broken)?;
        let opened = self.sealer.open(place(&found.number.to_string()), &sealed)?;
        Ok(Told::Completed(Secret::new(String::from_utf8(opened).map_err(|_| broken())?)))
    }

    async fn sign_in_of(&self, token: &Secret) -> Result<Option<SignIn>> {
        let Some(token) = Bearer::parse(PREFIX, token.reveal()) else { return Ok(None) };
        let number = token.number();
        let found = self.store.read(move |tx| rows::find(tx, number)).await?;
        let opens = token.opens(found.as_ref().map(|found| found.digest.as_slice()));
        Ok(found.filter(|_| opens))
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "connect_sessions", row, column: "outcome" }
}
