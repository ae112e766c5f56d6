//! Before something ends: what will end, said once, on a page of its own.

use super::{Desk, change, refused};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::DevelopersTab;
use crate::views::{End, Moment};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use ledger::grant;
use oauth::app::{self, App as Registered, AppSecret};
use oauth::organization::Role;
use serde::Deserialize;

/// A form with nothing but its CSRF token.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `GET /developers/apps/{client_id}/end`
pub(super) async fn ask_app(State(server): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    needs_admin(&desk, "Owners and admins delete apps.")?;
    let id = app.id.clone();
    let (people, _) = server.store.read(move |tx| grant::use_of_app(tx, &id)).await?;
    let people = match people {
        0 => "Nobody has signed in to it.".to_owned(),
        1 => "What 1 person allowed it ends.".to_owned(),
        many => format!("What {many} people allowed it ends."),
    };
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: format!("Delete {}?", app.name),
        ends: vec![
            people,
            "Its tokens and secrets no longer work.".to_owned(),
            "Nobody can sign in with it.".to_owned(),
        ],
        note: Some("This cannot be undone. A new app gets another client ID.".to_owned()),
        action: format!("{}/end", path(&app)),
        fields: Vec::new(),
        confirm: None,
        verb: "Delete the app".to_owned(),
        cancel_url: path(&app),
    })
}

/// `POST /developers/apps/{client_id}/end`
pub(super) async fn end_app(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    needs_admin(&desk, "Owners and admins delete apps.")?;
    let (actor, vault) = (desk.actor.clone(), server.vault.clone());
    let delete = move |tx: &mut db::Tx<'_>, seams: &base::Seams| {
        let wiped = vault::forget_app(tx, &vault, &app.id)?;
        app::delete(tx, seams, &actor, &app.id)?;
        Ok(wiped)
    };
    let wiped = change(&server, delete).await.map_err(refused)?;
    server.vault.revoke_upstream(wiped);
    Ok(page::go(&format!("/developers?organization={}", desk.organization.id)))
}

/// `GET /developers/apps/{client_id}/secrets/{secret}/end`
pub(super) async fn ask_secret(
    State(server): State<App>,
    signed: Signed,
    Path((id, secret)): Path<(String, String)>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let secret = ending(&app, &secret)?;
    let made = Moment::seen_from(secret.created_at, desk.now);
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: format!("End the secret made {}?", made.text),
        ends: vec!["Servers that still use it can no longer authenticate.".to_owned()],
        note: Some("The newer secret goes on.".to_owned()),
        action: format!("{}/secrets/{}/end", path(&app), secret.id),
        fields: Vec::new(),
        confirm: None,
        verb: "End the secret".to_owned(),
        cancel_url: path(&app),
    })
}

/// `POST /developers/apps/{client_id}/secrets/{secret}/end`
pub(super) async fn end_secret(
    State(server): State<App>,
    signed: Signed,
    Path((id, secret)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (actor, id, secret) = (desk.actor.clone(), app.id.clone(), ending(&app, &secret)?.id);
    change(&server, move |tx, seams| app::end_secret(tx, seams, &actor, &id, secret)).await.map_err(refused)?;
    Ok(page::go(&format!("{}?saved=1", path(&app))))
}

fn path(app: &Registered) -> String {
    format!("/developers/apps/{}", app.client_id())
}

/// A secret that another one is taking over from.
fn ending<'a>(app: &'a Registered, secret: &str) -> Result<&'a AppSecret, PageError> {
    let found = app.secrets.iter().find(|own| own.id.to_string() == secret && own.expires_at.is_some());
    found.ok_or_else(PageError::not_found)
}

/// Refuses with a sentence that says who may.
pub(super) fn needs_admin(desk: &Desk, sentence: &'static str) -> Result<(), PageError> {
    if desk.role >= Role::Admin {
        return Ok(());
    }
    let remedy = "Ask one of them; Members tells who they are.";
    Err(PageError::new(StatusCode::FORBIDDEN, sentence, remedy))
}
