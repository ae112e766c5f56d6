//! Telling apps what happened: an event is written in the transaction of what it tells, and delivered afterwards.

mod rows;

use base::{AppId, Fault, Seams};
use db::Tx;
use serde_json::{Value, json};

/// Everything an app can be told.
pub const EVENTS: [&str; 8] = [
    "connection.created",
    "connection.updated",
    "connection.reauth_required",
    "connection.revoked",
    "grant.created",
    "grant.revoked",
    "approval.requested",
    "approval.decided",
];

/// Writes an event for each of the app's webhooks that wants it.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    seams: &Seams,
    app: &AppId,
    event: &'static str,
    data: &Value,
) -> Result<(), Fault> {
    let now = seams.now();
    for (webhook, wanted) in rows::live_of_app(tx, app)? {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == event) {
            continue;
        }
        let number = seams.number()?;
        let body = json!({
            "id": format!("evt_{number:016x}"),
            "type": event,
            "created_at": now.iso(),
            "app_id": app.as_str(),
            "data": data,
        });
        rows::insert_delivery(tx, number, &webhook, app, event, &body.to_string(), now)?;
    }
    Ok(())
}
