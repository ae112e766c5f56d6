//! Proving a passkey: signing in with it, and proving again who one is.

use super::ceremony::{Judged, not_proven};
use super::{Kind, Started, expired, keep, rows, take};
use crate::device::Described;
use crate::refusal::{Code, Error, Result, refuse};
use crate::session::{self, Opened, Proof, Session};
use crate::{Flow, People, Visit, acts};
use base::{AccountId, Fault, Time};
use db::Tx;
use ledger::{Entry, journal};
use serde_json::Value;

/// Somebody has proven a passkey; its counter is not moved yet.
#[derive(Debug)]
struct Proven {
    account: AccountId,
    passkey: rows::Found,
    now_is: super::ceremony::Made,
}

/// Judges an assertion. The ceremony is spent whatever comes of it: a challenge is answered once.
async fn prove(people: &People, flow: &Flow, id: &str, answer: &Value) -> Result<Proven> {
    let (now, ceremony, flow) = (people.seams().now(), id.to_owned(), flow.clone());
    let claim = people.0.ceremonies.read_claim(answer);
    let named = claim.as_ref().ok().map(|claim| (claim.credential_id.clone(), claim.user_handle.clone()));
    let (taken, found) = people
        .store()
        .write(move |tx| {
            let taken = take(tx, &ceremony, Kind::Prove, &flow, now)?;
            let found = named.map(|(id, user)| rows::find(tx, &id, &user)).transpose()?.flatten();
            Ok::<_, Fault>((taken, found))
        })
        .await?;
    let state = taken.ok_or_else(expired)?.state;
    let (claim, passkey) = (claim?, found.ok_or_else(not_proven)?);
    match people.0.ceremonies.judge(&state, &claim, &passkey.credential)? {
        Judged::Proven(now_is) => Ok(Proven { account: passkey.account.clone(), passkey, now_is }),
        Judged::Copied => {
            tell_of_copy(people, &passkey).await?;
            Err(copied())
        }
        Judged::Refused => Err(not_proven()),
    }
}

impl Proven {
    /// Moves the counter. False when another proof of the same passkey was faster.
    fn settle(&self, tx: &mut Tx, now: Time) -> std::result::Result<bool, Fault> {
        rows::use_once(tx, &self.passkey, &self.now_is, now)
    }
}

async fn tell_of_copy(people: &People, passkey: &rows::Found) -> Result<()> {
    let told = serde_json::json!({ "passkey": passkey.id.as_str(), "name": passkey.name });
    let entry = Entry::new(acts::PASSKEY_COPIED, people.seams())?.account(&passkey.account).detail(told);
    people.store().write(move |tx| Ok(journal::write(tx, &entry)?)).await
}

fn copied() -> Error {
    refuse(
        Code::PasskeyCopied,
        "this passkey may have been copied, so it was refused; sign in another way and remove it",
    )
}

impl People {
    /// Begins a sign-in. The same answer for everybody, whatever handle was typed (threat 104).
    pub async fn begin_login(&self, flow: &Flow) -> Result<Started> {
        let begun = self.0.ceremonies.begin_proving()?;
        let (seams, flow, now) = (self.seams().clone(), flow.clone(), self.seams().now());
        let options = begun.options.clone();
        let id = self.store().write_again(move |tx| keep(tx, &seams, Kind::Prove, &flow, None, &begun, now)).await?;
        Ok(Started { id, options })
    }

    /// Signs in with a passkey. A session that this browser had before is renewed, or ended if it was somebody else's (threat 97).
    pub async fn login(
        &self,
        flow: &Flow,
        id: &str,
        answer: &Value,
        device: Described,
        visit: Visit,
        before: Option<Session>,
    ) -> Result<Opened> {
        let proven = prove(self, flow, id, answer).await?;
        let (people, now) = (self.clone(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                if !proven.settle(tx, now)? {
                    return Err(not_proven());
                }
                session::enter(tx, &people, &proven.account, Proof::Passkey, &device, &visit, before.as_ref(), now)?
                    .ok_or_else(not_proven)
            })
            .await
    }

    /// Proves again who one is. Another person's passkey is refused.
    pub async fn step_up(
        &self,
        session: &Session,
        flow: &Flow,
        id: &str,
        answer: &Value,
        visit: Visit,
    ) -> Result<Opened> {
        let proven = prove(self, flow, id, answer).await?;
        if proven.account != session.account {
            return Err(refuse(Code::PasskeyRefused, "this passkey is somebody else's; use one of yours"));
        }
        let (people, session, now) = (self.clone(), session.clone(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                if !proven.settle(tx, now)? {
                    return Err(not_proven());
                }
                let device = Described::of_agent(&visit.user_agent);
                session::enter(tx, &people, &session.account, Proof::Passkey, &device, &visit, Some(&session), now)?
                    .ok_or_else(not_proven)
            })
            .await
    }
}
