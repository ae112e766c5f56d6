//! What an app offers to other apps: registering it, changing it, and who holds grants on it.

mod edit;
mod end;
mod form;
mod holders;
mod new;

use super::{Desk, refused};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::Name;
use crate::views::developers::{AppResources, AppTab, DevelopersTab, ResourceRow};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use base::{Fault, ResourceId};
use oauth::app::{App as Registered, Error};
use oauth::resource::{self, Resource};

/// The routes of the tab.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/developers/apps/{client_id}/resources", get(list).post(new::create))
        .route("/developers/apps/{client_id}/resources/new", get(new::ask))
        .route("/developers/apps/{client_id}/resources/{resource_id}", get(edit::show).post(edit::change))
        .route("/developers/apps/{client_id}/resources/{resource_id}/pause", post(edit::pause))
        .route("/developers/apps/{client_id}/resources/{resource_id}/resume", post(edit::resume))
        .route("/developers/apps/{client_id}/resources/{resource_id}/end", get(end::ask).post(end::end))
}

/// `GET /developers/apps/{client_id}/resources`
async fn list(State(server): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let id = app.id.clone();
    let found = server
        .store
        .read(move |tx| {
            let mut found = Vec::new();
            for one in resource::list_of_app(tx, &id)? {
                let held = resource::holders(tx, &one)?;
                found.push((one, held.grants));
            }
            Ok::<_, Fault>(found)
        })
        .await?;
    let rows = found.iter().map(|(one, grants)| ResourceRow {
        id: one.id.as_str().to_owned(),
        key: one.key.clone(),
        name: Name::new(&one.name),
        audience: one.audience.clone(),
        scopes: number(one.scopes.len()),
        grants: number(*grants),
        is_paused: one.paused_at.is_some(),
    });
    page::show(&AppResources {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(&app, AppTab::Resources),
        rows: rows.collect(),
        may_change: desk.may_change(),
    })
}

/// The app and the resource of an address, which has to be the app's.
async fn open(
    server: &App,
    signed: Signed,
    client_id: &str,
    id: String,
) -> Result<(Desk, Registered, Resource), PageError> {
    let (desk, app) = Desk::of_app(server, signed, client_id).await?;
    let found = server.store.read(move |tx| resource::find(tx, &ResourceId::from_text(id))).await?;
    let found = found.filter(|found| found.app == app.id).ok_or_else(PageError::not_found)?;
    Ok((desk, app, found))
}

/// The pages for those who look: whoever changes nothing has no form to send.
fn needs_developer(desk: &Desk) -> Result<(), PageError> {
    if desk.may_change() { Ok(()) } else { Err(refused(Error::NotFound)) }
}

fn path(app: &Registered, id: &ResourceId) -> String {
    format!("/developers/apps/{}/resources/{id}", app.client_id())
}

/// A count as pages take it.
fn number<N: TryInto<u32>>(count: N) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}
