//! Accounts: the persons behind the identities. No app ever sees one.

mod access;
mod delete;
mod export;
mod introduce;
mod register;
mod rows;

pub use delete::delete;
pub use register::{NewPerson, Registered};
pub use rows::{find, has_operator, list};

pub(crate) use rows::{find_live, hold, user_handle};

use crate::refusal::Result;
use crate::{People, acts, session};
use base::{AccountId, Time};
use ledger::journal::{self, Told};
use ledger::{EndedBy, Entry, grant};

/// An account as kept.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: AccountId,
    pub is_operator: bool,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
}

impl People {
    /// What happened in this account before a row number (`i64::MAX` for the newest), newest first.
    pub async fn activity(&self, account: &AccountId, before: i64, limit: u32) -> Result<Vec<Told>> {
        let account = account.clone();
        self.store().read(move |tx| Ok(journal::list_of_account(tx, &account, before, limit)?)).await
    }

    /// Disables an account: nobody signs in with it, and everything it allowed ends. False when it was disabled before.
    pub async fn disable_account(&self, account: &AccountId) -> Result<bool> {
        let entry = Entry::new(acts::ACCOUNT_DISABLED, self.seams())?.account(account);
        let (account, now) = (account.clone(), self.seams().now());
        self.store()
            .write(move |tx| {
                if !rows::disable(tx, &account, now)? {
                    return Ok(false);
                }
                session::end_of_account(tx, &account, None, EndedBy::Operator, now)?;
                grant::end_all_of_account(tx, &account, EndedBy::Operator, now)?;
                journal::write(tx, &entry)?;
                Ok(true)
            })
            .await
    }

    /// Lets a disabled account sign in again. What had ended stays ended. False when it was not disabled.
    pub async fn enable_account(&self, account: &AccountId) -> Result<bool> {
        let entry = Entry::new(acts::ACCOUNT_ENABLED, self.seams())?.account(account);
        let account = account.clone();
        self.store()
            .write(move |tx| {
                let is_done = rows::enable(tx, &account)?;
                if is_done {
                    journal::write(tx, &entry)?;
                }
                Ok(is_done)
            })
            .await
    }
}
