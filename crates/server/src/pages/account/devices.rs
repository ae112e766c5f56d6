//! `/account/devices`: where one is signed in, and signing out there.

use super::{Done, done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, SessionRow, Sessions};
use crate::views::{End, Moment, Name};
use axum::extract::{Path, State};
use people::session::Listed;
use serde::Deserialize;

const HERE: &str = "/account/devices";

fn how(amr: &[String]) -> &'static str {
    let has = |word: &str| amr.iter().any(|own| own == word);
    match (has("mca"), has("pop")) {
        (true, _) => "approved by another device",
        (false, true) => "with a passkey",
        (false, false) => "with a code or link",
    }
}

/// `GET /account/devices`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    let (frame, rail, _) = place(&app, &signed, AccountTab::Devices, &said).await?;
    let now = app.seams.now();
    let rows =
        app.people.sessions(&signed.session.account).await?.into_iter().map(|Listed { session, device_name }| {
            SessionRow {
                id: session.grant.as_str().to_owned(),
                device: Name::new(&device_name),
                place: session.source,
                how: how(&session.amr).to_owned(),
                since: Moment::seen_from(session.opened_at, now),
                last_seen: Moment::seen_from(session.last_seen_at, now),
                is_this: session.grant == signed.session.grant,
            }
        });
    page::show(&Sessions { frame, rail, rows: rows.collect() })
}

/// `GET /account/devices/{id}/end`
pub async fn ask(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let sessions = app.people.sessions(&signed.session.account).await?;
    let found =
        sessions.into_iter().find(|listed| listed.session.grant.as_str() == id).ok_or_else(PageError::not_found)?;
    let (frame, rail, _) = place(&app, &signed, AccountTab::Devices, &Done::default()).await?;
    let view = End {
        frame,
        rail,
        heading: format!("Sign out on {}?", Name::new(&found.device_name)),
        ends: vec!["Whoever uses it has to sign in again.".to_owned()],
        note: Some("Apps that you let stay signed in while you are away go on. End those under Access.".to_owned()),
        action: format!("{HERE}/{}/end", found.session.grant),
        fields: Vec::new(),
        confirm: None,
        verb: "Sign out there".to_owned(),
        cancel_url: HERE.to_owned(),
    };
    page::show(&view)
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/devices/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    app.people.end_session(&signed.session, &id).await?;
    Ok(done(HERE, "signed-out"))
}

/// `GET /account/devices/end`
pub async fn ask_all(State(app): State<App>, signed: Signed) -> PageResult {
    let others = app.people.sessions(&signed.session.account).await?;
    let (frame, rail, _) = place(&app, &signed, AccountTab::Devices, &Done::default()).await?;
    let others = others.iter().filter(|listed| listed.session.grant != signed.session.grant);
    let view = End {
        frame,
        rail,
        heading: "Sign out everywhere else?".to_owned(),
        ends: others.map(|listed| format!("You are signed out on {}.", Name::new(&listed.device_name))).collect(),
        note: Some("Here you stay signed in.".to_owned()),
        action: format!("{HERE}/end"),
        fields: Vec::new(),
        confirm: None,
        verb: "Sign out everywhere else".to_owned(),
        cancel_url: HERE.to_owned(),
    };
    page::show(&view)
}

/// `POST /account/devices/end`
pub async fn end_all(State(app): State<App>, signed: Signed, Form(_): Form<Nothing>) -> PageResult {
    app.people.end_other_sessions(&signed.session).await?;
    Ok(done(HERE, "signed-out-others"))
}
