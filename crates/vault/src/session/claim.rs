//! A browser opens a session, and the app asks what has come of it.

use super::{PREFIX, Session, Status, Transport, rows};
use crate::Vault;
use crate::caller::Caller;
use crate::refusal::Result;
use base::{Bearer, Digest, Fault, Secret};

/// What came of opening a session.
#[derive(Debug, Clone)]
pub enum Opening {
    /// It is this browser's now, or was already.
    Taken(Box<Session>),
    /// The text is no session token, or names nothing.
    Unknown,
    /// Its time is over, or it is completed.
    Over(Box<Session>),
    /// Another browser has it.
    Elsewhere,
}

impl Vault {
    /// Gives a session to the browser that brings its token: the first one keeps it, by compare-and-set.
    pub async fn claim_session(&self, token: &Secret, browser: &Digest, transport: Transport) -> Result<Opening> {
        let Some(session) = self.session_of_token(token).await? else { return Ok(Opening::Unknown) };
        let now = self.seams.now();
        if session.status(now) != Status::Pending {
            return Ok(Opening::Over(Box::new(session)));
        }
        let (number, browser) = (session.number, *browser);
        let taken = self.store.write(move |tx| {
            if !rows::take(tx, number, &browser, transport)? {
                return Ok::<_, Fault>(None);
            }
            rows::find(tx, number)
        });
        Ok(taken.await?.map_or(Opening::Elsewhere, |session| Opening::Taken(Box::new(session))))
    }

    /// The session with this number, for the browser that has it.
    pub async fn session_for(&self, number: i64, browser: Option<&Digest>) -> Result<Option<Session>> {
        let Some(browser) = browser else { return Ok(None) };
        let found = self.store.read(move |tx| rows::find(tx, number)).await?;
        Ok(found.filter(|session| session.is_of(browser)))
    }

    /// What has come of a session, for the app that opened it. Nothing for a token of somebody else's, and nothing of sessions about
    /// secrets, which are not asked for.
    pub async fn poll_session(&self, caller: &Caller, token: &Secret) -> Result<Option<Session>> {
        let now = self.seams.now();
        let found = self.session_of_token(token).await?;
        let found = found.filter(|session| session.app == caller.app && session.terms.secret.is_none());
        Ok(found.filter(|session| session.is_readable(now)))
    }

    /// What has come of a session, for whoever holds its token. The caller sees that only its own origin asks.
    pub async fn session_result(&self, token: &Secret) -> Result<Option<Session>> {
        let now = self.seams.now();
        Ok(self.session_of_token(token).await?.filter(|session| session.is_readable(now)))
    }

    async fn session_of_token(&self, token: &Secret) -> Result<Option<Session>> {
        let Some(token) = Bearer::parse(PREFIX, token.reveal()) else { return Ok(None) };
        let number = token.number();
        let found = self.store.read(move |tx| rows::find(tx, number)).await?;
        let opens = token.opens(found.as_ref().map(|session| session.digest.as_slice()));
        Ok(found.filter(|_| opens))
    }
}
