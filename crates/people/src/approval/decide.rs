//! The approving person: finds the request by the code that the other browser shows, and decides.

use super::ask::{digits, grouped};
use super::{Approval, gone, rows};
use crate::recovery::too_many;
use crate::refusal::Result;
use crate::{People, Session, acts, limits};
use db::Tx;
use ledger::{Entry, journal};

impl People {
    /// Requests that name this account. Their codes are not told: the person reads them from the other screen.
    pub async fn pending_approvals(&self, session: &Session) -> Result<Vec<Approval>> {
        let (account, now) = (session.account.clone(), self.seams().now());
        let found = self.store().read(move |tx| rows::list_waiting(tx, &account, now)).await?;
        Ok(found.into_iter().map(|approval| Approval { code: String::new(), ..approval }).collect())
    }

    /// The request that shows this code. Guesses are counted.
    pub async fn find_approval(&self, session: &Session, typed: &str) -> Result<Approval> {
        let (people, account, code, now) = (self.clone(), session.account.clone(), digits(typed), self.seams().now());
        let found = self
            .store()
            .write(move |tx| {
                if !limits::pass(tx, &people, limits::APPROVAL_CODE, account.as_str(), now)? {
                    return Err(too_many());
                }
                let found = rows::find_waiting(tx, &code, &account, now)?;
                if found.is_some() {
                    limits::forgive(tx, limits::APPROVAL_CODE, account.as_str())?;
                }
                Ok(found)
            })
            .await?;
        let found = found.ok_or_else(gone)?;
        Ok(Approval { code: grouped(&found.code), ..found })
    }

    /// Lets the other browser in as this session's person. Needs the code it shows, and an authentication within five minutes.
    pub async fn approve(&self, session: &Session, id: &str, typed: &str) -> Result<()> {
        let now = self.seams().now();
        self.check_fresh(session, now)?;
        let entry = Entry::new(acts::APPROVAL_GIVEN, self.seams())?.account(&session.account).source(&session.source);
        let (session, id) = (session.clone(), id.to_owned());
        self.decide(typed, session.clone(), entry, move |tx, code| {
            rows::approve(tx, &id, code, &session.account, &session.acr, now)
        })
        .await
    }

    /// Turns the other browser away.
    pub async fn deny(&self, session: &Session, id: &str, typed: &str) -> Result<()> {
        let now = self.seams().now();
        let entry = Entry::new(acts::APPROVAL_DENIED, self.seams())?.account(&session.account).source(&session.source);
        let (session, id) = (session.clone(), id.to_owned());
        self.decide(typed, session.clone(), entry, move |tx, code| rows::deny(tx, &id, code, &session.account, now))
            .await
    }

    async fn decide<F>(&self, typed: &str, session: Session, entry: Entry, deed: F) -> Result<()>
    where
        F: FnOnce(&mut Tx, &str) -> std::result::Result<Option<String>, base::Fault> + Send + 'static,
    {
        let (people, code, now) = (self.clone(), digits(typed), self.seams().now());
        let done = self
            .store()
            .write(move |tx| {
                if !limits::pass(tx, &people, limits::APPROVAL_CODE, session.account.as_str(), now)? {
                    return Err(too_many());
                }
                let Some(device) = deed(tx, &code)? else { return Ok(false) };
                limits::forgive(tx, limits::APPROVAL_CODE, session.account.as_str())?;
                journal::write(tx, &entry.detail(serde_json::json!({ "device": device })))?;
                Ok(true)
            })
            .await?;
        if done { Ok(()) } else { Err(gone()) }
    }
}
