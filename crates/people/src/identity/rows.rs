//! All SQL of the identities and their pictures.

use super::picture::Picture;
use super::{Handle, Identity};
use base::{AccountId, Fault, IdentityId, Time, Uuid};
use db::{Row, Tx, args};

/// Where the server shows a picture.
pub(super) fn picture_path(id: &str) -> String {
    format!("/pictures/{id}")
}

fn identity(row: &Row) -> Result<Identity, Fault> {
    Ok(Identity {
        id: IdentityId::from_text(row.text("id")?),
        account: AccountId::from_text(row.text("account_id")?),
        handle: row.text("handle")?,
        display_name: row.text("display_name")?,
        is_primary: row.flag("is_primary")?,
        picture: row.opt_text("picture_id")?.as_deref().map(picture_path),
        email: row.opt_text("email")?,
        email_verified_at: row.opt_time("email_verified_at")?,
        created_at: row.time("created_at")?,
        is_disabled: row.opt_time("disabled_at")?.is_some(),
    })
}

/// The identity with this id (`sub`), also one whose account is disabled.
pub fn find(tx: &mut Tx, id: &IdentityId) -> Result<Option<Identity>, Fault> {
    let sql = "SELECT identities.id, identities.account_id, identities.handle, identities.display_name, identities.is_primary,
                      identities.picture_id, identities.email, identities.email_verified_at, identities.created_at,
                      accounts.disabled_at
               FROM identities
               JOIN accounts ON accounts.id = identities.account_id
               WHERE identities.id = $1";
    tx.one(sql, args![id])?.as_ref().map(identity).transpose()
}

/// The identity with this handle.
pub fn find_by_handle(tx: &mut Tx, handle: &Handle) -> Result<Option<Identity>, Fault> {
    let sql = "SELECT identities.id, identities.account_id, identities.handle, identities.display_name, identities.is_primary,
                      identities.picture_id, identities.email, identities.email_verified_at, identities.created_at,
                      accounts.disabled_at
               FROM identities
               JOIN accounts ON accounts.id = identities.account_id
               WHERE identities.handle = $1";
    tx.one(sql, args![handle.as_str()])?.as_ref().map(identity).transpose()
}

/// The identities of an account, the main one first.
pub fn list_of_account(tx: &mut Tx, account: &AccountId) -> Result<Vec<Identity>, Fault> {
    let sql = "SELECT identities.id, identities.account_id, identities.handle, identities.display_name, identities.is_primary,
                      identities.picture_id, identities.email, identities.email_verified_at, identities.created_at,
                      accounts.disabled_at
               FROM identities
               JOIN accounts ON accounts.id = identities.account_id
               WHERE identities.account_id = $1
               ORDER BY identities.is_primary DESC, identities.created_at, identities.id
               LIMIT 16";
    tx.all(sql, args![account])?.iter().map(identity).collect()
}

/// True when somebody has this handle or one that looks like it; `but` is the identity that asks.
pub(crate) fn is_taken(tx: &mut Tx, handle: &Handle, but: Option<&IdentityId>) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM identities
               WHERE (handle = $1 OR likeness = $2) AND id IS DISTINCT FROM $3
               LIMIT 1";
    Ok(tx.one(sql, args![handle.as_str(), handle.likeness(), but])?.is_some())
}

pub(super) fn count_of_account(tx: &mut Tx, account: &AccountId) -> Result<usize, Fault> {
    let sql = "SELECT count(*) AS count
               FROM identities
               WHERE account_id = $1";
    let row = tx.one(sql, args![account])?.ok_or_else(|| Fault::new("identity count: no row"))?;
    Ok(row.int("count")? as usize)
}

pub(super) fn insert(tx: &mut Tx, new: &Identity, likeness: &str) -> Result<(), Fault> {
    let sql =
        "INSERT INTO identities (id, account_id, handle, likeness, display_name, is_primary, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    tx.run(sql, args![new.id, new.account, new.handle, likeness, new.display_name, new.is_primary, new.created_at])?;
    Ok(())
}

pub(super) fn set_name(tx: &mut Tx, id: &IdentityId, name: &str, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE identities
               SET display_name = $2, updated_at = $3
               WHERE id = $1";
    tx.run(sql, args![id, name, now])?;
    Ok(())
}

pub(super) fn set_handle(tx: &mut Tx, id: &IdentityId, handle: &Handle, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE identities
               SET handle = $2, likeness = $3, updated_at = $4
               WHERE id = $1";
    tx.run(sql, args![id, handle.as_str(), handle.likeness(), now])?;
    Ok(())
}

pub(super) fn set_primary(tx: &mut Tx, account: &AccountId, id: &IdentityId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE identities
               SET is_primary = FALSE, updated_at = $2
               WHERE account_id = $1 AND is_primary";
    tx.run(sql, args![account, now])?;
    let sql = "UPDATE identities
               SET is_primary = TRUE, updated_at = $3
               WHERE account_id = $1 AND id = $2";
    tx.run(sql, args![account, id, now])?;
    Ok(())
}

/// Keeps an address that was proven.
pub(crate) fn set_email(tx: &mut Tx, id: &IdentityId, address: &str, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE identities
               SET email = $2, email_verified_at = $3, updated_at = $3
               WHERE id = $1";
    tx.run(sql, args![id, address, now])?;
    Ok(())
}

/// Forgets the address. False when there was none.
pub(crate) fn clear_email(tx: &mut Tx, id: &IdentityId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE identities
               SET email = NULL, email_verified_at = NULL, updated_at = $2
               WHERE id = $1 AND email IS NOT NULL";
    Ok(tx.run(sql, args![id, now])? == 1)
}

pub(super) fn is_of_account(tx: &mut Tx, account: &AccountId, id: &IdentityId) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM identities
               WHERE id = $2 AND account_id = $1";
    Ok(tx.one(sql, args![account, id])?.is_some())
}

pub(super) fn delete(tx: &mut Tx, id: &IdentityId) -> Result<(), Fault> {
    delete_pictures(tx, id)?;
    tx.run("DELETE FROM email_codes WHERE identity_id = $1", args![id])?;
    tx.run("DELETE FROM identities WHERE id = $1", args![id])?;
    Ok(())
}

pub(crate) fn delete_of_account(tx: &mut Tx, account: &AccountId) -> Result<(), Fault> {
    let sql = "DELETE FROM pictures
               WHERE identity_id IN (SELECT id FROM identities WHERE account_id = $1)";
    tx.run(sql, args![account])?;
    let sql = "DELETE FROM email_codes
               WHERE identity_id IN (SELECT id FROM identities WHERE account_id = $1)";
    tx.run(sql, args![account])?;
    tx.run("DELETE FROM identities WHERE account_id = $1", args![account])?;
    Ok(())
}

pub(super) fn insert_picture(
    tx: &mut Tx,
    id: &Uuid,
    identity: &IdentityId,
    media: &str,
    bytes: &[u8],
    now: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO pictures (id, identity_id, media, bytes, created_at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.run(sql, args![id, identity, media, bytes, now])?;
    Ok(())
}

pub(super) fn set_picture(tx: &mut Tx, identity: &IdentityId, id: Option<&Uuid>, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE identities
               SET picture_id = $2, updated_at = $3
               WHERE id = $1";
    tx.run(sql, args![identity, id, now])?;
    Ok(())
}

pub(super) fn delete_pictures(tx: &mut Tx, identity: &IdentityId) -> Result<(), Fault> {
    tx.run("DELETE FROM pictures WHERE identity_id = $1", args![identity])?;
    Ok(())
}

pub(super) fn find_picture(tx: &mut Tx, id: &Uuid) -> Result<Option<Picture>, Fault> {
    let sql = "SELECT media, bytes
               FROM pictures
               WHERE id = $1";
    match tx.one(sql, args![id])? {
        Some(row) => Ok(Some(Picture { media: row.text("media")?, bytes: row.bytes("bytes")? })),
        None => Ok(None),
    }
}
