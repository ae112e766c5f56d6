//! Signing in with a recovery code.

use super::code::RecoveryCode;
use super::{rows, too_many};
use crate::device::Described;
use crate::identity::{self, Handle};
use crate::mail::{self, Mail, Notice};
use crate::refusal::{Code, Error, Result, refuse};
use crate::session::{self, Opened, Proof, Session};
use crate::{People, Visit, acts, limits};
use base::{AccountId, Time};
use db::Tx;
use ledger::{Entry, journal};

/// Signed in with a code.
#[derive(Debug)]
pub struct Recovered {
    pub opened: Opened,
    /// How many codes are left.
    pub left: u32,
    /// To the person's proven addresses, to be sent.
    pub mails: Vec<Mail>,
}

enum Outcome {
    In(Box<Recovered>),
    Wrong,
    TooMany,
}

impl People {
    /// Signs in with a handle and one of its codes. The try is counted first and remembered whatever comes of it.
    pub async fn recover(
        &self,
        handle: &str,
        typed: &str,
        device: Described,
        visit: Visit,
        before: Option<Session>,
    ) -> Result<Recovered> {
        let (people, now) = (self.clone(), self.seams().now());
        let (handle, code) = (Handle::read(handle), RecoveryCode::read(typed));
        let outcome = self
            .store()
            .write_again(move |tx| {
                attempt(tx, &people, handle.as_ref(), code.as_ref(), &device, &visit, before.as_ref(), now)
            })
            .await?;
        match outcome {
            Outcome::In(recovered) => Ok(*recovered),
            Outcome::Wrong => Err(wrong()),
            Outcome::TooMany => Err(too_many()),
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn attempt(
    tx: &mut Tx,
    people: &People,
    handle: Option<&Handle>,
    code: Option<&RecoveryCode>,
    device: &Described,
    visit: &Visit,
    before: Option<&Session>,
    now: Time,
) -> Result<Outcome> {
    let typed = handle.map_or("", Handle::as_str);
    let is_source_fine = limits::pass(tx, people, limits::RECOVERY_SOURCE, &visit.neighbourhood(), now)?;
    let is_handle_fine = limits::pass(tx, people, limits::RECOVERY_HANDLE, typed, now)?;
    if !is_source_fine || !is_handle_fine {
        return Ok(Outcome::TooMany);
    }
    let found = handle.map(|handle| identity::find_by_handle(tx, handle)).transpose()?.flatten();
    let known = found.filter(|identity| !identity.is_disabled);
    // Where nobody has the handle, the same statements look for the codes of nobody.
    let account = known.as_ref().map_or_else(|| AccountId::from_text(""), |identity| identity.account.clone());
    let is_spent = rows::take(tx, &account, code.map(RecoveryCode::digest).as_ref(), now)?;
    if !is_spent {
        let entry = Entry::new(acts::CODE_REFUSED, people.seams())?.source(&visit.source);
        journal::write(tx, &if known.is_some() { entry.account(&account) } else { entry })?;
        return Ok(Outcome::Wrong);
    }
    limits::forgive(tx, limits::RECOVERY_SOURCE, &visit.neighbourhood())?;
    limits::forgive(tx, limits::RECOVERY_HANDLE, typed)?;
    let Some(opened) = session::enter(tx, people, &account, Proof::RecoveryCode, device, visit, before, now)? else {
        return Ok(Outcome::Wrong);
    };
    let left = rows::state(tx, &account)?.left;
    let told = serde_json::json!({ "left": left });
    let entry = Entry::new(acts::CODE_USED, people.seams())?.account(&account).grant(&opened.session.grant);
    journal::write(tx, &entry.source(&visit.source).detail(told))?;
    let mails = mail::notices(tx, people, &account, Notice::CodeUsed)?;
    Ok(Outcome::In(Box::new(Recovered { opened, left, mails })))
}

/// One sentence for an unknown handle, a wrong code and a spent one (threat 104).
pub(super) fn wrong() -> Error {
    refuse(Code::CodeRefused, "handle and code do not fit, or the code was used; check both, then try again")
}
