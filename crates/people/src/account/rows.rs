//! All SQL of the accounts.

use super::Account;
use base::{AccountId, Fault, Time};
use db::{Row, Tx, args};

fn account(row: &Row) -> Result<Account, Fault> {
    Ok(Account {
        id: AccountId::from_text(row.text("id")?),
        is_operator: row.flag("is_operator")?,
        created_at: row.time("created_at")?,
        disabled_at: row.opt_time("disabled_at")?,
    })
}

/// The account with this id.
pub fn find(tx: &mut Tx, id: &AccountId) -> Result<Option<Account>, Fault> {
    let sql = "SELECT id, is_operator, created_at, disabled_at
               FROM accounts
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(account).transpose()
}

/// Accounts after an id (empty for the first), by id. For operators.
pub fn list(tx: &mut Tx, after: &str, limit: u32) -> Result<Vec<Account>, Fault> {
    let sql = "SELECT id, is_operator, created_at, disabled_at
               FROM accounts
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    tx.all(sql, args![after, limit])?.iter().map(account).collect()
}

/// The account with this id, unless it is disabled.
pub(crate) fn find_live(tx: &mut Tx, id: &AccountId) -> Result<Option<Account>, Fault> {
    Ok(find(tx, id)?.filter(|account| account.disabled_at.is_none()))
}

/// True when somebody runs this server.
pub fn has_operator(tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM accounts
               WHERE is_operator AND disabled_at IS NULL
               LIMIT 1";
    Ok(tx.one(sql, args![])?.is_some())
}

/// What the account's passkeys keep of it.
pub(crate) fn user_handle(tx: &mut Tx, id: &AccountId) -> Result<String, Fault> {
    let sql = "SELECT user_handle
               FROM accounts
               WHERE id = $1";
    match tx.one(sql, args![id])? {
        Some(row) => row.text("user_handle"),
        None => Err(Fault::new("account find: a session without account")),
    }
}

/// Holds the account's row until the transaction ends: what is counted below stays as counted.
pub(crate) fn hold(tx: &mut Tx, id: &AccountId) -> Result<(), Fault> {
    let sql = "UPDATE accounts
               SET created_at = created_at
               WHERE id = $1";
    tx.run(sql, args![id])?;
    Ok(())
}

pub(super) fn insert(
    tx: &mut Tx,
    id: &AccountId,
    user_handle: &str,
    is_operator: bool,
    now: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO accounts (id, user_handle, is_operator, created_at)
               VALUES ($1, $2, $3, $4)";
    tx.run(sql, args![id, user_handle, is_operator, now])?;
    Ok(())
}

pub(super) fn disable(tx: &mut Tx, id: &AccountId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE accounts
               SET disabled_at = $2
               WHERE id = $1 AND disabled_at IS NULL";
    Ok(tx.run(sql, args![id, now])? == 1)
}

pub(super) fn enable(tx: &mut Tx, id: &AccountId) -> Result<bool, Fault> {
    let sql = "UPDATE accounts
               SET disabled_at = NULL
               WHERE id = $1 AND disabled_at IS NOT NULL";
    Ok(tx.run(sql, args![id])? == 1)
}

pub(super) fn delete(tx: &mut Tx, id: &AccountId) -> Result<(), Fault> {
    tx.run("DELETE FROM accounts WHERE id = $1", args![id])?;
    Ok(())
}
