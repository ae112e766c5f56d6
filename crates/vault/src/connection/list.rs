//! Who has linked what, for the pages of people and developers.

use super::{Connection, rows};
use crate::{Subject, Vault};
use base::{AccountId, AppId, ConnectionId, Fault};
use ledger::grant::{self, Grant, Kind};
use std::collections::BTreeSet;

/// A linked account with what may be done with it.
#[derive(Debug, Clone)]
pub struct Linked {
    pub connection: Connection,
    pub grants: Vec<Grant>,
}

impl Vault {
    /// What a person has linked, below an id (empty for the newest), newest first.
    pub async fn linked_by(&self, account: &AccountId, before: &str, limit: u32) -> Result<Vec<Linked>, Fault> {
        let (account, before) = (account.clone(), before.to_owned());
        self.store
            .read(move |tx| {
                let mut all = Vec::new();
                for connection in rows::list_of_account(tx, &account, &before, limit)? {
                    let grants = grant::list_of_connection(tx, &connection.id, 1000)?;
                    all.push(Linked { connection, grants });
                }
                Ok(all)
            })
            .await
    }

    /// What a person has linked, and the secrets of companies that may be used in their name, with what is theirs of the permissions.
    pub async fn used_by(&self, account: &AccountId, limit: u32) -> Result<Vec<Linked>, Fault> {
        let mut all = self.linked_by(account, "", limit).await?;
        let account = account.clone();
        let of_companies = self.store.read(move |tx| {
            let mut grants = grant::list_of_account(tx, &account, Kind::Connection, limit)?;
            grants.extend(grant::list_of_account(tx, &account, Kind::Agent, limit)?);
            let ids: BTreeSet<ConnectionId> = grants.iter().filter_map(|own| own.connection.clone()).collect();
            let mut found = Vec::new();
            for id in ids {
                let connection = rows::find(tx, &id)?.filter(|own| own.ended_at.is_none());
                let is_companys = |own: &Connection| own.managed_secret.is_some() && own.subject() == Subject::App;
                if let Some(connection) = connection.filter(is_companys) {
                    let theirs = grants.iter().filter(|own| own.connection.as_ref() == Some(&id)).cloned();
                    found.push(Linked { connection, grants: theirs.collect() });
                }
            }
            Ok::<_, Fault>(found)
        });
        all.extend(of_companies.await?);
        Ok(all)
    }

    /// One account that a person has linked.
    pub async fn linked_one(&self, account: &AccountId, id: &ConnectionId) -> Result<Option<Linked>, Fault> {
        let (account, id) = (account.clone(), id.clone());
        self.store
            .read(move |tx| {
                let found = rows::find(tx, &id)?;
                let own = found.filter(|own| own.account.as_ref() == Some(&account) && own.ended_at.is_none());
                let Some(connection) = own else { return Ok(None) };
                let grants = grant::list_of_connection(tx, &id, 1000)?;
                Ok(Some(Linked { connection, grants }))
            })
            .await
    }

    /// What somebody has linked to an app at one provider, newest first. A secret of the same name is no account there.
    pub async fn accounts_of(&self, app: &AppId, subject: &Subject, provider: &str) -> Result<Vec<Connection>, Fault> {
        let (app, owner, provider) = (app.clone(), subject.owner(), provider.to_owned());
        let found = self.store.read(move |tx| rows::find_live_of(tx, &app, &owner, &provider)).await?;
        Ok(found.into_iter().filter(|own| own.managed_secret.is_none()).collect())
    }

    /// What has been linked to an app, below an id (empty for the newest), newest first.
    pub async fn linked_to(&self, app: &AppId, before: &str, limit: u32) -> Result<Vec<Connection>, Fault> {
        let (app, before) = (app.clone(), before.to_owned());
        self.store.read(move |tx| rows::list_of_app(tx, &app, &before, limit)).await
    }
}
