//! `/account/codes`: ten new recovery codes.

use super::{Done, place, step_up_first};
use crate::api::people::tell;
use crate::app::App;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::Codes;
use crate::views::account::{AccountTab, RenewCodes};
use axum::extract::State;
use people::Notice;
use serde::Deserialize;

const HERE: &str = "/account/codes";

/// `GET /account/codes`
pub async fn ask(State(app): State<App>, signed: Signed) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, HERE) {
        return Ok(first);
    }
    let (frame, rail, _) = place(&app, &signed, AccountTab::Passkeys, &Done::default()).await?;
    page::show(&RenewCodes { frame, rail, codes_left: app.people.codes(&signed.session.account).await?.left })
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/codes`: the only answer that shows them.
pub async fn make(State(app): State<App>, signed: Signed, Form(_): Form<Nothing>) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, HERE) {
        return Ok(first);
    }
    let older = app.people.codes(&signed.session.account).await?.left;
    let codes = app.people.renew_codes(&signed.session).await?;
    tell(&app, &signed.session.account, Notice::CodesMade).await?;
    let identities = app.people.identities(&signed.session.account).await?;
    let view = Codes {
        frame: page::frame(&app),
        handle: identities.first().map(|identity| identity.handle.clone()).unwrap_or_default(),
        codes: codes.iter().map(|code| code.reveal().to_owned()).collect(),
        replaces_older: older > 0,
        next: "/account/passkeys".to_owned(),
    };
    page::show(&view)
}
