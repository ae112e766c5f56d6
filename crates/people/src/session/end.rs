//! Signing out: the session, its node in the ledger, and what hangs on that.

use super::{Listed, Session, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{People, acts, session_token};
use base::{AccountId, DeviceId, Fault, GrantId, Time};
use db::Tx;
use ledger::{EndedBy, Entry, grant, journal};

fn end(tx: &mut Tx, id: &GrantId, by: EndedBy, now: Time) -> std::result::Result<(), Fault> {
    grant::end(tx, id, by, now)?;
    rows::end_by_grant(tx, id, now)
}

/// Ends the sessions on one device.
pub(crate) fn end_on_device(tx: &mut Tx, device: &DeviceId, by: EndedBy, now: Time) -> std::result::Result<(), Fault> {
    for id in rows::live_grants_on_device(tx, device)? {
        end(tx, &id, by, now)?;
    }
    Ok(())
}

/// Ends the sessions of an account, but for one if it is named. Gives how many ended.
pub(crate) fn end_of_account(
    tx: &mut Tx,
    account: &AccountId,
    but: Option<&GrantId>,
    by: EndedBy,
    now: Time,
) -> std::result::Result<u32, Fault> {
    let mut count = 0;
    for id in rows::live_grants_of_account(tx, account)? {
        if but != Some(&id) {
            end(tx, &id, by, now)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Leaves a session because somebody else signs in on the same browser.
pub(crate) fn leave(tx: &mut Tx, session: &Session, now: Time) -> std::result::Result<(), Fault> {
    end(tx, &session.grant, EndedBy::SignOut, now)
}

impl People {
    /// Signs out here.
    pub async fn sign_out(&self, session: &Session) -> Result<()> {
        let entry = Entry::new(acts::SESSION_ENDED, self.seams())?.account(&session.account).grant(&session.grant);
        let (id, now) = (session.grant.clone(), self.seams().now());
        self.store()
            .write(move |tx| {
                end(tx, &id, EndedBy::SignOut, now)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Where the account is signed in, the latest first.
    pub async fn sessions(&self, account: &AccountId) -> Result<Vec<Listed>> {
        let (account, now, idle) = (account.clone(), self.seams().now(), self.settings().idle_secs);
        self.store().read(move |tx| Ok(rows::list_of_account(tx, &account, now, now.plus_secs(-idle), 200)?)).await
    }

    /// Ends one session of the same account, named by its node in the ledger.
    pub async fn end_session(&self, session: &Session, id: &str) -> Result<()> {
        let (account, id, now) = (session.account.clone(), GrantId::from_text(id), self.seams().now());
        let entry = Entry::new(acts::SESSION_ENDED, self.seams())?.account(&account).grant(&id);
        self.store()
            .write(move |tx| {
                if !rows::live_grants_of_account(tx, &account)?.contains(&id) {
                    return Err(refuse(Code::NotFound, "there is no such session"));
                }
                end(tx, &id, EndedBy::Person, now)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Signs out everywhere else; session tokens end too.
    pub async fn end_other_sessions(&self, session: &Session) -> Result<u32> {
        let entry = Entry::new(acts::SESSIONS_ENDED, self.seams())?.account(&session.account).grant(&session.grant);
        let (account, own, now) = (session.account.clone(), session.grant.clone(), self.seams().now());
        self.store()
            .write(move |tx| {
                let count = end_of_account(tx, &account, Some(&own), EndedBy::Person, now)?;
                session_token::end_of_account(tx, &account, now)?;
                journal::write(tx, &entry)?;
                Ok(count)
            })
            .await
    }
}
