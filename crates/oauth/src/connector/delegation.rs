//! What a person has allowed one app at another, as they see it and end it (seed 000, `product.md` 3.7).

use super::rows;
use crate::OAuth;
use crate::acts;
use base::{AccountId, AppId, Fault, GrantId, IdentityId, Scope, Time};
use ledger::{EndedBy, Entry, Kind, Presence, grant, journal};

const MOST: u32 = 1000;

/// A connector grant with the names of all that it is about. What has been removed since has no name any more.
#[derive(Debug, Clone)]
pub struct Delegation {
    pub id: GrantId,
    /// The sign-in that it hangs on.
    pub parent: Option<GrantId>,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    /// The app that may act.
    pub source: AppId,
    /// The app at which it may.
    pub target: Option<AppId>,
    /// The resource's key.
    pub key: String,
    pub resource_name: Option<String>,
    pub audience: Option<String>,
    pub scope: Scope,
    /// The words of each scope that the resource still has.
    pub words: Vec<String>,
    pub presence: Presence,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_used_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// The resource says something else than it did: nothing can be done until the person is asked again.
    pub is_suspended: bool,
}

impl OAuth {
    /// What an account's identities have allowed one app at another, newest first; with `ended`, also what is over.
    pub async fn delegations(&self, account: &AccountId, ended: bool) -> Result<Vec<Delegation>, Fault> {
        let account = account.clone();
        let mut found = self.store.read(move |tx| rows::list_of_account(tx, &account, MOST)).await?;
        found.retain(|delegation| ended || delegation.ended_at.is_none());
        Ok(found)
    }

    /// Who holds grants on a resource, below an id (empty for the newest), newest first.
    pub async fn holders(&self, key: &str, before: &str, limit: u32) -> Result<Vec<Delegation>, Fault> {
        let (key, before) = (key.to_owned(), before.to_owned());
        self.store.read(move |tx| rows::page_of_target(tx, &key, &before, limit)).await
    }

    /// Ends what this account allowed. False when there is no such thing of theirs; one that has ended already is fine.
    pub async fn end_delegation(&self, account: &AccountId, id: &str, source: &str) -> Result<bool, Fault> {
        let (account, id) = (account.clone(), GrantId::from_text(id));
        let entry = Entry::new(acts::CONNECTOR_ENDED, &self.seams)?.account(&account).grant(&id).source(source);
        let now = self.seams.now();
        self.store
            .write(move |tx| {
                let Some(found) = rows::find(tx, &id)?.filter(|found| found.account.as_ref() == Some(&account)) else {
                    return Ok(false);
                };
                if grant::end(tx, &id, EndedBy::Person, now)?.ended.is_empty() {
                    return Ok(true);
                }
                journal::write(tx, &told(entry, &found))?;
                Ok(true)
            })
            .await
    }

    /// Journals, for the developers of each target, that what hangs on a sign-in has ended with it.
    pub fn tell_ended(&self, tx: &mut db::Tx, ended: &[ledger::Grant]) -> Result<(), Fault> {
        for grant in ended.iter().filter(|grant| grant.kind == Kind::Connector) {
            let Some(found) = rows::find(tx, &grant.id)? else { continue };
            let mut entry = Entry::new(acts::CONNECTOR_ENDED, &self.seams)?.grant(&grant.id);
            if let Some(account) = &grant.account {
                entry = entry.account(account);
            }
            journal::write(tx, &told(entry, &found))?;
        }
        Ok(())
    }
}

fn told(entry: Entry, of: &Delegation) -> Entry {
    let mut entry = entry.app(&of.source).detail(serde_json::json!({ "resource": of.key }));
    if let Some(identity) = &of.identity {
        entry = entry.identity(identity);
    }
    match &of.target {
        Some(target) => entry.target(target),
        None => entry,
    }
}
