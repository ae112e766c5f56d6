//! `/api/v1/resources`: what apps offer to other apps.

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
use base::{AppId, OrganizationId, ResourceId, Seams};
use db::Tx;
use oauth::app::Error;
use oauth::organization::Actor;
use oauth::resource::{self, NewResource, Resource};
use serde_json::{Value, json};

type Answer = Result<Json<Value>, Problem>;

/// `GET /api/v1/resources`
pub async fn list(_: Operator, State(server): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut query = Query::read(query.as_deref(), &["organization_id", "client_id"])?;
    let owner = query.take("organization_id").map(OrganizationId::from_text);
    let app = query.take("client_id").map(AppId::from_text);
    let (after, most) = (query.cursor().to_owned(), query.one_more());
    let read = move |tx: &mut Tx<'_>| resource::page(tx, owner.as_ref(), app.as_ref(), &after, most);
    let found = server.store.read(read).await?;
    Ok(Json(query.answer(found, |found| found.id.as_str().to_owned(), shape::resource)))
}

/// `POST /api/v1/resources`
pub async fn create(_: Operator, State(server): State<App>, mut body: Members) -> Result<Response, Problem> {
    let app = AppId::from_text(body.required_text("client_id"));
    let key = body.required_text("key");
    let wish = body.resource_wish();
    body.finish()?;
    let (seams, issuer, new) = (server.seams.clone(), server.config.issuer.clone(), NewResource { app, key });
    let create =
        move |tx: &mut Tx<'_>| resource::create(tx, &seams, &Actor::Operator, &issuer, new.clone(), wish.clone());
    let made = server.store.write_again(create).await.map_err(no_app)?;
    let place = server.url(&format!("/api/v1/resources/{}", made.id));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(shape::resource(&made))).into_response())
}

/// Where the body names the app, its absence is about that field.
fn no_app(error: Error) -> Error {
    match error {
        Error::NotFound => Error::about("client_id", "is no app of an organization of this server"),
        other => other,
    }
}

/// `GET /api/v1/resources/{resource_id}`
pub async fn show(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    Ok(Json(shape::resource(&found(&server, id).await?)))
}

async fn found(server: &App, id: String) -> Result<Resource, Problem> {
    let found = server.store.read(move |tx| resource::find(tx, &ResourceId::from_text(id))).await?;
    found.ok_or_else(Problem::not_found)
}

/// `PATCH /api/v1/resources/{resource_id}`
pub async fn update(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Answer {
    let wish = body.resource_wish();
    body.finish()?;
    let (id, seams, issuer) = (ResourceId::from_text(id), server.seams.clone(), server.config.issuer.clone());
    let update = move |tx: &mut Tx<'_>| {
        resource::update_if_different(tx, &seams, &Actor::Operator, &issuer, &id, wish.clone())?;
        resource::find(tx, &id)?.ok_or(Error::NotFound)
    };
    Ok(Json(shape::resource(&server.store.write_again(update).await?)))
}

/// `DELETE /api/v1/resources/{resource_id}`
pub async fn remove(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let (id, seams) = (ResourceId::from_text(id), server.seams.clone());
    let ended = server.store.write_again(move |tx| resource::delete(tx, &seams, &Actor::Operator, &id)).await?;
    Ok(Json(json!({ "grants_ended": ended })))
}

/// `POST /api/v1/resources/{resource_id}/pause`
pub async fn pause(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    switch(&server, id, resource::pause).await
}

/// `POST /api/v1/resources/{resource_id}/resume`
pub async fn resume(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    switch(&server, id, resource::resume).await
}

type Switch = fn(&mut Tx<'_>, &Seams, &Actor, &ResourceId) -> Result<Resource, Error>;

async fn switch(server: &App, id: String, to: Switch) -> Answer {
    let (id, seams) = (ResourceId::from_text(id), server.seams.clone());
    let switched = server.store.write_again(move |tx| to(tx, &seams, &Actor::Operator, &id)).await?;
    Ok(Json(shape::resource(&switched)))
}

/// `GET /api/v1/resources/{resource_id}/grants`
pub async fn grants(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Query::read(query.as_deref(), &[])?;
    let resource = found(&server, id).await?;
    let held = server.oauth.holders(&resource.key, query.cursor(), query.one_more()).await?;
    Ok(Json(query.answer(held, |held| held.id.as_str().to_owned(), shape::delegation)))
}
