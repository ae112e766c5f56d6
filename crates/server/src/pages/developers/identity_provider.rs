//! Who vouches for the people of an app, besides this server.

use super::end::Nothing;
use super::{Desk, WRONG, change_vault, sentence};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppIdentityProvider, AppTab, DevelopersTab};
use crate::views::{End, Entry};
use axum::extract::{Path, State};
use oauth::app::App as Registered;
use serde::Deserialize;
use vault::subject::{self, Issuer, NewIssuer};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    said: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    jwks_uri: String,
    #[serde(default)]
    subject_claim: String,
    #[serde(default)]
    email_claim: String,
    #[serde(default)]
    name_claim: String,
    #[serde(default)]
    groups_claim: String,
}

impl Sent {
    /// The form as it is before anybody types.
    fn of(set: Option<&Issuer>) -> Sent {
        let Some(set) = set else {
            let usual = NewIssuer::standard("", "");
            return Sent {
                subject_claim: usual.subject_claim,
                email_claim: usual.email_claim,
                name_claim: usual.name_claim,
                groups_claim: usual.groups_claim,
                ..Sent::default()
            };
        };
        Sent {
            issuer: set.issuer.clone(),
            audience: set.audience.clone(),
            jwks_uri: set.jwks_uri.clone().unwrap_or_default(),
            subject_claim: set.subject_claim.clone(),
            email_claim: set.email_claim.clone(),
            name_claim: set.name_claim.clone(),
            groups_claim: set.groups_claim.clone(),
        }
    }

    fn new_issuer(&self) -> NewIssuer {
        NewIssuer {
            jwks_uri: Some(self.jwks_uri.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
            subject_claim: self.subject_claim.trim().to_owned(),
            email_claim: self.email_claim.trim().to_owned(),
            name_claim: self.name_claim.trim().to_owned(),
            groups_claim: self.groups_claim.trim().to_owned(),
            ..NewIssuer::standard(self.issuer.trim(), self.audience.trim())
        }
    }
}

async fn find(server: &App, app: &Registered) -> Result<Option<Issuer>, PageError> {
    let owner = app.id.clone();
    Ok(server.store.read(move |tx| subject::find_issuer(tx, &owner)).await?)
}

/// `GET /developers/apps/{client_id}/identity-provider`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let set = find(&server, &app).await?;
    let mut view = view(&server, &desk, &app, &Sent::of(set.as_ref()), set.is_some());
    match part.said.as_deref() {
        Some("saved") => view.frame = view.frame.with_notice("Saved."),
        Some("removed") => view.frame = view.frame.with_notice("Nobody else vouches for the app’s people any more."),
        _ => {}
    }
    page::show(&view)
}

/// `POST /developers/apps/{client_id}/identity-provider`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, new, ours) = (desk.by(&app)?, sent.new_issuer(), server.config.issuer.clone());
    match change_vault(&server, by, move |tx, seams, by| subject::set_issuer(tx, seams, by, &ours, &new)).await {
        Ok(_) => Ok(page::go(&format!("/developers/apps/{}/identity-provider?said=saved", app.client_id()))),
        Err(error) => {
            let mistake = Some(sentence(error)?);
            let is_set = find(&server, &app).await?.is_some();
            let view = AppIdentityProvider { mistake, ..view(&server, &desk, &app, &sent, is_set) };
            page::show_with(WRONG, &view, None)
        }
    }
}

/// `GET /developers/apps/{client_id}/identity-provider/end`
pub(super) async fn ask(State(server): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    desk.by(&app)?;
    let set = find(&server, &app).await?.ok_or_else(PageError::not_found)?;
    let here = format!("/developers/apps/{}/identity-provider", app.client_id());
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: "Remove the identity provider?".to_owned(),
        ends: vec![format!("Tokens of {} are refused as user_token.", set.issuer)],
        note: Some(
            "The people it named stay known, with their connections: set it again and they are there.".to_owned(),
        ),
        action: format!("{here}/end"),
        fields: Vec::new(),
        confirm: None,
        verb: "Remove the identity provider".to_owned(),
        cancel_url: here,
    })
}

/// `POST /developers/apps/{client_id}/identity-provider/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    change_vault(&server, desk.by(&app)?, subject::remove_issuer).await?;
    Ok(page::go(&format!("/developers/apps/{}/identity-provider?said=removed", app.client_id())))
}

fn view(server: &App, desk: &Desk, app: &Registered, sent: &Sent, is_set: bool) -> AppIdentityProvider {
    AppIdentityProvider {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::IdentityProvider),
        is_set,
        issuer: Entry::of(&sent.issuer),
        audience: Entry::of(&sent.audience),
        jwks_uri: Entry::of(&sent.jwks_uri),
        claims: [
            ("subject_claim", "Subject", Entry::of(&sent.subject_claim)),
            ("email_claim", "E-mail", Entry::of(&sent.email_claim)),
            ("name_claim", "Name", Entry::of(&sent.name_claim)),
            ("groups_claim", "Groups", Entry::of(&sent.groups_claim)),
        ],
        mistake: None,
        may_change: desk.may_change(),
    }
}
