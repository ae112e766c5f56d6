//! `/api/v1/organizations`

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
use base::{AccountId, OrganizationId};
use db::Tx;
use oauth::app::Error;
use oauth::organization::{self, Actor, Member, Organization, Role};
use serde_json::{Value, json};

type Answer = Result<Json<Value>, Problem>;

/// `GET /api/v1/organizations`
pub async fn list(_: Operator, State(server): State<App>, RawQuery(query): RawQuery) -> Answer {
    let query = Query::read(query.as_deref(), &[])?;
    let (after, most) = (query.cursor().to_owned(), query.one_more());
    let found = server.store.read(move |tx| organization::list(tx, &after, most)).await?;
    Ok(Json(query.answer(found, |found| found.id.as_str().to_owned(), shape::organization)))
}

/// `POST /api/v1/organizations`
pub async fn create(_: Operator, State(server): State<App>, mut body: Members) -> Result<Response, Problem> {
    let (name, key) = (body.required_text("name"), body.text("key"));
    body.finish()?;
    let seams = server.seams.clone();
    let create = move |tx: &mut Tx<'_>| organization::create(tx, &seams, &Actor::Operator, key.clone(), &name);
    let made: Result<Organization, Error> = server.store.write_again(create).await;
    let made = made?;
    let place = server.url(&format!("/api/v1/organizations/{}", made.id));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(shape::organization(&made))).into_response())
}

/// `GET /api/v1/organizations/{organization_id}`
pub async fn show(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let id = OrganizationId::from_text(id);
    let found = server.store.read(move |tx| whole(tx, &id)).await?;
    Ok(Json(shown(&found)))
}

/// `PATCH /api/v1/organizations/{organization_id}`
pub async fn update(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Answer {
    let name = body.text("name");
    body.finish()?;
    let (id, seams) = (OrganizationId::from_text(id), server.seams.clone());
    let update = move |tx: &mut Tx<'_>| {
        if let Some(name) = &name {
            organization::rename(tx, &seams, &Actor::Operator, &id, name)?;
        }
        whole(tx, &id)
    };
    Ok(Json(shown(&server.store.write_again(update).await?)))
}

/// `PUT /api/v1/organizations/{organization_id}/members/{account_id}`
pub async fn put_member(
    _: Operator,
    State(server): State<App>,
    Path((id, account)): Path<(String, String)>,
    mut body: Members,
) -> Answer {
    let word = body.required_text("role");
    body.finish()?;
    let sentence = "is viewer, developer, admin or owner";
    let role = Role::parse(&word).ok_or_else(|| Error::about("role", sentence))?;
    let (id, account, seams) = (OrganizationId::from_text(id), AccountId::from_text(account), server.seams.clone());
    let put = move |tx: &mut Tx<'_>| {
        let (_, members) = whole(tx, &id)?;
        if people::account::find(tx, &account)?.is_none() {
            return Err(Error::about("account", "is no account of this server"));
        }
        if members.iter().any(|member| member.account == account) {
            organization::set_role(tx, &seams, &Actor::Operator, &id, &account, role)?;
        } else {
            organization::add_member(tx, &seams, &Actor::Operator, &id, &account, role)?;
        }
        whole(tx, &id)
    };
    Ok(Json(shown(&server.store.write_again(put).await?)))
}

/// `DELETE /api/v1/organizations/{organization_id}/members/{account_id}`
pub async fn remove_member(
    _: Operator,
    State(server): State<App>,
    Path((id, account)): Path<(String, String)>,
) -> Answer {
    let (id, account, seams) = (OrganizationId::from_text(id), AccountId::from_text(account), server.seams.clone());
    let remove = move |tx: &mut Tx<'_>| {
        organization::remove_member(tx, &seams, &Actor::Operator, &id, &account)?;
        whole(tx, &id)
    };
    Ok(Json(shown(&server.store.write_again(remove).await?)))
}

/// The organization and its members.
fn whole(tx: &mut Tx<'_>, id: &OrganizationId) -> Result<(Organization, Vec<Member>), Error> {
    let found = organization::find_for(tx, &Actor::Operator, id, Role::Viewer)?;
    let members = organization::members(tx, id)?;
    Ok((found, members))
}

fn shown((found, members): &(Organization, Vec<Member>)) -> Value {
    let mut shown = shape::organization(found);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("members".to_owned(), json!(members.iter().map(shape::member).collect::<Vec<_>>()));
    }
    shown
}
