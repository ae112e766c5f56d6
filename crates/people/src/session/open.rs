//! Opening a session, with its node in the ledger and its row in the journal.

use super::{EMBED_PREFIX, PREFIX, Proof, Session, rows};
use crate::device::{self, Described, Device};
use crate::{People, Visit, acts};
use base::{AccountId, Bearer, Fault, Secret, Time};
use db::Tx;
use ledger::{Entry, Kind, NewGrant, grant, journal};

/// A session that has just been opened or renewed: the only moment its cookie is known.
#[derive(Debug, Clone)]
pub struct Opened {
    pub cookie: Secret,
    /// What shows the session inside frames, and opens nothing else.
    pub embed_cookie: Secret,
    pub session: Session,
    pub device: Device,
}

/// Who signs in, on what, and how they proved it.
pub(crate) struct Opening<'a> {
    pub account: &'a AccountId,
    pub is_operator: bool,
    pub described: &'a Described,
    pub proof: Proof,
    pub visit: &'a Visit,
}

/// Opens a session.
pub(crate) fn open(tx: &mut Tx, people: &People, opening: &Opening, now: Time) -> Result<Opened, Fault> {
    let seams = people.seams();
    let device = device::meet(tx, people, opening.account, opening.described, now)?;
    let expires_at = now.plus_secs(people.settings().session_secs);
    let node = NewGrant {
        account: Some(opening.account.clone()),
        expires_at: Some(expires_at),
        ..NewGrant::of(Kind::Session, seams)?
    };
    grant::open(tx, &node, now)?;
    let bearer = Bearer::mint(PREFIX, seams.number()?, seams.entropy())?;
    let session = Session {
        number: bearer.number(),
        account: opening.account.clone(),
        grant: node.id.clone(),
        device: device.id.clone(),
        auth_time: now,
        amr: opening.proof.amr().iter().map(|word| (*word).to_owned()).collect(),
        acr: opening.proof.acr().to_owned(),
        is_operator: opening.is_operator,
        source: opening.visit.source.clone(),
        user_agent: opening.visit.user_agent.clone(),
        opened_at: now,
        last_seen_at: now,
        expires_at,
    };
    let embed = Bearer::mint(EMBED_PREFIX, bearer.number(), seams.entropy())?;
    rows::insert(tx, &session, bearer.digest(), embed.digest())?;
    let told = serde_json::json!({ "by": opening.proof.as_str(), "device": device.name });
    let entry = Entry::new(acts::SESSION_OPENED, seams)?;
    let entry = entry.account(opening.account).grant(&node.id).source(&opening.visit.source).detail(told);
    journal::write(tx, &entry)?;
    Ok(Opened { cookie: bearer.secret().clone(), embed_cookie: embed.secret().clone(), session, device })
}
