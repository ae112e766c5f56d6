//! Deleting an account: everything it allowed ends, every row about the person goes.
//!
//! What stays is the journal, which names the account by an id that leads nowhere any more, and the ended nodes of the ledger.

use super::rows;
use crate::refusal::Result;
use crate::{People, Session, acts, approval, device, identity, link, passkey, recovery, session, session_token};
use base::{AccountId, Fault, Time};
use db::Tx;
use ledger::{EndedBy, Entry, grant, journal};

/// Deletes an account inside the caller's transaction, which may have more to delete (teams, apps).
pub fn delete(tx: &mut Tx, account: &AccountId, now: Time) -> std::result::Result<(), Fault> {
    session::end_of_account(tx, account, None, EndedBy::Account, now)?;
    grant::end_all_of_account(tx, account, EndedBy::Account, now)?;
    session::delete_of_account(tx, account)?;
    session_token::delete_of_account(tx, account)?;
    device::delete_of_account(tx, account)?;
    approval::delete_of_account(tx, account)?;
    recovery::delete_of_account(tx, account)?;
    link::delete_of_account(tx, account)?;
    passkey::delete_of_account(tx, account)?;
    identity::delete_of_account(tx, account)?;
    rows::delete(tx, account)
}

impl People {
    /// Deletes the account of this session. Needs an authentication within five minutes.
    pub async fn delete_account(&self, session: &Session) -> Result<()> {
        self.delete_account_and(session, |_| Ok(())).await
    }

    /// As [`People::delete_account`], and in the same transaction before it what only the caller knows how to take along.
    pub async fn delete_account_and<F>(&self, session: &Session, first: F) -> Result<()>
    where
        F: FnOnce(&mut Tx) -> std::result::Result<(), Fault> + Send + 'static,
    {
        let now = self.seams().now();
        self.check_fresh(session, now)?;
        let entry = Entry::new(acts::ACCOUNT_DELETED, self.seams())?.account(&session.account).source(&session.source);
        let account = session.account.clone();
        self.store()
            .write(move |tx| {
                first(tx)?;
                delete(tx, &account, now)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }
}
