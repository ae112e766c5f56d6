//! Ending a node and all that hangs on it.

use super::{EndedBy, Grant, Kind, rows};
use base::{AccountId, AgentId, AppId, ConnectionId, Fault, GrantId, Time};
use db::Tx;

/// What ended: the node itself first, then everything below it.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    pub ended: Vec<Grant>,
}

/// Ends a live node and everything below it. A node that has ended already gives an empty answer.
pub fn end(tx: &mut Tx, id: &GrantId, by: EndedBy, now: Time) -> Result<Ending, Fault> {
    let mut ending = Ending::default();
    let Some(first) = rows::take_live(tx, id, by, now)? else { return Ok(ending) };
    ending.ended.push(first);
    let mut next = 0;
    while let Some(parent) = ending.ended.get(next).map(|grant| grant.id.clone()) {
        ending.ended.extend(rows::take_children(tx, &parent, now)?);
        next += 1;
    }
    Ok(ending)
}

/// Ends everything that was ever allowed to an app.
pub fn end_all_of_app(tx: &mut Tx, app: &AppId, by: EndedBy, now: Time) -> Result<u64, Fault> {
    let mut count = 0;
    for grant in rows::live_ids_of_app(tx, app)? {
        count += end(tx, &grant, by, now)?.ended.len() as u64;
    }
    Ok(count)
}

/// Ends everything an account has: its sessions and what its identities allowed.
pub fn end_all_of_account(tx: &mut Tx, account: &AccountId, by: EndedBy, now: Time) -> Result<u64, Fault> {
    let mut count = 0;
    for grant in rows::live_ids_of_account(tx, account)? {
        count += end(tx, &grant, by, now)?.ended.len() as u64;
    }
    Ok(count)
}

/// Ends every node of a kind, whoever it belongs to, and everything below.
pub fn end_all_of_kind(tx: &mut Tx, kind: Kind, by: EndedBy, now: Time) -> Result<u64, Fault> {
    let mut count = 0;
    for grant in rows::live_ids_of_kind(tx, kind)? {
        count += end(tx, &grant, by, now)?.ended.len() as u64;
    }
    Ok(count)
}

/// Ends everything that was ever allowed on a target.
pub fn end_all_of_target(tx: &mut Tx, target: &str, by: EndedBy, now: Time) -> Result<u64, Fault> {
    let mut count = 0;
    for grant in rows::live_ids_of_target(tx, target)? {
        count += end(tx, &grant, by, now)?.ended.len() as u64;
    }
    Ok(count)
}

/// Ends everything on a linked account. Gives what ended.
pub fn end_all_of_connection(
    tx: &mut Tx,
    connection: &ConnectionId,
    by: EndedBy,
    now: Time,
) -> Result<Vec<Grant>, Fault> {
    let mut ended = Vec::new();
    for grant in rows::live_ids_of_connection(tx, connection)? {
        ended.extend(end(tx, &grant, by, now)?.ended);
    }
    Ok(ended)
}

/// Ends everything that was given to an agent, and what it passed on.
pub fn end_all_of_agent(tx: &mut Tx, agent: &AgentId, by: EndedBy, now: Time) -> Result<u64, Fault> {
    let mut count = 0;
    for grant in rows::live_ids_of_agent(tx, agent)? {
        count += end(tx, &grant, by, now)?.ended.len() as u64;
    }
    Ok(count)
}
