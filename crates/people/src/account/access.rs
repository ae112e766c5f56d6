//! What the person has allowed, and taking it back.

use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, acts};
use base::{AccountId, Fault, GrantId};
use db::Tx;
use ledger::{EndedBy, Entry, Grant, Kind, grant, journal};

const KINDS: [Kind; 4] = [Kind::SignIn, Kind::Connector, Kind::Connection, Kind::Agent];
const MOST: u32 = 1000;

impl People {
    /// What an account has allowed and not taken back, newest first: sign-ins, and what hangs on them.
    pub async fn access(&self, account: &AccountId) -> Result<Vec<Grant>> {
        let (account, now) = (account.clone(), self.seams().now());
        self.store()
            .read(move |tx| {
                let mut all = Vec::new();
                for kind in KINDS {
                    all.extend(grant::list_of_account(tx, &account, kind, MOST)?);
                }
                all.retain(|grant| grant.is_live(now));
                Ok(all)
            })
            .await
    }

    /// One thing that this session's person has allowed.
    pub async fn one_access(&self, session: &Session, id: &str) -> Result<Grant> {
        let (account, id) = (session.account.clone(), GrantId::from_text(id));
        let found = self.store().read(move |tx| grant::find(tx, &id)).await?;
        let own = found.filter(|grant| grant.account.as_ref() == Some(&account) && grant.kind != Kind::Session);
        own.filter(|grant| grant.ended_at.is_none()).ok_or_else(not_found)
    }

    /// Takes it back, with everything that hangs on it. Gives how much ended.
    pub async fn end_access(&self, session: &Session, id: &str) -> Result<usize> {
        self.end_access_and(session, id, |_, _| Ok(())).await
    }

    /// As [`People::end_access`], and in the same transaction what only the caller knows to say of what ended.
    pub async fn end_access_and<F>(&self, session: &Session, id: &str, also: F) -> Result<usize>
    where
        F: FnOnce(&mut Tx, &[Grant]) -> std::result::Result<(), Fault> + Send + 'static,
    {
        let grant = self.one_access(session, id).await?;
        let mut entry = Entry::new(acts::ACCESS_ENDED, self.seams())?
            .account(&session.account)
            .grant(&grant.id)
            .source(&session.source);
        if let Some(app) = &grant.app {
            entry = entry.app(app);
        }
        if let Some(identity) = &grant.identity {
            entry = entry.identity(identity);
        }
        let now = self.seams().now();
        self.store()
            .write(move |tx| {
                let ending = grant::end(tx, &grant.id, EndedBy::Person, now)?;
                if ending.ended.is_empty() {
                    return Err(not_found());
                }
                journal::write(tx, &entry)?;
                also(tx, &ending.ended)?;
                Ok(ending.ended.len())
            })
            .await
    }
}

fn not_found() -> crate::Error {
    refuse(Code::NotFound, "this has ended already")
}
