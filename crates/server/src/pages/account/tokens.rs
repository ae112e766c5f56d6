//! `/account/tokens`: session tokens, a person's own key to the list of what they allowed (seed 000).

use super::{Done, done, place, step_up_first};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, SessionTokenRow, SessionTokens};
use crate::views::{Moment, Name};
use axum::extract::{Path, State};
use base::Secret;
use serde::Deserialize;

const HERE: &str = "/account/tokens";

/// `GET /account/tokens`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    view(&app, &signed, &said, None).await
}

#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
}

/// `POST /account/tokens`: the only answer that shows it.
pub async fn make(State(app): State<App>, signed: Signed, Form(form): Form<Named>) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, HERE) {
        return Ok(first);
    }
    let made = app.people.make_session_token(&signed.session, &form.name).await?;
    view(&app, &signed, &Done::default(), Some(&made)).await
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/tokens/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<i64>, Form(_): Form<Nothing>) -> PageResult {
    app.people.end_session_token(&signed.session, id).await?;
    Ok(done(HERE, "token-ended"))
}

async fn view(app: &App, signed: &Signed, said: &Done, made: Option<&Secret>) -> PageResult {
    let (frame, rail, _) = place(app, signed, AccountTab::Access, said).await?;
    let now = app.seams.now();
    let rows = app.people.session_tokens(&signed.session.account).await?.into_iter().map(|token| SessionTokenRow {
        id: token.number,
        name: Name::new(&token.name),
        made: Moment::day(token.created_at, now),
        ends: Moment::day(token.expires_at, now),
        last_used: token.last_used_at.map(|at| Moment::seen_from(at, now)),
    });
    page::show(&SessionTokens {
        frame,
        rail,
        rows: rows.collect(),
        made: made.map(|token| token.reveal().to_owned()),
        address: app.url("/api/oauth/delegations"),
    })
}
