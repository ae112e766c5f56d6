//! An account without a passkey: the demo's Ada, who signs in by a link or with a code.

use super::rows;
use crate::identity::{self, Handle, Identity};
use crate::refusal::Result;
use crate::{People, acts, recovery};
use base::{AccountId, Secret, Uuid};
use ledger::{Entry, journal};

impl People {
    /// Makes the account with its recovery codes, or finds the identity that has the handle already (then without codes).
    pub async fn introduce(&self, handle: &str, name: &str) -> Result<(Identity, Vec<Secret>)> {
        let (handle, name) = (Handle::parse(handle)?, identity::display_name(name)?);
        let (people, now) = (self.clone(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                if let Some(known) = identity::find_by_handle(tx, &handle)? {
                    return Ok((known, Vec::new()));
                }
                let seams = people.seams();
                let account = AccountId::new(now, seams.entropy())?;
                rows::insert(tx, &account, Uuid::random(seams.entropy())?.as_str(), false, now)?;
                let identity = identity::insert_first(tx, &people, &account, &handle, &name, now)?;
                let codes = recovery::replace(tx, &people, &account, now)?;
                journal::write(
                    tx,
                    &Entry::new(acts::ACCOUNT_CREATED, seams)?.account(&account).identity(&identity.id),
                )?;
                Ok((identity, codes))
            })
            .await
    }
}
