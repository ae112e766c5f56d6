//! Signing in by a link that an operator printed: for somebody who lost their passkey, and for the demo's Ada.

use super::{Purpose, rows};
use crate::device::Described;
use crate::identity::{self, Handle, Identity};
use crate::refusal::{Code, Error, Result, refuse};
use crate::session::{self, Opened, Proof};
use crate::{People, Session, Visit, acts};
use base::{Bearer, Fault, Secret, Time};
use db::Tx;
use ledger::{Entry, journal};

const SIGN_IN_SECS: i64 = 10 * 60;

/// Whom the link signs in.
fn target(tx: &mut Tx, text: &str, now: Time) -> std::result::Result<Option<Identity>, Fault> {
    let Some(bearer) = Bearer::parse(Purpose::SignIn.prefix(), text) else { return Ok(None) };
    let Some(link) = rows::find(tx, &bearer, Purpose::SignIn, now)? else { return Ok(None) };
    let Some(account) = link.account else { return Ok(None) };
    Ok(identity::list_of_account(tx, &account)?.into_iter().next())
}

impl People {
    /// Makes a link that signs in the person with this handle, once, within ten minutes.
    pub async fn sign_in_link(&self, handle: &str) -> Result<Secret> {
        let handle = Handle::read(handle).ok_or_else(nobody)?;
        let (people, now) = (self.clone(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                let person =
                    identity::find_by_handle(tx, &handle)?.filter(|person| !person.is_disabled).ok_or_else(nobody)?;
                let until = now.plus_secs(SIGN_IN_SECS);
                let secret = rows::make(tx, people.seams(), Purpose::SignIn, Some(&person.account), now, until)?;
                journal::write(tx, &Entry::new(acts::LINK_MADE, people.seams())?.account(&person.account))?;
                Ok(secret)
            })
            .await
    }

    /// Whom a link signs in, for the page that asks. Spends nothing.
    pub async fn link_target(&self, text: &str) -> Result<Identity> {
        let (text, now) = (text.to_owned(), self.seams().now());
        self.store().read(move |tx| target(tx, &text, now)).await?.ok_or_else(spent)
    }

    /// Signs in by a link.
    pub async fn follow_link(
        &self,
        text: &str,
        device: Described,
        visit: Visit,
        before: Option<Session>,
    ) -> Result<Opened> {
        let (people, now) = (self.clone(), self.seams().now());
        let bearer = Bearer::parse(Purpose::SignIn.prefix(), text).ok_or_else(spent)?;
        self.store()
            .write_again(move |tx| {
                let link = rows::take(tx, &bearer, Purpose::SignIn, now)?.ok_or_else(spent)?;
                let account = link.account.ok_or_else(spent)?;
                let opened =
                    session::enter(tx, &people, &account, Proof::OneTimeLink, &device, &visit, before.as_ref(), now)?;
                let opened = opened.ok_or_else(spent)?;
                journal::write(
                    tx,
                    &Entry::new(acts::LINK_USED, people.seams())?.account(&account).source(&visit.source),
                )?;
                Ok(opened)
            })
            .await
    }
}

fn nobody() -> Error {
    refuse(Code::NotFound, "nobody has this handle")
}

fn spent() -> Error {
    refuse(Code::LinkSpent, "this link was used or is too old; ask for another one")
}
