//! Another persona for an account.

use super::handle::taken;
use super::{Handle, Identity, MOST, display_name, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, account, acts};
use base::{AccountId, IdentityId, Time};
use db::Tx;
use ledger::{Entry, journal};

/// The identity that an account is born with.
pub(crate) fn insert_first(
    tx: &mut Tx,
    people: &People,
    account: &AccountId,
    handle: &Handle,
    name: &str,
    now: Time,
) -> Result<Identity> {
    insert(tx, people, account, handle, name, true, now)
}

fn insert(
    tx: &mut Tx,
    people: &People,
    account: &AccountId,
    handle: &Handle,
    name: &str,
    is_primary: bool,
    now: Time,
) -> Result<Identity> {
    if rows::is_taken(tx, handle, None)? {
        return Err(taken());
    }
    let identity = Identity {
        id: IdentityId::new(people.seams().entropy())?,
        account: account.clone(),
        handle: handle.as_str().to_owned(),
        display_name: name.to_owned(),
        is_primary,
        picture: None,
        email: None,
        email_verified_at: None,
        created_at: now,
        is_disabled: false,
    };
    rows::insert(tx, &identity, &handle.likeness())?;
    Ok(identity)
}

impl People {
    /// Makes another identity. An account has at most five.
    pub async fn create_identity(&self, session: &Session, name: &str, handle: &str) -> Result<Identity> {
        let (handle, name) = (Handle::parse(handle)?, display_name(name)?);
        let (people, owner, now) = (self.clone(), session.account.clone(), self.seams().now());
        let made = self
            .store()
            .write_again(move |tx| {
                // The account's row is held, so that two requests at once cannot make a sixth.
                account::hold(tx, &owner)?;
                if rows::count_of_account(tx, &owner)? >= MOST {
                    return Err(refuse(
                        Code::TooManyIdentities,
                        "an account has at most five identities; delete one first",
                    ));
                }
                let identity = insert(tx, &people, &owner, &handle, &name, false, now)?;
                let entry = Entry::new(acts::IDENTITY_CREATED, people.seams())?.account(&owner).identity(&identity.id);
                journal::write(tx, &entry)?;
                Ok(identity)
            })
            .await;
        made.map_err(clash_is_taken)
    }
}

/// A handle that somebody else took in the same moment.
pub(crate) fn clash_is_taken(error: crate::Error) -> crate::Error {
    match error {
        crate::Error::Fault(fault) if fault.is_clash() => taken(),
        other => other,
    }
}
