//! `/account/data`: taking one's data along, and deleting the account.

use super::{Done, place, step_up_first};
use crate::api::people::mydata::attachment;
use crate::api::people::without_session;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::farewell;
use crate::views::account::{AccountTab, YourData};
use crate::views::{End, Entry, Link, Said};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

/// `GET /account/data`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    let (frame, rail, _) = place(&app, &signed, AccountTab::Data, &said).await?;
    page::show(&YourData { frame, rail })
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/data/export`
pub async fn export(State(app): State<App>, signed: Signed, Form(_): Form<Nothing>) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, "/account/data") {
        return Ok(first);
    }
    Ok(attachment(&app.people.export(&signed.session).await?))
}

async fn page_of(app: &App, signed: &Signed, typed: Entry) -> Result<(End, String), people::Error> {
    let (frame, rail, identities) = place(app, signed, AccountTab::Data, &Done::default()).await?;
    let handle = identities.first().map(|identity| identity.handle.clone()).unwrap_or_default();
    let view = End {
        frame,
        rail,
        heading: "Delete your account?".to_owned(),
        ends: vec![
            format!("Your identities, passkeys and recovery codes are deleted, {} in all names.", identities.len()),
            "Everything that you allowed ends, and every app loses you.".to_owned(),
            "You are signed out everywhere.".to_owned(),
        ],
        note: Some("This cannot be taken back. What apps have kept about you stays with them.".to_owned()),
        action: "/account/data/end".to_owned(),
        fields: Vec::new(),
        confirm: Some((handle.clone(), typed)),
        verb: "Delete my account".to_owned(),
        cancel_url: "/account/data".to_owned(),
    };
    Ok((view, handle))
}

/// `GET /account/data/end`
pub async fn ask(State(app): State<App>, signed: Signed) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, "/account/data/end") {
        return Ok(first);
    }
    page::show(&page_of(&app, &signed, Entry::empty()).await?.0)
}

#[derive(Deserialize)]
pub struct Confirmed {
    #[serde(default)]
    confirm: String,
}

/// `POST /account/data/end`
pub async fn end(State(app): State<App>, signed: Signed, Form(form): Form<Confirmed>) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, "/account/data/end") {
        return Ok(first);
    }
    let entry = Entry::refused(&form.confirm, "Type your handle exactly as it stands there.");
    let (view, handle) = page_of(&app, &signed, entry).await?;
    if form.confirm.trim().trim_start_matches('@') != handle {
        return page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None);
    }
    farewell::delete_account(&app, &signed.session).await?;
    let said = Said {
        frame: page::frame(&app),
        heading: "Your account is deleted".to_owned(),
        sentence: "Nothing of it is left here but a line in the journal that says so.".to_owned(),
        onward: Some(Link::new("Start page", "/")),
    };
    Ok(without_session(&app, page::show(&said)?))
}
