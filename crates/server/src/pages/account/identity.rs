//! `/account/identities/{id}`: one identity, and changing it.

use super::identities::{Typed, email_of};
use super::{Done, done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::refused;
use crate::edge::session::Signed;
use crate::edge::upload::Upload;
use crate::views::account::{AccountTab, IdentityEdit};
use crate::views::{End, Entry, Name, Tile};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use people::identity::Identity;
use serde::Deserialize;

/// `GET /account/identities/{id}`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(said): Query<Done>,
) -> PageResult {
    let identity = app.people.identity(&signed.session.account, &id).await?;
    page::show(&page_of(&app, &signed, &identity, &said).await?)
}

async fn page_of(app: &App, signed: &Signed, identity: &Identity, said: &Done) -> Result<IdentityEdit, people::Error> {
    let (frame, rail, _) = place(app, signed, AccountTab::Identities, said).await?;
    let title = Name::new(&identity.display_name);
    Ok(IdentityEdit {
        frame,
        rail,
        id: identity.id.as_str().to_owned(),
        tile: Tile::person(identity.id.as_str(), &title, identity.picture.clone()),
        title,
        name: Entry::of(&identity.display_name),
        handle: Entry::of(&identity.handle),
        picture_mistake: None,
        email: email_of(app, signed, identity).await?,
        is_main: identity.is_primary,
        may_delete: !identity.is_primary,
    })
}

fn path_of(id: &str) -> String {
    format!("/account/identities/{id}")
}

/// `POST /account/identities/{id}`
pub async fn change(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Typed>,
) -> PageResult {
    match app.people.change_identity(&signed.session, &id, Some(&form.display_name), Some(&form.handle)).await {
        Ok(changed) => Ok(done(&path_of(changed.id.as_str()), "saved")),
        Err(people::Error::Refused(refusal)) if refusal.code != people::Code::NotFound => {
            let identity = app.people.identity(&signed.session.account, &id).await?;
            let (name, handle) = form.entries(refusal);
            let view = IdentityEdit { name, handle, ..page_of(&app, &signed, &identity, &Done::default()).await? };
            page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/identities/{id}/main`
pub async fn make_main(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(_): Form<Nothing>,
) -> PageResult {
    app.people.make_primary(&signed.session, &id).await?;
    Ok(done(&path_of(&id), "saved"))
}

/// `GET /account/identities/{id}/end`
pub async fn ask_end(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let identity = app.people.identity(&signed.session.account, &id).await?;
    if identity.is_primary {
        return Err(PageError::not_found());
    }
    let (frame, rail, _) = place(&app, &signed, AccountTab::Identities, &Done::default()).await?;
    let name = Name::new(&identity.display_name);
    let view = End {
        frame,
        rail,
        heading: format!("Delete {name}?"),
        ends: vec![
            format!("Every app that knows you as {name} loses you."),
            format!("@{} is free for anybody.", identity.handle),
        ],
        note: Some("Your other identities stay as they are.".to_owned()),
        action: format!("{}/end", path_of(identity.id.as_str())),
        fields: Vec::new(),
        confirm: None,
        verb: "Delete this identity".to_owned(),
        cancel_url: path_of(identity.id.as_str()),
    };
    page::show(&view)
}

/// `POST /account/identities/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    app.people.delete_identity(&signed.session, &id).await?;
    Ok(done("/account/identities", "deleted"))
}

/// `POST /account/identities/{id}/picture`
pub async fn set_picture(State(app): State<App>, signed: Signed, Path(id): Path<String>, upload: Upload) -> PageResult {
    match app.people.set_picture(&signed.session, &id, upload.bytes).await {
        Ok(_) => Ok(done(&path_of(&id), "saved")),
        Err(people::Error::Refused(refusal)) if refusal.code != people::Code::NotFound => {
            let identity = app.people.identity(&signed.session.account, &id).await?;
            let mistake = Some(refused::sentence(refusal.sentence));
            let view =
                IdentityEdit { picture_mistake: mistake, ..page_of(&app, &signed, &identity, &Done::default()).await? };
            page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/identities/{id}/picture/remove`
pub async fn remove_picture(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(_): Form<Nothing>,
) -> PageResult {
    app.people.remove_picture(&signed.session, &id).await?;
    Ok(done(&path_of(&id), "saved"))
}
