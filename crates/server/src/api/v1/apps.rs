//! `/api/v1/apps`

use super::body::Members;
use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use super::shape;
use crate::app::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{AppId, OrganizationId, Seams, Secret};
use db::Tx;
use oauth::app::{self, App as Registered, AppKind, Error, NewApp, Overlap};
use oauth::organization::Actor;
use serde_json::{Value, json};

type Answer = Result<Json<Value>, Problem>;

/// `GET /api/v1/apps`
pub async fn list(_: Operator, State(server): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut query = Query::read(query.as_deref(), &["organization_id"])?;
    let owner = query.take("organization_id").map(OrganizationId::from_text);
    let (after, most) = (query.cursor().to_owned(), query.one_more());
    let read = move |tx: &mut Tx<'_>| match &owner {
        Some(owner) => app::list_of_organization(tx, owner, &after, most),
        None => app::list(tx, &after, most),
    };
    let found = server.store.read(read).await?;
    Ok(Json(query.answer(found, |app| app.client_id().to_owned(), |app| shape::app(&server, app))))
}

/// `POST /api/v1/apps`
pub async fn create(_: Operator, State(server): State<App>, mut body: Members) -> Result<Response, Problem> {
    let organization = OrganizationId::from_text(body.required_text("organization_id"));
    let kind = kind(body.text("type"))?;
    let (key, client_id) = (body.text("key"), body.text("client_id"));
    let secret = body.text("client_secret").map(Secret::new);
    let wish = body.wish();
    body.finish()?;
    let new = NewApp { organization, kind, key, client_id, secret };
    let create =
        move |tx: &mut Tx<'_>, seams: &Seams| app::create(tx, seams, &Actor::Operator, new.clone(), wish.clone());
    let created = change(&server, create).await.map_err(no_organization)?;
    let mut shown = json!({ "app": shape::whole_app(&server, &created.app) });
    if let (Some(secret), Some(members)) = (&created.secret, shown.as_object_mut()) {
        members.insert("client_secret".to_owned(), secret.reveal().into());
    }
    let place = server.url(&format!("/api/v1/apps/{}", created.app.client_id()));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(shown)).into_response())
}

fn kind(word: Option<String>) -> Result<AppKind, Error> {
    match word {
        None => Ok(AppKind::Confidential),
        Some(word) => AppKind::parse(&word).ok_or_else(|| Error::about("type", "is public or confidential")),
    }
}

/// Where the body names the organization, its absence is about that field.
fn no_organization(error: Error) -> Error {
    match error {
        Error::NotFound => Error::about("organization_id", "is no organization of this server"),
        other => other,
    }
}

/// `GET /api/v1/apps/{client_id}`
pub async fn show(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let found = server.store.read(move |tx| app::find(tx, &AppId::from_text(id))).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(shape::whole_app(&server, &found)))
}

/// `PATCH /api/v1/apps/{client_id}`
pub async fn update(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Answer {
    let wish = body.wish();
    body.finish()?;
    let id = AppId::from_text(id);
    let changed = change(&server, move |tx, seams| app::update(tx, seams, &Actor::Operator, &id, wish.clone())).await?;
    Ok(Json(shape::whole_app(&server, &changed)))
}

/// `DELETE /api/v1/apps/{client_id}`
pub async fn remove(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let id = AppId::from_text(id);
    let vault = server.vault.clone();
    let delete = move |tx: &mut Tx<'_>, seams: &Seams| {
        let wiped = vault::forget_app(tx, &vault, &id)?;
        Ok((app::delete(tx, seams, &Actor::Operator, &id)?, wiped))
    };
    let (ended, wiped) = change(&server, delete).await?;
    server.vault.revoke_upstream(wiped);
    Ok(Json(json!({ "grants_ended": ended })))
}

/// `POST /api/v1/apps/{client_id}/rotate-secret`
pub async fn rotate_secret(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    mut body: Members,
) -> Answer {
    let overlap_secs = body.number("overlap_secs");
    body.finish()?;
    let overlap = overlap_secs.map_or(Ok(Overlap::NONE), Overlap::secs)?;
    let id = AppId::from_text(id);
    let rotate = move |tx: &mut Tx<'_>, seams: &Seams| app::rotate_secret(tx, seams, &Actor::Operator, &id, overlap);
    let rotated = change(&server, rotate).await?;
    let shown = shape::whole_app(&server, &rotated.app);
    Ok(Json(json!({ "client_secret": rotated.secret.reveal(), "app": shown })))
}

/// `DELETE /api/v1/apps/{client_id}/secrets/{secret_id}`
pub async fn end_secret(_: Operator, State(server): State<App>, Path((id, secret)): Path<(String, String)>) -> Answer {
    let secret: i64 = secret.parse().map_err(|_| Problem::not_found())?;
    let id = AppId::from_text(id);
    let left = change(&server, move |tx, seams| app::end_secret(tx, seams, &Actor::Operator, &id, secret)).await?;
    Ok(Json(shape::whole_app(&server, &left)))
}

/// `POST /api/v1/apps/{client_id}/disable`
pub async fn disable(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    switch(&server, id, app::disable).await
}

/// `POST /api/v1/apps/{client_id}/enable`
pub async fn enable(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    switch(&server, id, app::enable).await
}

type Switch = fn(&mut Tx<'_>, &Seams, &Actor, &AppId) -> Result<Registered, Error>;

async fn switch(server: &App, id: String, to: Switch) -> Answer {
    let id = AppId::from_text(id);
    let switched = change(server, move |tx, seams| to(tx, seams, &Actor::Operator, &id)).await?;
    Ok(Json(shape::whole_app(server, &switched)))
}

/// One transaction that changes apps; this node sees the change at once.
async fn change<T, F>(server: &App, mut work: F) -> Result<T, Error>
where
    F: FnMut(&mut Tx<'_>, &Seams) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    let seams = server.seams.clone();
    server.oauth.apps.change(move |tx| work(tx, &seams)).await
}
