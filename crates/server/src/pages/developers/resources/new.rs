//! A new resource.

use super::form::Sent;
use super::{needs_developer, path};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::pages::developers::fields::Said;
use crate::pages::developers::{Desk, WRONG, proof, refused};
use crate::views::developers::{AppTab, DevelopersTab, ResourceNew};
use axum::extract::{Path, State};
use oauth::app::{App as Registered, Complaint, Error};
use oauth::resource::{self, NewResource};
use serde::Deserialize;
use std::sync::Arc;
use vault::provider::Provider;

#[derive(Deserialize)]
pub(super) struct Kind {
    #[serde(default)]
    kind: String,
}

/// `GET /developers/apps/{client_id}/resources/new?kind=`
pub(super) async fn ask(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(asked): Query<Kind>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    needs_developer(&desk)?;
    let providers = server.vault.providers().await?;
    page::show(&view(&server, &desk, &app, &Sent::of_kind(&asked.kind), &Said::default(), &providers))
}

/// `POST /developers/apps/{client_id}/resources`
pub(super) async fn create(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    needs_developer(&desk)?;
    let providers = server.vault.providers().await?;
    if sent.is_reshaped() {
        return page::show(&view(&server, &desk, &app, &sent, &Said::default(), &providers));
    }
    if sent.is_vault() && !providers.iter().any(|own| own.id == sent.provider) {
        let missing = Said(vec![Complaint::about("provider", "choose one of the list")]);
        return page::show_with(WRONG, &view(&server, &desk, &app, &sent, &missing, &providers), None);
    }
    let unproven = proof::complaints(&server, &app, &sent.places(None)).await;
    if !unproven.is_empty() {
        return page::show_with(WRONG, &view(&server, &desk, &app, &sent, &Said(unproven), &providers), None);
    }
    let new = NewResource { app: app.id.clone(), key: sent.key.trim().to_owned() };
    let (actor, seams, issuer) = (desk.actor.clone(), server.seams.clone(), server.config.issuer.clone());
    let wish = sent.wish();
    let made =
        server.store.write_again(move |tx| resource::create(tx, &seams, &actor, &issuer, new.clone(), wish.clone()));
    match made.await {
        Ok(made) => Ok(page::go(&format!("{}?said=registered", path(&app, &made.id)))),
        Err(Error::Complaints(complaints)) => {
            page::show_with(WRONG, &view(&server, &desk, &app, &sent, &Said(complaints), &providers), None)
        }
        Err(error) => Err(refused(error)),
    }
}

fn view(
    server: &App,
    desk: &Desk,
    app: &Registered,
    sent: &Sent,
    said: &Said,
    providers: &[Arc<Provider>],
) -> ResourceNew {
    ResourceNew {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Resources),
        form: sent.form(desk, true, said, providers),
    }
}
