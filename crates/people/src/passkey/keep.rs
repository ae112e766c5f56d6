//! Looking after the passkeys one has: their names, and taking one away.

use super::{LONGEST_NAME, Passkey, rows};
use crate::refusal::{Code, Error, Result, refuse};
use crate::{People, Session, account, acts, text};
use base::{AccountId, PasskeyId};
use ledger::{Entry, journal};

impl People {
    /// The passkeys of an account, the oldest first.
    pub async fn passkeys(&self, account: &AccountId) -> Result<Vec<Passkey>> {
        let account = account.clone();
        self.store().read(move |tx| Ok(rows::list_of_account(tx, &account)?)).await
    }

    /// Gives a passkey another name.
    pub async fn rename_passkey(&self, session: &Session, id: &str, name: &str) -> Result<()> {
        let name = text::line(name, LONGEST_NAME)
            .ok_or_else(|| refuse(Code::NameInvalid, "a name has 1 to 64 characters; choose another"))?;
        let (account, id) = (session.account.clone(), PasskeyId::from_text(id));
        let entry = Entry::new(acts::PASSKEY_RENAMED, self.seams())?.account(&account);
        self.store()
            .write(move |tx| {
                if !rows::rename(tx, &account, &id, &name)? {
                    return Err(not_found());
                }
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Takes a passkey away, but never the last. Needs an authentication within five minutes (threat 108).
    pub async fn remove_passkey(&self, session: &Session, id: &str) -> Result<()> {
        self.check_fresh(session, self.seams().now())?;
        let (owner, id) = (session.account.clone(), PasskeyId::from_text(id));
        let told = serde_json::json!({ "passkey": id.as_str() });
        let entry =
            Entry::new(acts::PASSKEY_REMOVED, self.seams())?.account(&owner).source(&session.source).detail(told);
        self.store()
            .write(move |tx| {
                // The account's passkeys are held, so that two removals at once cannot take the last two.
                account::hold(tx, &owner)?;
                let known = rows::list_of_account(tx, &owner)?;
                if !known.iter().any(|passkey| passkey.id == id) {
                    return Err(not_found());
                }
                if known.len() == 1 {
                    return Err(refuse(Code::LastPasskey, "this is the only passkey; add another one first"));
                }
                rows::delete(tx, &owner, &id)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }
}

fn not_found() -> Error {
    refuse(Code::NotFound, "there is no such passkey")
}
