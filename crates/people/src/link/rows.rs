//! All SQL of the one-time links.

use super::Purpose;
use base::{AccountId, Bearer, Fault, Seams, Secret, Time};
use db::{Row, Tx, args};

/// A link as found or spent.
#[derive(Debug)]
pub(super) struct Link {
    pub account: Option<AccountId>,
}

fn link(row: &Row) -> Result<Link, Fault> {
    Ok(Link { account: row.opt_text("account_id")?.map(AccountId::from_text) })
}

pub(super) fn make(
    tx: &mut Tx,
    seams: &Seams,
    purpose: Purpose,
    account: Option<&AccountId>,
    now: Time,
    until: Time,
) -> Result<Secret, Fault> {
    let bearer = Bearer::mint(purpose.prefix(), seams.number()?, seams.entropy())?;
    let sql = "INSERT INTO one_time_links (id, digest, purpose, account_id, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    tx.run(sql, args![bearer.number(), bearer.digest(), purpose.as_str(), account, now, until])?;
    Ok(bearer.secret().clone())
}

/// The link while it is unspent.
pub(super) fn find(tx: &mut Tx, bearer: &Bearer, purpose: Purpose, now: Time) -> Result<Option<Link>, Fault> {
    let sql = "SELECT digest, account_id
               FROM one_time_links
               WHERE id = $1 AND purpose = $2 AND spent_at IS NULL AND expires_at > $3";
    let Some(row) = tx.one(sql, args![bearer.number(), purpose.as_str(), now])? else { return Ok(None) };
    if bearer.opens(Some(&row.bytes("digest")?)) { link(&row).map(Some) } else { Ok(None) }
}

/// Spends the link. Nothing when somebody else already has.
pub(super) fn take(tx: &mut Tx, bearer: &Bearer, purpose: Purpose, now: Time) -> Result<Option<Link>, Fault> {
    if find(tx, bearer, purpose, now)?.is_none() {
        return Ok(None);
    }
    let sql = "UPDATE one_time_links
               SET spent_at = $2
               WHERE id = $1 AND spent_at IS NULL
               RETURNING account_id";
    tx.one(sql, args![bearer.number(), now])?.as_ref().map(link).transpose()
}

/// Ends all unspent links of a purpose.
pub(super) fn end_all(tx: &mut Tx, purpose: Purpose, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE one_time_links
               SET spent_at = $2
               WHERE purpose = $1 AND spent_at IS NULL";
    tx.run(sql, args![purpose.as_str(), now])?;
    Ok(())
}

/// Spends every link that waits.
pub(crate) fn take_all(tx: &mut Tx, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE one_time_links
               SET spent_at = $1
               WHERE spent_at IS NULL";
    tx.run(sql, args![now])?;
    Ok(())
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM one_time_links WHERE account_id = $1", args![account])?;
    Ok(())
}

/// Forgets links whose time is over.
pub(crate) fn sweep(tx: &mut Tx, now: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM one_time_links
               WHERE id IN (SELECT id FROM one_time_links WHERE expires_at < $1 LIMIT $2)";
    tx.run(sql, args![now, limit])
}
