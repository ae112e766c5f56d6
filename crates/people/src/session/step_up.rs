//! Proving again who one is: the session goes on under a new secret, and the old one is dead.

use super::{EMBED_PREFIX, Opened, PREFIX, Proof, Session, rows};
use crate::{People, Visit, acts, device};
use base::{Bearer, Fault, Time};
use db::Tx;
use ledger::{Entry, journal};

/// Renews a session after a fresh proof. Nothing when it has ended meanwhile.
pub(crate) fn renew(
    tx: &mut Tx,
    people: &People,
    old: &Session,
    proof: Proof,
    visit: &Visit,
    now: Time,
) -> Result<Option<Opened>, Fault> {
    if !rows::take_live(tx, old.number, now)? {
        return Ok(None);
    }
    let seams = people.seams();
    let Some(device) = device::find(tx, &old.device)? else { return Ok(None) };
    let bearer = Bearer::mint(PREFIX, seams.number()?, seams.entropy())?;
    let session = Session {
        number: bearer.number(),
        auth_time: now,
        amr: proof.amr().iter().map(|word| (*word).to_owned()).collect(),
        acr: proof.acr().to_owned(),
        source: visit.source.clone(),
        user_agent: visit.user_agent.clone(),
        last_seen_at: now,
        ..old.clone()
    };
    let embed = Bearer::mint(EMBED_PREFIX, bearer.number(), seams.entropy())?;
    rows::insert(tx, &session, bearer.digest(), embed.digest())?;
    let entry = Entry::new(acts::SESSION_RENEWED, seams)?.account(&old.account).grant(&old.grant).source(&visit.source);
    journal::write(tx, &entry.detail(serde_json::json!({ "by": proof.as_str() })))?;
    Ok(Some(Opened { cookie: bearer.secret().clone(), embed_cookie: embed.secret().clone(), session, device }))
}
