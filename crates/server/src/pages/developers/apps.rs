//! All apps of an organization, and a new one.

use super::fields::{Said, Several, text};
use super::{Desk, change, refused, set_up, who};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::Moment;
use crate::views::developers::{AppNew, AppRow, Apps, DevelopersTab};
use axum::extract::State;
use base::Fault;
use ledger::grant;
use oauth::app::{self, AppKind, Error, NewApp, Wish};
use serde::Deserialize;

/// Which organization.
#[derive(Deserialize)]
pub(super) struct Where {
    pub(super) organization: Option<String>,
}

/// `GET /developers`
pub(super) async fn list(State(server): State<App>, signed: Signed, Query(place): Query<Where>) -> PageResult {
    let desk = Desk::open(&server, signed, place.organization).await?;
    let ids: Vec<_> = desk.apps.iter().map(|app| app.id.clone()).collect();
    let uses = server
        .store
        .read(move |tx| ids.iter().map(|id| grant::use_of_app(tx, id)).collect::<Result<Vec<_>, Fault>>())
        .await?;
    let rows = desk.apps.iter().zip(uses).map(|(app, (people, last_used))| AppRow {
        id: app.client_id().to_owned(),
        app: who(app),
        is_public: app.kind == AppKind::Public,
        is_in_development: app.development_mode,
        people: u32::try_from(people).unwrap_or(u32::MAX),
        last_used: last_used.map(|at| Moment::seen_from(at, desk.now)),
    });
    page::show(&Apps {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::Apps),
        team: desk.organization.id.as_str().to_owned(),
        rows: rows.collect(),
        may_create: desk.may_change(),
    })
}

/// `GET /developers/apps/new`
pub(super) async fn ask(State(server): State<App>, signed: Signed, Query(place): Query<Where>) -> PageResult {
    let desk = Desk::open(&server, signed, place.organization).await?;
    form(&server, &desk, &NewForm::default(), &Said::default())
}

/// What the form of a new app sends.
#[derive(Default, Deserialize)]
pub(super) struct NewForm {
    #[serde(default)]
    team: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    website_url: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    redirect_uri: Several,
}

/// `POST /developers/apps`
pub(super) async fn create(State(server): State<App>, signed: Signed, Form(sent): Form<NewForm>) -> PageResult {
    let desk = Desk::open(&server, signed, Some(sent.team.clone())).await?;
    let kind = AppKind::parse(&sent.kind).unwrap_or(AppKind::Confidential);
    let wish = Wish {
        name: Some(sent.name.clone()),
        website: text(&sent.website_url),
        redirect_uris: Some(sent.redirect_uri.clone().into_filled()),
        ..Wish::default()
    };
    let new = NewApp { organization: desk.organization.id.clone(), kind, key: None, client_id: None, secret: None };
    let actor = desk.actor.clone();
    let created = change(&server, move |tx, seams| app::create(tx, seams, &actor, new.clone(), wish.clone())).await;
    match created {
        Err(Error::Complaints(complaints)) => form(&server, &desk, &sent, &Said(complaints)),
        Err(error) => Err(refused(error)),
        Ok(created) if created.secret.is_none() => {
            Ok(page::go(&format!("/developers/apps/{}", created.app.client_id())))
        }
        // The secret cannot travel in a redirect; this answer is the only time it is shown.
        Ok(created) => {
            let mut desk = desk;
            desk.apps.push(created.app.clone());
            set_up::with_secret(&server, &desk, &created.app, created.secret.as_ref())
        }
    }
}

fn form(server: &App, desk: &Desk, sent: &NewForm, said: &Said) -> PageResult {
    let view = AppNew {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::Apps),
        team: desk.organization.id.as_str().to_owned(),
        organization: None,
        name: said.entry("name", &sent.name),
        website: said.entry("website_url", &sent.website_url),
        is_public: sent.kind == AppKind::Public.as_str(),
        redirect_uris: said.entries("redirect_uris", &sent.redirect_uri.clone().into_filled()),
    };
    if said.0.is_empty() { page::show(&view) } else { page::show_with(super::WRONG, &view, None) }
}
