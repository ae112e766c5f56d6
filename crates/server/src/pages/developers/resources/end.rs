//! Before a resource is deleted: what ends with it.

use super::{open, path};
use crate::app::App;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::pages::developers::end::{Nothing, needs_admin};
use crate::pages::developers::refused;
use crate::views::developers::DevelopersTab;
use crate::views::{End, Name, count};
use axum::extract::{Path, State};
use oauth::resource;

/// `GET /developers/apps/{client_id}/resources/{resource_id}/end`
pub(super) async fn ask(
    State(server): State<App>,
    signed: Signed,
    Path((id, resource)): Path<(String, String)>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, &id, resource).await?;
    needs_admin(&desk, "Owners and admins delete resources.")?;
    let held = found.clone();
    let held = server.store.read(move |tx| resource::holders(tx, &held)).await?;
    let grants = match held.grants {
        0 => "No app holds a grant on it.".to_owned(),
        1 => "1 grant ends, and its app is not told.".to_owned(),
        many => format!("{} grants end, and their apps are not told.", count(many)),
    };
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: format!("Delete {}?", Name::new(&found.name)),
        ends: vec![
            grants,
            "Its delegated tokens are inactive.".to_owned(),
            format!("A request for {} is answered with invalid_target.", found.key),
        ],
        note: Some("This cannot be undone. To take it out of service for a while, pause it.".to_owned()),
        action: format!("{}/end", path(&app, &found.id)),
        fields: Vec::new(),
        confirm: None,
        verb: "Delete the resource".to_owned(),
        cancel_url: path(&app, &found.id),
    })
}

/// `POST /developers/apps/{client_id}/resources/{resource_id}/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path((id, resource)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, &id, resource).await?;
    needs_admin(&desk, "Owners and admins delete resources.")?;
    let (actor, seams) = (desk.actor.clone(), server.seams.clone());
    server.store.write_again(move |tx| resource::delete(tx, &seams, &actor, &found.id)).await.map_err(refused)?;
    Ok(page::go(&format!("/developers/apps/{}/resources", app.client_id())))
}
