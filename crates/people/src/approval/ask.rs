//! The asking browser: a request, a code to show, and how far it is.

use super::{ASK_SECS, State, rows};
use crate::device::Described;
use crate::identity::{self, Handle};
use crate::recovery::too_many;
use crate::refusal::Result;
use crate::{Flow, People, Visit, limits};
use base::entropy::draw;
use base::{Fault, Time, Uuid};
use db::Tx;

const DIGITS: u32 = 100_000_000;

/// A request as the browser that asked sees it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub id: String,
    /// Eight digits in two groups.
    pub code: String,
    pub state: State,
    pub expires_at: Time,
}

impl People {
    /// Asks. With a handle, its person also finds the request in a list; the answer is the same whether anybody has it.
    pub async fn ask_approval(
        &self,
        flow: &Flow,
        handle: Option<&str>,
        device: Described,
        visit: Visit,
    ) -> Result<Asked> {
        let (people, flow, now) = (self.clone(), flow.clone(), self.seams().now());
        let handle = handle.and_then(Handle::read);
        self.store()
            .write_again(move |tx| {
                if !limits::pass(tx, &people, limits::APPROVAL_SOURCE, &visit.neighbourhood(), now)? {
                    return Err(too_many());
                }
                if let Some(handle) = &handle
                    && !limits::pass(tx, &people, limits::APPROVAL_HANDLE, handle.as_str(), now)?
                {
                    return Err(too_many());
                }
                let person = handle.as_ref().map(|handle| identity::find_by_handle(tx, handle)).transpose()?.flatten();
                let (id, code) = (Uuid::at(now, people.seams().entropy())?, draw_code(tx, &people, now)?);
                let until = now.plus_secs(ASK_SECS);
                let account = person.map(|person| person.account);
                rows::insert(tx, &id, &flow, &code, account.as_ref(), &device, &visit, now, until)?;
                Ok(Asked { id: id.as_str().to_owned(), code: grouped(&code), state: State::Pending, expires_at: until })
            })
            .await
    }

    /// How far a request is, for the browser that asked; to any other it is expired. Changes nothing.
    pub async fn approval(&self, flow: &Flow, id: &str) -> Result<Option<Asked>> {
        let (flow, id, now) = (flow.clone(), id.to_owned(), self.seams().now());
        let found = self.store().read(move |tx| rows::find_asked(tx, &id, &flow, now)).await?;
        Ok(found.map(|asked| Asked { code: grouped(&asked.code), ..asked }))
    }
}

/// A code that no waiting request has.
fn draw_code(tx: &mut Tx, people: &People, now: Time) -> std::result::Result<String, Fault> {
    const FAIR: u32 = u32::MAX - u32::MAX % DIGITS;
    for _ in 0..64 {
        let drawn = u32::from_be_bytes(draw(people.seams().entropy())?);
        let code = format!("{:08}", drawn % DIGITS);
        if drawn < FAIR && !rows::is_waiting(tx, &code, now)? {
            return Ok(code);
        }
    }
    Err(Fault::new("approval ask: no free code"))
}

/// Two groups of four, as people compare and type them.
pub(super) fn grouped(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, last)) => format!("{first} {last}"),
        None => code.to_owned(),
    }
}

/// The digits of what was typed.
pub(super) fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).collect()
}
