//! `/account`: how things stand.

use super::{Done, activity, place};
use crate::app::App;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountHome, AccountTab};
use axum::extract::State;

const LATELY: u32 = 5;

/// `GET /account`
pub async fn show(State(app): State<App>, signed: Signed) -> PageResult {
    page_of(&app, &signed).await
}

/// The page, also at `/`.
pub async fn page_of(app: &App, signed: &Signed) -> PageResult {
    let account = &signed.session.account;
    let (frame, rail, identities) = place(app, signed, AccountTab::Home, &Done::default()).await?;
    let apps = app.people.access(account).await?.into_iter().filter(|grant| grant.parent.is_none()).count();
    let recent = app.people.activity(account, i64::MAX, LATELY).await?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let view = AccountHome {
        frame,
        rail,
        passkeys: count(app.people.passkeys(account).await?.len()),
        codes_left: app.people.codes(account).await?.left,
        devices: count(app.people.sessions(account).await?.len()),
        apps: count(apps),
        recent: activity::events(app, &recent, &identities).await?,
        identities: count(identities.len()),
    };
    page::show(&view)
}
