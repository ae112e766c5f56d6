//! Recovery codes: ten, shown once, each good for one sign-in (threat 109).
//!
//! Promise: a code holds 140 random bits and is kept as SHA-256; it is spent by compare-and-set; an unknown handle and a wrong code get
//! the same answer after the same work; every use is told to the person.

mod code;
mod enter;
mod rows;
mod stand_in;

pub use enter::Recovered;
pub use rows::{State, state};

pub(crate) use rows::delete_of_account;

use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, acts, limits};
use base::{AccountId, Fault, Secret, Time};
use code::RecoveryCode;
use db::Tx;
use ledger::{Entry, journal};

const COUNT: usize = 10;

/// Makes ten codes; older ones are dead. Gives the only copy of their text.
pub(crate) fn replace(
    tx: &mut Tx,
    people: &People,
    account: &AccountId,
    now: Time,
) -> std::result::Result<Vec<Secret>, Fault> {
    let seams = people.seams();
    rows::delete_of_account(tx, account)?;
    let mut shown = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let code = RecoveryCode::draw(seams.entropy())?;
        rows::insert(tx, seams.number()?, account, &code.digest(), now)?;
        shown.push(code.shown());
    }
    Ok(shown)
}

impl People {
    /// Makes ten new codes. Needs an authentication within five minutes.
    pub async fn renew_codes(&self, session: &Session) -> Result<Vec<Secret>> {
        let (people, account, source, now) =
            (self.clone(), session.account.clone(), session.source.clone(), self.seams().now());
        self.check_fresh(session, now)?;
        self.store()
            .write_again(move |tx| {
                if !limits::pass(tx, &people, limits::CODES_MADE, account.as_str(), now)? {
                    return Err(too_many());
                }
                let codes = replace(tx, &people, &account, now)?;
                journal::write(tx, &Entry::new(acts::CODES_MADE, people.seams())?.account(&account).source(&source))?;
                Ok(codes)
            })
            .await
    }

    /// How many codes are left.
    pub async fn codes(&self, account: &AccountId) -> Result<State> {
        let account = account.clone();
        self.store().read(move |tx| Ok(state(tx, &account)?)).await
    }
}

pub(crate) fn too_many() -> crate::Error {
    refuse(Code::TooMany, "that was too often; wait a while, then try again")
}
