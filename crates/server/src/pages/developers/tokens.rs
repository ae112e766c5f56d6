//! How long an app's tokens live and how they are signed.

use super::fields::{Said, is_on, secs};
use super::{Desk, WRONG, change as change_apps, refused};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppTab, AppTokens, DevelopersTab};
use crate::views::span;
use axum::extract::{Path, State};
use oauth::app::{self, App as Registered, Error, Wish};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Shown {
    saved: Option<String>,
}

/// `GET /developers/apps/{client_id}/tokens`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut view = view(&server, &desk, &app, &Sent::of(&app), &Said::default());
    if shown.saved.is_some() {
        view.frame = view.frame.with_notice("Saved.");
    }
    page::show(&view)
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    access_token_ttl_secs: String,
    #[serde(default)]
    refresh_token_idle_secs: String,
    #[serde(default)]
    refresh_token_absolute_secs: String,
    #[serde(default)]
    refresh_replay_window_secs: String,
    #[serde(default)]
    id_token_signed_response_alg: String,
    require_pkce: Option<String>,
}

impl Sent {
    /// The form as it is before anybody types.
    fn of(app: &Registered) -> Sent {
        let text = |secs: Option<i64>| secs.map(|secs| secs.to_string()).unwrap_or_default();
        Sent {
            access_token_ttl_secs: text(app.access_ttl_secs),
            refresh_token_idle_secs: text(app.refresh_idle_secs),
            refresh_token_absolute_secs: text(app.refresh_absolute_secs),
            refresh_replay_window_secs: text(app.refresh_replay_secs),
            id_token_signed_response_alg: app.alg.as_str().to_owned(),
            require_pkce: app.require_pkce.then(|| "on".to_owned()),
        }
    }
}

/// `POST /developers/apps/{client_id}/tokens`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let wish = Wish {
        access_ttl_secs: secs(&sent.access_token_ttl_secs),
        refresh_idle_secs: secs(&sent.refresh_token_idle_secs),
        refresh_absolute_secs: secs(&sent.refresh_token_absolute_secs),
        refresh_replay_secs: secs(&sent.refresh_replay_window_secs),
        alg: Some(sent.id_token_signed_response_alg.clone()),
        // The box is not on the page of a public app, which always needs PKCE.
        require_pkce: app.is_confidential().then(|| is_on(sent.require_pkce.as_deref())),
        ..Wish::default()
    };
    let (actor, id) = (desk.actor.clone(), app.id.clone());
    match change_apps(&server, move |tx, seams| app::update(tx, seams, &actor, &id, wish.clone())).await {
        Ok(app) => Ok(page::go(&format!("/developers/apps/{}/tokens?saved=1", app.client_id()))),
        Err(Error::Complaints(complaints)) => {
            page::show_with(WRONG, &view(&server, &desk, &app, &sent, &Said(complaints)), None)
        }
        Err(error) => Err(refused(error)),
    }
}

fn view(server: &App, desk: &Desk, app: &Registered, sent: &Sent, said: &Said) -> AppTokens {
    let usual = &server.config.lifetimes;
    AppTokens {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Tokens),
        access_ttl: said.entry("access_token_ttl_secs", &sent.access_token_ttl_secs),
        refresh_idle: said.entry("refresh_token_idle_secs", &sent.refresh_token_idle_secs),
        refresh_absolute: said.entry("refresh_token_absolute_secs", &sent.refresh_token_absolute_secs),
        replay_window: said.entry("refresh_replay_window_secs", &sent.refresh_replay_window_secs),
        server_access_ttl: span(usual.access_secs),
        server_refresh_idle: span(usual.refresh_idle_secs),
        server_refresh_absolute: span(usual.refresh_absolute_secs),
        algorithm: sent.id_token_signed_response_alg.clone(),
        requires_pkce: is_on(sent.require_pkce.as_deref()),
        may_change: desk.may_change(),
    }
}
