//! In the demo alone: a recovery code stands in for a passkey where one is asked, for a computer without an authenticator.

use super::code::RecoveryCode;
use super::enter::wrong;
use super::{rows, too_many};
use crate::device::Described;
use crate::refusal::{Code, Result, refuse};
use crate::session::{self, Opened, Proof};
use crate::{People, Session, Visit, acts, limits};
use ledger::{Entry, journal};

enum Outcome {
    In(Box<Opened>),
    Wrong,
    TooMany,
}

impl People {
    /// Proves again who one is, by a code of one's own.
    pub async fn step_up_by_code(&self, session: &Session, typed: &str, visit: Visit) -> Result<Opened> {
        if !self.settings().demo {
            return Err(refuse(Code::NotFound, "a recovery code does not stand in for a passkey here"));
        }
        let (people, session, code, now) =
            (self.clone(), session.clone(), RecoveryCode::read(typed), self.seams().now());
        let outcome = self
            .store()
            .write_again(move |tx| {
                let account = &session.account;
                if !limits::pass(tx, &people, limits::STAND_IN, account.as_str(), now)? {
                    return Ok::<_, crate::Error>(Outcome::TooMany);
                }
                if !rows::take(tx, account, code.as_ref().map(RecoveryCode::digest).as_ref(), now)? {
                    return Ok(Outcome::Wrong);
                }
                limits::forgive(tx, limits::STAND_IN, account.as_str())?;
                let device = Described::of_agent(&visit.user_agent);
                let opened =
                    session::enter(tx, &people, account, Proof::RecoveryCode, &device, &visit, Some(&session), now)?;
                let Some(opened) = opened else { return Ok(Outcome::Wrong) };
                journal::write(
                    tx,
                    &Entry::new(acts::CODE_USED, people.seams())?.account(account).source(&visit.source),
                )?;
                Ok(Outcome::In(Box::new(opened)))
            })
            .await?;
        match outcome {
            Outcome::In(opened) => Ok(*opened),
            Outcome::Wrong => Err(wrong()),
            Outcome::TooMany => Err(too_many()),
        }
    }
}
