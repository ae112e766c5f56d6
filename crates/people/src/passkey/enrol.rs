//! Making passkeys: the first with the account, more by a person who has just proven who they are.

use super::ceremony::Made;
use super::{Kind, LONGEST_NAME, Started, expired, keep, rows, take};
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Flow, People, Session, acts, identity, text};
use base::{AccountId, Fault, PasskeyId, Time};
use db::Tx;
use ledger::{Entry, journal};
use serde_json::Value;

/// A passkey that was verified and can be kept.
pub(crate) struct Enrolled {
    pub made: Made,
    /// The user handle that the passkey keeps.
    pub user_handle: String,
}

/// Spends a ceremony of registration. The state carries the user handle it was begun for.
pub(crate) fn take_making(
    tx: &mut Tx,
    id: &str,
    flow: &Flow,
    now: Time,
) -> std::result::Result<Option<rows::Taken>, Fault> {
    take(tx, id, Kind::Register, flow, now)
}

/// Keeps the first passkey of an account.
pub(crate) fn insert_first(
    tx: &mut Tx,
    people: &People,
    account: &AccountId,
    made: &Made,
    name: &str,
    now: Time,
) -> Result<PasskeyId> {
    insert(tx, people, account, made, name, now)
}

fn insert(tx: &mut Tx, people: &People, account: &AccountId, made: &Made, name: &str, now: Time) -> Result<PasskeyId> {
    if rows::is_known(tx, &made.credential_id)? {
        return Err(exists());
    }
    let id = PasskeyId::new(now, people.seams().entropy())?;
    rows::insert(tx, &id, account, made, name, now)?;
    Ok(id)
}

pub(crate) fn exists() -> Error {
    refuse(Code::PasskeyExists, "this passkey is in use already; make a new one")
}

impl People {
    /// Begins the first passkey of an account that does not exist yet.
    pub(crate) async fn begin_first(
        &self,
        flow: &Flow,
        user_handle: &str,
        handle: &str,
        name: &str,
    ) -> Result<Started> {
        let begun = self.0.ceremonies.begin_making(user_handle, handle, name, Vec::new())?;
        let (seams, flow, now) = (self.seams().clone(), flow.clone(), self.seams().now());
        // The user handle must come back unchanged: it goes with the state, not with the form.
        let state =
            serde_json::json!({ "user_handle": user_handle, "handle": handle, "state": begun.state }).to_string();
        let begun = super::Begun { options: begun.options, state };
        let options = begun.options.clone();
        let id = self.store().write_again(move |tx| keep(tx, &seams, Kind::Register, &flow, None, &begun, now)).await?;
        Ok(Started { id, options })
    }

    /// Begins another passkey. Needs an authentication within five minutes (threat 108).
    pub async fn begin_adding(&self, session: &Session, flow: &Flow) -> Result<Started> {
        let now = self.seams().now();
        self.check_fresh(session, now)?;
        let account = session.account.clone();
        let (user_handle, known, person) = self
            .store()
            .read(move |tx| {
                let user_handle = crate::account::user_handle(tx, &account)?;
                let person = identity::list_of_account(tx, &account)?.into_iter().next();
                Ok::<_, Fault>((user_handle, rows::credential_ids(tx, &account)?, person))
            })
            .await?;
        let person = person.ok_or_else(|| Fault::new("passkey begin: an account without identity"))?;
        let begun = self.0.ceremonies.begin_making(&user_handle, &person.handle, &person.display_name, known)?;
        let (seams, flow, account) = (self.seams().clone(), flow.clone(), session.account.clone());
        let options = begun.options.clone();
        let id =
            self.store().write_again(move |tx| keep(tx, &seams, Kind::Add, &flow, Some(&account), &begun, now)).await?;
        Ok(Started { id, options })
    }

    /// Keeps the passkey that was made in the latest ceremony of this session's person in this browser.
    pub async fn finish_adding(&self, session: &Session, flow: &Flow, answer: &Value, name: &str) -> Result<PasskeyId> {
        let now = self.seams().now();
        self.check_fresh(session, now)?;
        let (account, flow) = (session.account.clone(), flow.clone());
        let taken = self.store().write(move |tx| rows::take_latest(tx, Kind::Add, &flow, &account, now)).await?;
        let made = self.0.ceremonies.finish_making(&taken.ok_or_else(expired)?.state, answer)?;
        let name = text::cut(name, LONGEST_NAME).unwrap_or_else(|| "Passkey".to_owned());
        let (people, account, source) = (self.clone(), session.account.clone(), session.source.clone());
        let kept = self
            .store()
            .write_again(move |tx| {
                let id = insert(tx, &people, &account, &made, &name, now)?;
                let told = serde_json::json!({ "passkey": id.as_str(), "name": name });
                let entry =
                    Entry::new(acts::PASSKEY_ADDED, people.seams())?.account(&account).source(&source).detail(told);
                journal::write(tx, &entry)?;
                Ok(id)
            })
            .await;
        kept.map_err(clash_is_known)
    }

    /// Refuses unless the person proved within five minutes who they are.
    pub fn check_fresh(&self, session: &Session, now: Time) -> Result<()> {
        if session.is_fresh(now) {
            return Ok(());
        }
        Err(refuse(Code::StepUpRequired, "confirm with your passkey first"))
    }
}

fn clash_is_known(error: Error) -> Error {
    match error {
        Error::Fault(fault) if fault.is_clash() => exists(),
        other => other,
    }
}
