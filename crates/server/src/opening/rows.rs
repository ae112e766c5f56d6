//! All SQL of the house's own small facts.

use base::{Fault, Time};
use db::{Tx, args};

/// The value of a fact.
pub(super) fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>, Fault> {
    tx.one("SELECT value FROM settings WHERE name = $1", args![name])?.map(|row| row.text("value")).transpose()
}

/// Keeps a fact unless there is one already. False when there was.
pub(super) fn keep(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<bool, Fault> {
    let sql = "INSERT INTO settings (name, value)
               VALUES ($1, $2)
               ON CONFLICT (name) DO NOTHING";
    Ok(tx.run(sql, args![name, value])? == 1)
}

/// Sets a fact.
pub(super) fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO settings (name, value)
               VALUES ($1, $2)
               ON CONFLICT (name) DO UPDATE SET value = $2";
    tx.run(sql, args![name, value])?;
    Ok(())
}

/// Gives up every lease.
pub(super) fn drop_leases(tx: &mut Tx<'_>) -> Result<(), Fault> {
    tx.run("DELETE FROM leases", args![])?;
    Ok(())
}

/// The newest moment that the schema's history or the journal tells of.
pub(super) fn newest(tx: &mut Tx<'_>) -> Result<Option<Time>, Fault> {
    let applied = tx.one("SELECT max(applied_at) AS newest FROM schema_history", args![])?;
    let applied = applied.map(|row| row.opt_time("newest")).transpose()?.flatten();
    let told = tx.one("SELECT max(id) AS newest FROM journal", args![])?;
    let told = told.map(|row| row.opt_int("newest")).transpose()?.flatten().map(base::id::number_time);
    Ok(applied.max(told))
}
