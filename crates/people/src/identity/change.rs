//! Changing, choosing and deleting an identity.

use super::create::clash_is_taken;
use super::handle::taken;
use super::{Handle, Identity, display_name, not_found, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, acts};
use base::{AccountId, Fault, IdentityId, Time};
use db::Tx;
use ledger::{EndedBy, Entry, Kind, grant, journal};

/// The identity, if it is this account's.
fn own(tx: &mut Tx, account: &AccountId, id: &IdentityId) -> Result<Identity> {
    rows::find(tx, id)?.filter(|identity| identity.account == *account).ok_or_else(not_found)
}

impl People {
    /// Sets name and handle. What is absent stays.
    pub async fn change_identity(
        &self,
        session: &Session,
        id: &str,
        name: Option<&str>,
        handle: Option<&str>,
    ) -> Result<Identity> {
        let handle = handle.map(Handle::parse).transpose()?;
        let name = name.map(display_name).transpose()?;
        let id = IdentityId::from_text(id);
        let entry = Entry::new(acts::IDENTITY_CHANGED, self.seams())?.account(&session.account).identity(&id);
        let (account, now) = (session.account.clone(), self.seams().now());
        let changed = self
            .store()
            .write(move |tx| {
                let mut identity = own(tx, &account, &id)?;
                if let Some(handle) = &handle {
                    if rows::is_taken(tx, handle, Some(&id))? {
                        return Err(taken());
                    }
                    handle.as_str().clone_into(&mut identity.handle);
                    rows::set_handle(tx, &id, handle, now)?;
                }
                if let Some(name) = &name {
                    identity.display_name.clone_from(name);
                    rows::set_name(tx, &id, name, now)?;
                }
                journal::write(tx, &entry)?;
                Ok(identity)
            })
            .await;
        changed.map_err(clash_is_taken)
    }

    /// Makes it the one that is chosen beforehand.
    pub async fn make_primary(&self, session: &Session, id: &str) -> Result<()> {
        let id = IdentityId::from_text(id);
        let entry = Entry::new(acts::IDENTITY_CHANGED, self.seams())?.account(&session.account).identity(&id);
        let (account, now) = (session.account.clone(), self.seams().now());
        self.store()
            .write(move |tx| {
                own(tx, &account, &id)?;
                rows::set_primary(tx, &account, &id, now)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Deletes an identity and ends all it allowed. The main one stays: choose another first.
    pub async fn delete_identity(&self, session: &Session, id: &str) -> Result<()> {
        let id = IdentityId::from_text(id);
        let entry = Entry::new(acts::IDENTITY_DELETED, self.seams())?.account(&session.account).identity(&id);
        let (account, now) = (session.account.clone(), self.seams().now());
        self.store()
            .write(move |tx| {
                if own(tx, &account, &id)?.is_primary {
                    return Err(refuse(
                        Code::MainIdentity,
                        "this is the main identity; make another the main one first",
                    ));
                }
                end_grants(tx, &account, &id, now)?;
                rows::delete(tx, &id)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }
}

/// Ends what an identity allowed. Its sign-ins carry the rest below them.
fn end_grants(tx: &mut Tx, account: &AccountId, id: &IdentityId, now: Time) -> std::result::Result<(), Fault> {
    for kind in [Kind::SignIn, Kind::Connector, Kind::Connection, Kind::Agent] {
        for node in grant::list_of_account(tx, account, kind, u32::MAX)? {
            if node.identity.as_ref() == Some(id) {
                grant::end(tx, &node.id, EndedBy::Person, now)?;
            }
        }
    }
    Ok(())
}
