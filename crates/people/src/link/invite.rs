//! Who may register although not everybody may.

use super::{Purpose, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, account, acts};
use base::{Bearer, Fault, Secret, Time};
use db::Tx;
use ledger::{Entry, journal};

const INVITATION_SECS: i64 = 7 * 86_400;
const BOOTSTRAP_SECS: i64 = 7 * 86_400;

fn parse(text: &str) -> Option<(Purpose, Bearer)> {
    let purposes = [Purpose::Invitation, Purpose::Bootstrap];
    purposes.into_iter().find_map(|purpose| Some((purpose, Bearer::parse(purpose.prefix(), text)?)))
}

/// What an invitation is good for, while it is unspent. Spends nothing.
pub fn find(tx: &mut Tx, text: &str, now: Time) -> std::result::Result<Option<Purpose>, Fault> {
    let Some((purpose, bearer)) = parse(text) else { return Ok(None) };
    Ok(rows::find(tx, &bearer, purpose, now)?.map(|_| purpose))
}

/// Spends an invitation.
pub(crate) fn take(tx: &mut Tx, text: &str, now: Time) -> std::result::Result<Option<Purpose>, Fault> {
    let Some((purpose, bearer)) = parse(text) else { return Ok(None) };
    Ok(rows::take(tx, &bearer, purpose, now)?.map(|_| purpose))
}

impl People {
    /// True while this invitation can be used.
    pub async fn is_invitation(&self, text: &str) -> Result<bool> {
        let (text, now) = (text.to_owned(), self.seams().now());
        self.store().read(move |tx| Ok(find(tx, &text, now)?.is_some())).await
    }

    /// Makes an invitation. Only an operator may.
    pub async fn invite(&self, session: &Session) -> Result<Secret> {
        if !session.is_operator {
            return Err(refuse(Code::NotFound, "there is nothing at this address"));
        }
        let (people, account, now) = (self.clone(), session.account.clone(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                let secret =
                    rows::make(tx, people.seams(), Purpose::Invitation, None, now, now.plus_secs(INVITATION_SECS))?;
                journal::write(tx, &Entry::new(acts::INVITATION_MADE, people.seams())?.account(&account))?;
                Ok(secret)
            })
            .await
    }

    /// The link with which the first operator registers; nothing once there is one. An earlier link dies, since only its digest is known.
    pub async fn bootstrap_link(&self) -> Result<Option<Secret>> {
        let (people, now) = (self.clone(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                if account::has_operator(tx)? {
                    return Ok(None);
                }
                rows::end_all(tx, Purpose::Bootstrap, now)?;
                Ok(Some(rows::make(tx, people.seams(), Purpose::Bootstrap, None, now, now.plus_secs(BOOTSTRAP_SECS))?))
            })
            .await
    }
}
