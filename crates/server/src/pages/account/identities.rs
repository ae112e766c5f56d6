//! `/account/identities`: the names one goes by, and another one.

use super::{Done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::refused;
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, Identities, IdentityNew, IdentityRow};
use crate::views::{Email, Entry, Name, Tile};
use axum::extract::State;
use axum::http::StatusCode;
use people::Code;
use people::identity::Identity;
use serde::Deserialize;

const MOST: usize = 5;

/// What an identity has for an address.
pub async fn email_of(app: &App, signed: &Signed, identity: &Identity) -> Result<Email, people::Error> {
    if let Some(address) = &identity.email {
        return Ok(Email::Verified(address.clone()));
    }
    let waiting = app.people.waiting_email(&signed.session, identity.id.as_str()).await?;
    Ok(waiting.map_or(Email::Absent, |waiting| Email::Unproven(waiting.address)))
}

/// `GET /account/identities`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    let (frame, rail, identities) = place(&app, &signed, AccountTab::Identities, &said).await?;
    let access = app.people.access(&signed.session.account).await?;
    let mut rows = Vec::with_capacity(identities.len());
    for identity in &identities {
        let name = Name::new(&identity.display_name);
        let apps = access
            .iter()
            .filter(|grant| grant.parent.is_none() && grant.identity.as_ref() == Some(&identity.id))
            .count();
        rows.push(IdentityRow {
            id: identity.id.as_str().to_owned(),
            tile: Tile::person(identity.id.as_str(), &name, identity.picture.clone()),
            name,
            handle: identity.handle.clone(),
            email: email_of(&app, &signed, identity).await?,
            is_main: identity.is_primary,
            apps: u32::try_from(apps).unwrap_or(u32::MAX),
        });
    }
    page::show(&Identities { frame, rail, may_add: rows.len() < MOST, rows })
}

/// `GET /account/identities/new`
pub async fn ask(State(app): State<App>, signed: Signed) -> PageResult {
    let (frame, rail, _) = place(&app, &signed, AccountTab::Identities, &Done::default()).await?;
    page::show(&IdentityNew { frame, rail, name: Entry::empty(), handle: Entry::empty() })
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default, rename = "displayName")]
    pub display_name: String,
    #[serde(default)]
    pub handle: String,
}

impl Typed {
    /// The fields again, with the sentence at the one it is about.
    pub fn entries(self, refusal: people::Refusal) -> (Entry, Entry) {
        let sentence = refused::sentence(refusal.sentence);
        match refusal.code {
            Code::NameInvalid => (Entry::refused(self.display_name, sentence), Entry::of(self.handle)),
            _ => (Entry::of(self.display_name), Entry::refused(self.handle, sentence)),
        }
    }
}

/// `POST /account/identities`
pub async fn create(State(app): State<App>, signed: Signed, Form(form): Form<Typed>) -> PageResult {
    match app.people.create_identity(&signed.session, &form.display_name, &form.handle).await {
        Ok(made) => Ok(page::go(&format!("/account/identities/{}", made.id))),
        Err(people::Error::Refused(refusal)) => {
            let (frame, rail, _) = place(&app, &signed, AccountTab::Identities, &Done::default()).await?;
            let (name, handle) = form.entries(refusal);
            page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &IdentityNew { frame, rail, name, handle }, None)
        }
        Err(error) => Err(error.into()),
    }
}
