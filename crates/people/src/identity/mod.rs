//! The personas of an account: one to five, each with a public handle; apps see nothing else of a person.

mod change;
mod create;
pub mod handle;
pub mod picture;
mod rows;

pub use handle::Handle;
pub use rows::{find, find_by_handle, list_of_account};

pub(crate) use create::insert_first;
pub(crate) use rows::{clear_email, set_email};
pub(crate) use rows::{delete_of_account, is_taken};

use crate::refusal::{Code, Result, refuse};
use crate::{People, text};
use base::{AccountId, IdentityId, Time};

const LONGEST_NAME: usize = 64;
const MOST: usize = 5;

/// An identity as kept.
#[derive(Debug, Clone)]
pub struct Identity {
    pub id: IdentityId,
    pub account: AccountId,
    pub handle: String,
    pub display_name: String,
    /// The one that is chosen beforehand.
    pub is_primary: bool,
    /// A path of ours.
    pub picture: Option<String>,
    /// Only an address that was proven by code.
    pub email: Option<String>,
    pub email_verified_at: Option<Time>,
    pub created_at: Time,
    pub is_disabled: bool,
}

/// A display name that may be kept: one line of 1 to 64 visible characters.
pub(crate) fn display_name(typed: &str) -> Result<String> {
    text::line(typed, LONGEST_NAME)
        .ok_or_else(|| refuse(Code::NameInvalid, "a name has 1 to 64 characters; choose another"))
}

pub(crate) fn not_found() -> crate::Error {
    refuse(Code::NotFound, "there is no such identity")
}

impl People {
    /// The identities of an account, the main one first.
    pub async fn identities(&self, account: &AccountId) -> Result<Vec<Identity>> {
        let account = account.clone();
        self.store().read(move |tx| Ok(list_of_account(tx, &account)?)).await
    }

    /// One identity of an account.
    pub async fn identity(&self, account: &AccountId, id: &str) -> Result<Identity> {
        let (account, id) = (account.clone(), IdentityId::from_text(id));
        let found = self.store().read(move |tx| find(tx, &id)).await?;
        found.filter(|identity| identity.account == account).ok_or_else(not_found)
    }

    /// Whether a handle may be had. Handles are public, so this may be told.
    pub async fn check_handle(&self, typed: &str) -> Result<()> {
        let handle = Handle::parse(typed)?;
        let is_taken = self.store().read(move |tx| is_taken(tx, &handle, None)).await?;
        if is_taken { Err(handle::taken()) } else { Ok(()) }
    }
}
