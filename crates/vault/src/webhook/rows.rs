//! All SQL of the webhooks and their deliveries.

use super::{Delivery, State, Webhook};
use base::{AppId, Fault, Time};
use db::{Row, Tx, args};

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

fn webhook(row: &Row) -> Result<Webhook, Fault> {
    Ok(Webhook {
        id: row.text("id")?,
        app: AppId::from_text(row.text("app_id")?),
        url: row.text("url")?,
        events: row.text("events")?.split_whitespace().map(str::to_owned).collect(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled_at: row.opt_time("disabled_at")?,
    })
}

fn delivery(row: &Row) -> Result<Delivery, Fault> {
    Ok(Delivery {
        number: row.int("id")?,
        webhook: row.text("webhook_id")?,
        app: AppId::from_text(row.text("app_id")?),
        event: row.text("event")?,
        body: row.text("body")?,
        state: State::parse(&row.text("state")?).ok_or_else(|| Fault::new("deliveries: unknown state"))?,
        attempts: row.int("attempts")?,
        next_at: row.opt_time("next_at")?,
        last_status: row.opt_int("last_status")?,
        last_error: row.opt_text("last_error")?,
        created_at: row.time("created_at")?,
        delivered_at: row.opt_time("delivered_at")?,
    })
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Webhook, sealed: &[u8]) -> Result<(), Fault> {
    let sql = "INSERT INTO webhooks (id, app_id, url, secret, events, created_at, updated_at, disabled_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let events = new.events.join(" ");
    tx.run(sql, args![new.id, new.app, new.url, sealed, events, new.created_at, new.updated_at, new.disabled_at])?;
    Ok(())
}

pub(super) fn update(tx: &mut Tx<'_>, changed: &Webhook) -> Result<(), Fault> {
    let sql = "UPDATE webhooks
               SET url = $2, events = $3, updated_at = $4, disabled_at = $5
               WHERE id = $1";
    let events = changed.events.join(" ");
    tx.run(sql, args![changed.id, changed.url, events, changed.updated_at, changed.disabled_at])?;
    Ok(())
}

/// The webhook of an app with this id.
pub fn find(tx: &mut Tx<'_>, app: &AppId, id: &str) -> Result<Option<Webhook>, Fault> {
    let sql = "SELECT id, app_id, url, events, created_at, updated_at, disabled_at
               FROM webhooks
               WHERE id = $1 AND app_id = $2";
    tx.one(sql, args![id, app])?.as_ref().map(webhook).transpose()
}

/// The webhooks of an app, newest first.
pub fn list_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<Webhook>, Fault> {
    let sql = "SELECT id, app_id, url, events, created_at, updated_at, disabled_at
               FROM webhooks
               WHERE app_id = $1
               ORDER BY id DESC";
    tx.all(sql, args![app])?.iter().map(webhook).collect()
}

pub(super) fn delete(tx: &mut Tx<'_>, id: &str) -> Result<(), Fault> {
    tx.run("DELETE FROM deliveries WHERE webhook_id = $1", args![id])?;
    tx.run("DELETE FROM webhooks WHERE id = $1", args![id])?;
    Ok(())
}

/// Removes the webhooks of an app that is going away.
pub fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    for one in list_of_app(tx, app)? {
        delete(tx, &one.id)?;
    }
    Ok(())
}

/// One delivery of a webhook.
pub fn find_delivery(tx: &mut Tx<'_>, webhook: &str, number: i64) -> Result<Option<Delivery>, Fault> {
    let sql = "SELECT id, webhook_id, app_id, event, body, state, attempts, next_at, last_status, last_error,
                      created_at, delivered_at
               FROM deliveries
               WHERE id = $1 AND webhook_id = $2";
    tx.one(sql, args![number, webhook])?.as_ref().map(delivery).transpose()
}

/// Deliveries of a webhook before a number (`i64::MAX` for the newest), newest first; of one state, or of every one when it is empty.
pub fn page_of_webhook(
    tx: &mut Tx<'_>,
    webhook: &str,
    state: &str,
    before: i64,
    limit: u32,
) -> Result<Vec<Delivery>, Fault> {
    let sql = "SELECT id, webhook_id, app_id, event, body, state, attempts, next_at, last_status, last_error,
                      created_at, delivered_at
               FROM deliveries
               WHERE webhook_id = $1 AND id < $2 AND ($3 = '' OR state = $3)
               ORDER BY id DESC
               LIMIT $4";
    tx.all(sql, args![webhook, before, state, limit])?.iter().map(delivery).collect()
}

/// What is due now, with address and sealed secret; nothing of a webhook that is switched off.
pub(super) fn due(tx: &mut Tx<'_>, now: Time, limit: u32) -> Result<Vec<(Delivery, String, Vec<u8>)>, Fault> {
    let sql =
        "SELECT deliveries.id AS id, webhook_id, deliveries.app_id AS app_id, event, body, state, attempts, next_at,
                      last_status, last_error, deliveries.created_at AS created_at, delivered_at,
                      webhooks.url AS url, webhooks.secret AS secret
               FROM deliveries
               JOIN webhooks ON webhooks.id = deliveries.webhook_id
               WHERE state = 'waiting' AND next_at <= $1 AND disabled_at IS NULL
               ORDER BY next_at
               LIMIT $2";
    let rows = tx.all(sql, args![now, limit])?;
    rows.iter().map(|row| Ok((delivery(row)?, row.text("url")?, row.bytes("secret")?))).collect()
}

/// Takes a delivery for one attempt: nobody else sends it before `until`. False when somebody else has taken it.
pub(super) fn take_attempt(tx: &mut Tx<'_>, due: &Delivery, until: Time) -> Result<bool, Fault> {
    let sql = "UPDATE deliveries
               SET next_at = $2
               WHERE id = $1 AND state = 'waiting' AND attempts = $3 AND next_at = $4";
    Ok(tx.run(sql, args![due.number, until, due.attempts, due.next_at])? == 1)
}

pub(super) fn note_delivered(
    tx: &mut Tx<'_>,
    number: i64,
    attempts: i64,
    status: Option<i64>,
    now: Time,
) -> Result<(), Fault> {
    let sql = "UPDATE deliveries
               SET state = 'delivered', attempts = $2, last_status = $3, last_error = NULL, next_at = NULL,
                   delivered_at = $4
               WHERE id = $1 AND state = 'waiting'";
    tx.run(sql, args![number, attempts, status, now])?;
    Ok(())
}

/// Notes a failure. Without a next moment it is dead.
pub(super) fn note_failed(
    tx: &mut Tx<'_>,
    number: i64,
    attempts: i64,
    status: Option<i64>,
    error: &str,
    next: Option<Time>,
) -> Result<(), Fault> {
    let sql = "UPDATE deliveries
               SET state = $2, attempts = $3, last_status = $4, last_error = $5, next_at = $6
               WHERE id = $1 AND state = 'waiting'";
    let state = if next.is_some() { State::Waiting } else { State::Dead };
    tx.run(sql, args![number, state.as_str(), attempts, status, error, next])?;
    Ok(())
}

pub(super) fn put_back(tx: &mut Tx<'_>, number: i64, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE deliveries
               SET state = 'waiting', attempts = 0, next_at = $2
               WHERE id = $1";
    tx.run(sql, args![number, now])?;
    Ok(())
}

/// Removes deliveries that are over and older than a moment.
pub(crate) fn sweep(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM deliveries
               WHERE id IN (SELECT id FROM deliveries WHERE id < $1 AND state <> 'waiting' ORDER BY id LIMIT $2)";
    tx.run(sql, args![base::id::first_number_at(before), limit])
}
