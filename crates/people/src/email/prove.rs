//! Sending a code, and taking it back.

use super::{Address, rows};
use crate::identity::{self, Identity, not_found};
use crate::mail::Mail;
use crate::recovery::too_many;
use crate::refusal::{Code, Error, Result, refuse};
use crate::{People, Session, acts, limits};
use base::entropy::draw;
use base::{Fault, IdentityId, Secret, Time};
use db::Tx;
use db::seal::Place;
use ledger::{Entry, journal};

const CODE_SECS: i64 = 15 * 60;
const RESEND_SECS: i64 = 60;
const MOST_TRIES: i64 = 5;

/// An address that waits for its code.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub address: String,
    pub expires_at: Time,
    /// From when on another code may be sent.
    pub resend_at: Time,
}

fn place(identity: &IdentityId) -> Place<'_> {
    Place { table: "email_codes", row: identity.as_str(), column: "sealed_code" }
}

/// Draws a code for an address; an older one is dead. Gives the mail that carries it.
pub(crate) fn begin(
    tx: &mut Tx,
    people: &People,
    identity: &Identity,
    address: &Address,
    now: Time,
) -> std::result::Result<Mail, Fault> {
    let code = draw_code(people)?;
    let sealed = people.sealer().seal(place(&identity.id), code.reveal().as_bytes(), people.seams().entropy())?;
    rows::set(tx, &identity.id, address.as_str(), &sealed, now, now.plus_secs(CODE_SECS))?;
    let entry = Entry::new(acts::EMAIL_ASKED, people.seams())?.account(&identity.account).identity(&identity.id);
    journal::write(tx, &entry)?;
    let name = &people.settings().name;
    Ok(Mail {
        to: address.as_str().to_owned(),
        subject: format!("{} is your code at {name}", code.reveal()),
        text: format!(
            "Your code is {}\n\nIt proves that this address is yours, at {}, for @{}.\nIt works for 15 minutes. If you did not ask for it, there is nothing to do.\n",
            code.reveal(),
            people.settings().host(),
            identity.handle
        ),
    })
}

/// Six digits, each as likely as any other.
fn draw_code(people: &People) -> std::result::Result<Secret, Fault> {
    const FAIR: u32 = u32::MAX - u32::MAX % 1_000_000;
    loop {
        let drawn = u32::from_be_bytes(draw(people.seams().entropy())?);
        if drawn < FAIR {
            return Ok(Secret::new(format!("{:06}", drawn % 1_000_000)));
        }
    }
}

impl People {
    /// Begins to prove an address for an identity of this session's person. Gives the mail to send.
    pub async fn start_email(&self, session: &Session, id: &str, typed: &str) -> Result<Mail> {
        let address = Address::parse(typed)?;
        self.send_code(session, id, Some(address)).await
    }

    /// Sends another code to the address that waits.
    pub async fn resend_email(&self, session: &Session, id: &str) -> Result<Mail> {
        self.send_code(session, id, None).await
    }

    async fn send_code(&self, session: &Session, id: &str, address: Option<Address>) -> Result<Mail> {
        let (people, account, id, now) =
            (self.clone(), session.account.clone(), IdentityId::from_text(id), self.seams().now());
        self.store()
            .write_again(move |tx| {
                let identity =
                    identity::find(tx, &id)?.filter(|identity| identity.account == account).ok_or_else(not_found)?;
                let waiting = rows::find(tx, &id)?;
                let address = match (&address, &waiting) {
                    (Some(address), _) => address.clone(),
                    (None, Some(waiting)) => Address::parse(&waiting.address)?,
                    (None, None) => return Err(refuse(Code::NotFound, "no address waits for a code; enter one first")),
                };
                let is_same = waiting.as_ref().is_some_and(|waiting| waiting.address == address.as_str());
                if is_same && waiting.is_some_and(|waiting| now < waiting.sent_at.plus_secs(RESEND_SECS)) {
                    return Err(refuse(Code::TooMany, "a code was sent just now; wait a minute, then ask for another"));
                }
                // Of the account: identities can be made and deleted at will, and strangers' mailboxes filled.
                if !limits::pass(tx, &people, limits::EMAIL_START, account.as_str(), now)? {
                    return Err(too_many());
                }
                Ok(begin(tx, &people, &identity, &address, now)?)
            })
            .await
    }

    /// The address of an identity that waits for its code.
    pub async fn waiting_email(&self, session: &Session, id: &str) -> Result<Option<Waiting>> {
        let (account, id, now) = (session.account.clone(), IdentityId::from_text(id), self.seams().now());
        self.store()
            .read(move |tx| {
                identity::find(tx, &id)?.filter(|identity| identity.account == account).ok_or_else(not_found)?;
                let found = rows::find(tx, &id)?.filter(|waiting| now < waiting.expires_at);
                Ok(found.map(|waiting| Waiting {
                    address: waiting.address,
                    expires_at: waiting.expires_at,
                    resend_at: waiting.sent_at.plus_secs(RESEND_SECS),
                }))
            })
            .await
    }

    /// Takes the code. The try is counted whatever comes of it.
    pub async fn verify_email(&self, session: &Session, id: &str, typed: &str) -> Result<Identity> {
        let (people, account, id, now) =
            (self.clone(), session.account.clone(), IdentityId::from_text(id), self.seams().now());
        let typed: Secret =
            Secret::new(typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect::<String>());
        let outcome = self
            .store()
            .write_again(move |tx| {
                let identity =
                    identity::find(tx, &id)?.filter(|identity| identity.account == account).ok_or_else(not_found)?;
                if !limits::pass(tx, &people, limits::EMAIL_VERIFY, id.as_str(), now)? {
                    return Ok(Outcome::TooMany);
                }
                let Some(waiting) = rows::count_try(tx, &id, now)?.filter(|waiting| waiting.tries <= MOST_TRIES) else {
                    return Ok(Outcome::Wrong);
                };
                let code = people.sealer().open(place(&id), &waiting.sealed_code)?;
                let code =
                    Secret::new(String::from_utf8(code).map_err(|_| Fault::new("email verify: code unreadable"))?);
                if !code.is_same(&typed) || !rows::take(tx, &id, &waiting)? {
                    return Ok::<_, Error>(Outcome::Wrong);
                }
                limits::forgive(tx, limits::EMAIL_VERIFY, id.as_str())?;
                identity::set_email(tx, &id, &waiting.address, now)?;
                journal::write(tx, &Entry::new(acts::EMAIL_VERIFIED, people.seams())?.account(&account).identity(&id))?;
                Ok(Outcome::Proven(Box::new(Identity {
                    email: Some(waiting.address),
                    email_verified_at: Some(now),
                    ..identity
                })))
            })
            .await?;
        match outcome {
            Outcome::Proven(identity) => Ok(*identity),
            Outcome::Wrong => {
                Err(refuse(Code::CodeRefused, "this code does not fit or is too old; check it, or ask for another"))
            }
            Outcome::TooMany => Err(too_many()),
        }
    }

    /// Goes without an address, and without one that waits.
    pub async fn remove_email(&self, session: &Session, id: &str) -> Result<()> {
        let (account, id, now) = (session.account.clone(), IdentityId::from_text(id), self.seams().now());
        let entry = Entry::new(acts::EMAIL_REMOVED, self.seams())?.account(&account).identity(&id);
        self.store()
            .write(move |tx| {
                identity::find(tx, &id)?.filter(|identity| identity.account == account).ok_or_else(not_found)?;
                rows::delete(tx, &id)?;
                if identity::clear_email(tx, &id, now)? {
                    journal::write(tx, &entry)?;
                }
                Ok(())
            })
            .await
    }
}

enum Outcome {
    Proven(Box<Identity>),
    Wrong,
    TooMany,
}
