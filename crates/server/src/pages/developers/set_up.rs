//! One app: its credentials, its addresses, how to use it.

use super::fields::{Said, Several, is_on, text};
use super::{Desk, WRONG, change as change_apps, refused};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::Moment;
use crate::views::developers::{AppSetUp, AppTab, DevelopersTab, FreshSecret, SecretRow, snippets};
use axum::extract::{Path, State};
use base::{RedirectUri, Secret};
use oauth::app::{self, App as Registered, AppKind, Error, Overlap, Wish};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    with: String,
    saved: Option<String>,
}

/// `GET /developers/apps/{client_id}`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut view = view(&server, &desk, &app, &Sent::of(&app), &Said::default(), &shown.with);
    if shown.saved.is_some() {
        view.frame = view.frame.with_notice("Saved.");
    }
    page::show(&view)
}

/// The page right after a secret was made.
pub(super) fn with_secret(server: &App, desk: &Desk, app: &Registered, secret: Option<&Secret>) -> PageResult {
    let mut view = view(server, desk, app, &Sent::of(app), &Said::default(), "");
    view.fresh = secret.map(|secret| FreshSecret { value: secret.reveal().to_owned() });
    page::show(&view)
}

/// What the form of addresses sends.
#[derive(Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    name: String,
    #[serde(default)]
    website_url: String,
    #[serde(default)]
    redirect_uri: Several,
    #[serde(default)]
    post_logout_redirect_uri: Several,
    development_mode: Option<String>,
    native: Option<String>,
}

impl Sent {
    /// The form as it is before anybody types.
    fn of(app: &Registered) -> Sent {
        let texts = |uris: &[RedirectUri]| Several::Many(uris.iter().map(|uri| uri.as_str().to_owned()).collect());
        let ticked = |is_on: bool| is_on.then(|| "on".to_owned());
        Sent {
            name: app.name.clone(),
            website_url: app.website.clone().unwrap_or_default(),
            redirect_uri: texts(&app.redirect_uris),
            post_logout_redirect_uri: texts(&app.post_logout_redirect_uris),
            development_mode: ticked(app.development_mode),
            native: ticked(app.native),
        }
    }
}

/// `POST /developers/apps/{client_id}`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let wish = Wish {
        name: Some(sent.name.clone()),
        website: text(&sent.website_url),
        redirect_uris: Some(sent.redirect_uri.clone().into_filled()),
        post_logout_redirect_uris: Some(sent.post_logout_redirect_uri.clone().into_filled()),
        development_mode: Some(is_on(sent.development_mode.as_deref())),
        native: Some(is_on(sent.native.as_deref())),
        ..Wish::default()
    };
    let (actor, id) = (desk.actor.clone(), app.id.clone());
    match change_apps(&server, move |tx, seams| app::update(tx, seams, &actor, &id, wish.clone())).await {
        Ok(app) => Ok(page::go(&format!("/developers/apps/{}?saved=1", app.client_id()))),
        Err(Error::Complaints(complaints)) => {
            page::show_with(WRONG, &view(&server, &desk, &app, &sent, &Said(complaints), ""), None)
        }
        Err(error) => Err(refused(error)),
    }
}

#[derive(Deserialize)]
pub(super) struct RotateForm {
    #[serde(default)]
    overlap: String,
}

/// `POST /developers/apps/{client_id}/secrets`
pub(super) async fn rotate(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<RotateForm>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let overlap = Overlap::secs(sent.overlap.parse().unwrap_or(i64::MIN)).map_err(refused)?;
    let (actor, id) = (desk.actor.clone(), app.id.clone());
    let rotated = change_apps(&server, move |tx, seams| app::rotate_secret(tx, seams, &actor, &id, overlap)).await;
    let rotated = rotated.map_err(refused)?;
    with_secret(&server, &desk, &rotated.app, Some(&rotated.secret))
}

fn view(server: &App, desk: &Desk, app: &Registered, sent: &Sent, said: &Said, with: &str) -> AppSetUp {
    let secrets = app.live_secrets(desk.now).collect::<Vec<_>>().into_iter().rev().map(|secret| SecretRow {
        id: secret.id.to_string(),
        made: Moment::seen_from(secret.created_at, desk.now),
        last_used: None,
        ends: secret.expires_at.map(|at| Moment::seen_from(at, desk.now)),
    });
    let is_public = app.kind == AppKind::Public;
    let back = app.redirect_uris.first().map_or("https://your.app/callback", RedirectUri::as_str);
    AppSetUp {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::SetUp),
        name: said.entry("name", &sent.name),
        website: said.entry("website_url", &sent.website_url),
        secrets: secrets.collect(),
        fresh: None,
        redirect_uris: said.entries("redirect_uris", &sent.redirect_uri.clone().into_filled()),
        post_logout_redirect_uris: said
            .entries("post_logout_redirect_uris", &sent.post_logout_redirect_uri.clone().into_filled()),
        is_in_development: is_on(sent.development_mode.as_deref()),
        is_native: is_on(sent.native.as_deref()),
        snippets: snippets(&server.config.issuer, app.client_id(), back, is_public, app.alg.as_str(), with),
        may_change: desk.may_change(),
    }
}
