//! All SQL of the stored requests.

use super::Interaction;
use crate::ask::Asked;
use base::{Bearer, Fault, Time};
use db::{Tx, args};

pub(super) fn insert(tx: &mut Tx, flow: &Bearer, request: &str, now: Time, until: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO interactions (id, digest, request, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.run(sql, args![flow.number(), flow.digest(), request, now, until])?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx, flow: &Bearer, now: Time) -> Result<Option<Interaction>, Fault> {
    let Some(pairs) = find_pairs(tx, flow, now)? else { return Ok(None) };
    let began_at = base::id::number_time(flow.number());
    Ok(Some(Interaction { number: flow.number(), asked: Asked::from_pairs(&pairs), began_at }))
}

/// The request that a flow names, once the flow has proven to be the one that was given out.
pub(super) fn find_pairs(tx: &mut Tx, flow: &Bearer, now: Time) -> Result<Option<Vec<(String, String)>>, Fault> {
    let sql = "SELECT digest, request
               FROM interactions
               WHERE id = $1 AND spent_at IS NULL AND expires_at > $2";
    let row = tx.one(sql, args![flow.number(), now])?;
    let digest = row.as_ref().map(|row| row.bytes("digest")).transpose()?;
    if !flow.opens(digest.as_deref()) {
        return Ok(None);
    }
    let Some(row) = row else { return Ok(None) };
    let pairs = serde_json::from_str(&row.text("request")?)
        .map_err(|_| Fault::new("interactions: the request is not readable"))?;
    Ok(Some(pairs))
}

/// Spends the stored request. False when somebody else already has.
pub(super) fn take(tx: &mut Tx, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE interactions
               SET spent_at = $2
               WHERE id = $1 AND spent_at IS NULL AND expires_at > $2
               RETURNING id";
    Ok(tx.one(sql, args![number, now])?.is_some())
}

/// Spends every request that waits for its person.
pub(crate) fn take_all(tx: &mut Tx, now: Time) -> Result<u64, Fault> {
    let sql = "UPDATE interactions
               SET spent_at = $1
               WHERE spent_at IS NULL";
    tx.run(sql, args![now])
}

/// Forgets requests whose time is over, at most so many.
pub(crate) fn sweep(tx: &mut Tx, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM interactions
               WHERE id IN (SELECT id FROM interactions WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![now, limit])
}
