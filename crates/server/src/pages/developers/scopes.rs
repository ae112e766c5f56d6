//! Which scopes an app may ask for.

use super::fields::{Said, Several};
use super::{Desk, WRONG, change as change_apps, refused};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppScopes, AppTab, DevelopersTab, ScopeChoice};
use crate::views::{Email, scope_line};
use axum::extract::{Path, State};
use base::Scope;
use oauth::app::{self, App as Registered, Error, SIGN_IN_SCOPES, Wish};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Shown {
    saved: Option<String>,
}

/// `GET /developers/apps/{client_id}/scopes`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut view = view(&server, &desk, &app, &app.scopes, None);
    if shown.saved.is_some() {
        view.frame = view.frame.with_notice("Saved.");
    }
    page::show(&view)
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    scope: Several,
}

/// `POST /developers/apps/{client_id}/scopes`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let chosen = sent.scope.into_filled();
    let wish = Wish { scopes: Some(chosen.clone()), ..Wish::default() };
    let (actor, id) = (desk.actor.clone(), app.id.clone());
    match change_apps(&server, move |tx, seams| app::update(tx, seams, &actor, &id, wish.clone())).await {
        Ok(app) => Ok(page::go(&format!("/developers/apps/{}/scopes?saved=1", app.client_id()))),
        Err(Error::Complaints(complaints)) => {
            let mistake = Said(complaints).about("scopes");
            page::show_with(WRONG, &view(&server, &desk, &app, &Scope::of(chosen), mistake), None)
        }
        Err(error) => Err(refused(error)),
    }
}

fn view(server: &App, desk: &Desk, app: &Registered, chosen: &Scope, mistake: Option<String>) -> AppScopes {
    let choice = |name: &str| ScopeChoice {
        name: name.to_owned(),
        asks: scope_line(name, &Email::Verified("their address".to_owned())).text.trim_end_matches(',').to_owned(),
        yields: yields(name).to_owned(),
        is_allowed: chosen.has(name),
        is_high: name == "user_id",
    };
    AppScopes {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Scopes),
        choices: SIGN_IN_SCOPES.map(choice).into(),
        mistake,
        may_change: desk.may_change(),
    }
}

/// What the app gets for a scope, in the words of the tokens.
fn yields(scope: &str) -> &'static str {
    match scope {
        "openid" => "sub and an ID token",
        "profile" => "name, preferred_username, picture",
        "email" => "email, email_verified",
        "offline_access" => "a refresh token",
        _ => "uid, user_id",
    }
}
