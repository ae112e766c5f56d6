//! One resource: what it says, who holds grants on it, and whether it is in service.

use super::form::Sent;
use super::holders::{Holders, Part};
use super::{needs_developer, number, open, path};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::pages::developers::end::Nothing;
use crate::pages::developers::fields::Said;
use crate::pages::developers::{Desk, WRONG, proof, refused};
use crate::views::Name;
use crate::views::developers::{AppTab, DevelopersTab, Protected, ResourceForm, ResourcePage, protect};
use axum::extract::{Path, State};
use base::{Origin, ResourceId, Seams};
use db::Tx;
use oauth::app::{App as Registered, Error};
use oauth::organization::{Actor, Role};
use oauth::resource::{self, Resource};

/// `GET /developers/apps/{client_id}/resources/{resource_id}`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path((id, resource)): Path<(String, String)>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, &id, resource).await?;
    let holders = Holders::read(&server, &desk, &found, &part).await?;
    let providers = server.vault.providers().await?;
    let form = Sent::of(&found).form(&desk, false, &Said::default(), &providers);
    let mut view = view(&server, &desk, &app, &found, form, holders);
    if let Some(notice) = part.notice() {
        view.frame = view.frame.with_notice(notice);
    }
    page::show(&view)
}

enum Outcome {
    Saved,
    /// So many grants would be suspended, which nobody has confirmed.
    Asks(u64),
}

/// `POST /developers/apps/{client_id}/resources/{resource_id}`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path((id, resource)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, &id, resource).await?;
    needs_developer(&desk)?;
    let (sent, providers) = (sent.about(&found), server.vault.providers().await?);
    let holders = Holders::read(&server, &desk, &found, &Part::default()).await?;
    if sent.is_reshaped() {
        let form = sent.form(&desk, false, &Said::default(), &providers);
        return page::show(&view(&server, &desk, &app, &found, form, holders));
    }
    let unproven = proof::complaints(&server, &app, &sent.places(Some(&found))).await;
    if !unproven.is_empty() {
        let form = sent.form(&desk, false, &Said(unproven), &providers);
        return page::show_with(WRONG, &view(&server, &desk, &app, &found, form, holders), None);
    }
    let form = match save(&server, &desk.actor, &found.id, &sent).await {
        Ok(Outcome::Saved) => return Ok(page::go(&format!("{}?said=saved", path(&app, &found.id)))),
        Ok(Outcome::Asks(grants)) => {
            ResourceForm { suspends: Some(number(grants)), ..sent.form(&desk, false, &Said::default(), &providers) }
        }
        Err(Error::Complaints(complaints)) => sent.form(&desk, false, &Said(complaints), &providers),
        Err(error) => return Err(refused(error)),
    };
    page::show_with(WRONG, &view(&server, &desk, &app, &found, form, holders), None)
}

async fn save(server: &App, actor: &Actor, id: &ResourceId, sent: &Sent) -> Result<Outcome, Error> {
    let (actor, id, seams) = (actor.clone(), id.clone(), server.seams.clone());
    let (issuer, wish, is_confirmed) = (server.config.issuer.clone(), sent.wish(), sent.is_confirmed());
    let work = move |tx: &mut Tx<'_>| {
        let suspended = resource::would_suspend(tx, &actor, &issuer, &id, wish.clone())?;
        if suspended > 0 && !is_confirmed {
            return Ok(Outcome::Asks(suspended));
        }
        resource::update_if_different(tx, &seams, &actor, &issuer, &id, wish.clone())?;
        Ok(Outcome::Saved)
    };
    server.store.write_again(work).await
}

/// `POST /developers/apps/{client_id}/resources/{resource_id}/pause`
pub(super) async fn pause(
    State(server): State<App>,
    signed: Signed,
    Path((id, resource)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, &id, resource).await?;
    switch(&server, &desk, &found, resource::pause).await?;
    Ok(page::go(&format!("{}?said=paused", path(&app, &found.id))))
}

/// `POST /developers/apps/{client_id}/resources/{resource_id}/resume`
pub(super) async fn resume(
    State(server): State<App>,
    signed: Signed,
    Path((id, resource)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, &id, resource).await?;
    switch(&server, &desk, &found, resource::resume).await?;
    Ok(page::go(&format!("{}?said=resumed", path(&app, &found.id))))
}

type Switch = fn(&mut Tx<'_>, &Seams, &Actor, &ResourceId) -> Result<Resource, Error>;

async fn switch(server: &App, desk: &Desk, found: &Resource, to: Switch) -> Result<Resource, PageError> {
    let (actor, id, seams) = (desk.actor.clone(), found.id.clone(), server.seams.clone());
    server.store.write_again(move |tx| to(tx, &seams, &actor, &id)).await.map_err(refused)
}

fn view(
    server: &App,
    desk: &Desk,
    app: &Registered,
    found: &Resource,
    form: ResourceForm,
    holders: Holders,
) -> ResourcePage {
    let protected = Protected {
        issuer: &server.config.issuer,
        audience: &found.audience,
        key: &found.key,
        scope: found.scopes.first().map_or("", |scope| &scope.name),
    };
    ResourcePage {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Resources),
        id: found.id.as_str().to_owned(),
        key: found.key.clone(),
        audience: found.audience.clone(),
        title: Name::new(&found.name),
        is_paused: found.paused_at.is_some(),
        form,
        metadata_url: server.url(&format!("/api/oauth/resource/{}", found.key)),
        target_origin: found.runtime_endpoint.as_deref().and_then(Origin::of).map(|origin| origin.as_str().to_owned()),
        snippets: protect(protected, &holders.with),
        grants: number(holders.count.grants),
        suspended: number(holders.count.suspended),
        holders: holders.rows,
        pager: holders.pager,
        may_delete: desk.role >= Role::Admin,
    }
}
