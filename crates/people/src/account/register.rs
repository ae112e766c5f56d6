//! Making an account: a name, a handle, a passkey; then ten recovery codes, shown once.
//!
//! Promise: an account comes into being whole, with its passkey, or not at all. A handle may be said to be taken, an address never.

use super::rows;
use crate::device::Described;
use crate::email::{self, Address};
use crate::identity::{self, Handle, Identity};
use crate::link::{self, Purpose};
use crate::mail::Mail;
use crate::passkey::{self, Started};
use crate::refusal::{Code, Error, Result, refuse};
use crate::session::{self, Opened, Proof, Session};
use crate::settings::Registration;
use crate::{Flow, People, Visit, acts, recovery};
use base::{AccountId, Fault, Secret, Time, Uuid};
use db::Tx;
use ledger::{Entry, journal};
use serde::Deserialize;
use serde_json::Value;

/// Who somebody wants to be.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub display_name: String,
    pub handle: String,
    /// An address that waits for its code. Leave it out where no mail can be sent.
    pub email: Option<String>,
    /// An invitation, or the link of the first operator.
    pub invitation: Option<String>,
}

/// Somebody new, signed in.
#[derive(Debug)]
pub struct Registered {
    pub opened: Opened,
    pub identity: Identity,
    /// The only moment they are known.
    pub codes: Vec<Secret>,
    /// Where an address was given: the mail with its code, to be sent.
    pub mail: Option<Mail>,
}

/// What the ceremony keeps of its beginning.
#[derive(Deserialize)]
struct Kept {
    user_handle: String,
    handle: String,
    state: String,
}

impl People {
    /// Begins an account. Refuses a handle that is taken.
    pub async fn begin_registration(
        &self,
        flow: &Flow,
        handle: &str,
        name: Option<&str>,
        invitation: Option<&str>,
    ) -> Result<Started> {
        let handle = Handle::parse(handle)?;
        let name = name.map(identity::display_name).transpose()?.unwrap_or_else(|| handle.as_str().to_owned());
        let (asked, invitation, now) = (handle.clone(), invitation.map(str::to_owned), self.seams().now());
        let people = self.clone();
        self.store()
            .read(move |tx| {
                let invited =
                    invitation.as_deref().map(|text| link::find_invitation(tx, text, now)).transpose()?.flatten();
                check_open(&people, invited)?;
                if identity::is_taken(tx, &asked, None)? { Err(identity::handle::taken()) } else { Ok(()) }
            })
            .await?;
        let user_handle = Uuid::random(self.seams().entropy())?;
        self.begin_first(flow, user_handle.as_str(), handle.as_str(), &name).await
    }

    /// Makes the account. A session that this browser had before is left (threat 97).
    #[allow(clippy::too_many_arguments)]
    pub async fn register(
        &self,
        flow: &Flow,
        ceremony: &str,
        answer: &Value,
        person: NewPerson,
        device: Described,
        visit: Visit,
        before: Option<Session>,
    ) -> Result<Registered> {
        let (handle, name) = (Handle::parse(&person.handle)?, identity::display_name(&person.display_name)?);
        let address =
            person.email.as_deref().filter(|typed| !typed.trim().is_empty()).map(Address::parse).transpose()?;
        let now = self.seams().now();
        let (id, own_flow) = (ceremony.to_owned(), flow.clone());
        let taken = self.store().write(move |tx| passkey::take_making(tx, &id, &own_flow, now)).await?;
        let kept: Kept = serde_json::from_str(&taken.ok_or_else(passkey::expired)?.state)
            .map_err(|_| Fault::new("account register: ceremony unreadable"))?;
        // The passkey shows the handle it was begun with: it must not be another's.
        if kept.handle != handle.as_str() {
            return Err(passkey::expired());
        }
        let made = self.0.ceremonies.finish_making(&kept.state, answer)?;
        let enrolled = passkey::Enrolled { made, user_handle: kept.user_handle };
        let people = self.clone();
        let done = self
            .store()
            .write_again(move |tx| {
                let new = New {
                    handle: &handle,
                    name: &name,
                    address: address.as_ref(),
                    invitation: person.invitation.as_deref(),
                };
                make(tx, &people, &new, &enrolled, &device, &visit, before.as_ref(), now)
            })
            .await;
        done.map_err(clash_is_race)
    }
}

struct New<'a> {
    handle: &'a Handle,
    name: &'a str,
    address: Option<&'a Address>,
    invitation: Option<&'a str>,
}

#[allow(clippy::too_many_arguments)]
fn make(
    tx: &mut Tx,
    people: &People,
    new: &New,
    enrolled: &passkey::Enrolled,
    device: &Described,
    visit: &Visit,
    before: Option<&Session>,
    now: Time,
) -> Result<Registered> {
    let seams = people.seams();
    let invited = new.invitation.map(|text| link::take_invitation(tx, text, now)).transpose()?.flatten();
    check_open(people, invited)?;
    let is_operator = invited == Some(Purpose::Bootstrap) || (people.settings().demo && !rows::has_operator(tx)?);
    let account = AccountId::new(now, seams.entropy())?;
    rows::insert(tx, &account, &enrolled.user_handle, is_operator, now)?;
    let identity = identity::insert_first(tx, people, &account, new.handle, new.name, now)?;
    passkey::insert_first(tx, people, &account, &enrolled.made, device.name(), now)?;
    let codes = recovery::replace(tx, people, &account, now)?;
    let entry =
        Entry::new(acts::ACCOUNT_CREATED, seams)?.account(&account).identity(&identity.id).source(&visit.source);
    journal::write(tx, &entry)?;
    if is_operator {
        journal::write(tx, &Entry::new(acts::OPERATOR_MADE, seams)?.account(&account).source(&visit.source))?;
    }
    let mail = new.address.map(|address| email::begin(tx, people, &identity, address, now)).transpose()?;
    let opened = session::enter(tx, people, &account, Proof::Passkey, device, visit, before, now)?;
    let opened = opened.ok_or_else(|| Fault::new("account register: the new account is not there"))?;
    Ok(Registered { opened, identity, codes, mail })
}

/// Who may register: everybody, whoever was invited, or nobody but the first operator.
fn check_open(people: &People, invited: Option<Purpose>) -> Result<()> {
    match (people.settings().registration, invited) {
        (Registration::Open, _) | (_, Some(Purpose::Bootstrap)) | (Registration::Invite, Some(Purpose::Invitation)) => {
            Ok(())
        }
        (Registration::Invite, _) => {
            Err(refuse(Code::RegistrationClosed, "this invitation is used or too old; ask for another one"))
        }
        (Registration::Closed, _) => {
            Err(refuse(Code::RegistrationClosed, "nobody can register here; ask the people who run this server"))
        }
    }
}

/// Somebody took the handle, or enrolled the same passkey, in the same moment.
fn clash_is_race(error: Error) -> Error {
    match error {
        Error::Fault(fault) if fault.is_clash() => identity::handle::taken(),
        other => other,
    }
}
