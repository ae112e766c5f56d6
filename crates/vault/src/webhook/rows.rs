//! All SQL of the webhooks and their deliveries.

use base::{AppId, Fault, Time};
use db::{Tx, args};

/// The live webhooks of an app, with the events they want (nothing for all of them).
pub(super) fn live_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<(String, Vec<String>)>, Fault> {
    let sql = "SELECT id, events
               FROM webhooks
               WHERE app_id = $1 AND disabled_at IS NULL";
    let rows = tx.all(sql, args![app])?;
    rows.iter()
        .map(|row| Ok((row.text("id")?, row.text("events")?.split_whitespace().map(str::to_owned).collect())))
        .collect()
}

/// Puts an event on its way.
pub(super) fn insert_delivery(
    tx: &mut Tx<'_>,
    number: i64,
    webhook: &str,
    app: &AppId,
    event: &str,
    body: &str,
    now: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO deliveries (id, webhook_id, app_id, event, body, state, attempts, next_at, created_at)
               VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6)";
    tx.run(sql, args![number, webhook, app, event, body, now])?;
    Ok(())
}
