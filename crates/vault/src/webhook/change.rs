//! Setting up where an app hears of what happened, and sending something once more.

use super::{Delivery, EVENTS, Webhook, rows};
use crate::{By, Code, Result, acts, refuse};
use base::entropy::draw;
use base::{Seams, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::seal::Place;
use db::{Sealer, Tx};
use ledger::journal;
use net::Egress;
use serde_json::json;
use url::Url;

/// So many of an app.
const MOST: usize = 20;
const LONGEST_URL: usize = 2048;

/// What is wished for. What is nothing stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub url: Option<String>,
    /// Empty for all events.
    pub events: Option<Vec<String>>,
    pub is_on: Option<bool>,
}

/// A webhook that was just made, with its secret, which is shown this once.
#[derive(Debug, Clone)]
pub struct Made {
    pub webhook: Webhook,
    pub secret: Secret,
}

/// Makes a webhook inside the caller's transaction.
pub fn create(tx: &mut Tx<'_>, seams: &Seams, sealer: &Sealer, egress: &Egress, by: &By, wish: &Wish) -> Result<Made> {
    if rows::list_of_app(tx, &by.app)?.len() >= MOST {
        return Err(refuse(Code::InvalidRequest, "an app has at most 20 webhooks"));
    }
    let now = seams.now();
    let new = Webhook {
        id: format!("whk_{}", base::Uuid::at(now, seams.entropy())?),
        app: by.app.clone(),
        url: check_url(wish.url.as_deref().unwrap_or_default(), egress)?,
        events: check_events(wish.events.as_deref().unwrap_or_default())?,
        created_at: now,
        updated_at: now,
        disabled_at: (wish.is_on == Some(false)).then_some(now),
    };
    let secret = Secret::new(format!("whsec_{}", URL_SAFE_NO_PAD.encode(draw::<32>(seams.entropy())?)));
    let sealed = sealer.seal(place(&new.id), secret.reveal().as_bytes(), seams.entropy())?;
    rows::insert(tx, &new, &sealed)?;
    let detail = json!({ "webhook": new.id, "url": new.url });
    journal::write(tx, &by.entry(acts::WEBHOOK_CREATED, seams, detail)?)?;
    Ok(Made { webhook: new, secret })
}

/// Changes a webhook of the app inside the caller's transaction.
pub fn change(tx: &mut Tx<'_>, seams: &Seams, egress: &Egress, by: &By, id: &str, wish: &Wish) -> Result<Webhook> {
    let old = rows::find(tx, &by.app, id)?.ok_or_else(gone)?;
    let now = seams.now();
    let mut new = old.clone();
    if let Some(url) = &wish.url {
        new.url = check_url(url, egress)?;
    }
    if let Some(events) = &wish.events {
        new.events = check_events(events)?;
    }
    match wish.is_on {
        Some(true) => new.disabled_at = None,
        Some(false) => new.disabled_at = old.disabled_at.or(Some(now)),
        None => {}
    }
    if (&new.url, &new.events, new.disabled_at) == (&old.url, &old.events, old.disabled_at) {
        return Ok(old);
    }
    new.updated_at = now;
    rows::update(tx, &new)?;
    let detail = json!({ "webhook": new.id, "url": new.url, "is_on": new.disabled_at.is_none() });
    journal::write(tx, &by.entry(acts::WEBHOOK_CHANGED, seams, detail)?)?;
    Ok(new)
}

/// Removes a webhook of the app with its deliveries. False when there is none.
pub fn remove(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &str) -> Result<bool> {
    let Some(old) = rows::find(tx, &by.app, id)? else { return Ok(false) };
    rows::delete(tx, &old.id)?;
    let detail = json!({ "webhook": old.id, "url": old.url });
    journal::write(tx, &by.entry(acts::WEBHOOK_REMOVED, seams, detail)?)?;
    Ok(true)
}

/// Puts a delivery on its way once more, as if it were new.
pub fn resend(tx: &mut Tx<'_>, seams: &Seams, by: &By, webhook: &str, number: i64) -> Result<Delivery> {
    let own = rows::find(tx, &by.app, webhook)?.ok_or_else(gone)?;
    if own.disabled_at.is_some() {
        return Err(refuse(Code::InvalidRequest, "the webhook is switched off: switch it on first"));
    }
    let found = rows::find_delivery(tx, webhook, number)?.ok_or_else(gone)?;
    rows::put_back(tx, found.number, seams.now())?;
    let detail = json!({ "webhook": webhook, "delivery": found.id() });
    journal::write(tx, &by.entry(acts::WEBHOOK_RESENT, seams, detail)?)?;
    rows::find_delivery(tx, webhook, number)?.ok_or_else(gone)
}

pub(super) fn place(row: &str) -> Place<'_> {
    Place { table: "webhooks", row, column: "secret" }
}

fn gone() -> crate::Error {
    refuse(Code::NotFound, "there is no such webhook or delivery")
}

/// An https address, or one of http that the operator named. Where it leads is judged again at every delivery.
fn check_url(text: &str, egress: &Egress) -> Result<String> {
    let refused = || {
        refuse(Code::InvalidRequest, "url is an https address without user, password and fragment").with("field", "url")
    };
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| refused())?;
    let host = url.host_str().map(|host| match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    let is_named = url.scheme() == "http" && host.is_some_and(|host| egress.names(&host));
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_short = text.len() <= LONGEST_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && is_short && (url.scheme() == "https" || is_named) { Ok(text.to_owned()) } else { Err(refused()) }
}

fn check_events(names: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = names.iter().find(|name| !EVENTS.contains(&name.as_str())) {
        return Err(refuse(Code::InvalidRequest, "an event is unknown")
            .with("field", "events")
            .with("event", unknown.as_str()));
    }
    Ok(EVENTS.iter().filter(|known| names.iter().any(|name| name == *known)).map(|known| (*known).to_owned()).collect())
}
