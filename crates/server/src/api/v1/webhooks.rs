//! `/api/v1/apps/{client_id}`: webhooks of an app with their deliveries, and the accounts linked to it.

use super::body::Members;
use super::connect::{by, write};
use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use base::Time;
use serde_json::{Value, json};
use vault::connection::Connection;
use vault::webhook::{self, Delivery, State as Became, Webhook, Wish};

type Answer = Result<Json<Value>, Problem>;

fn shown(own: &Webhook) -> Value {
    json!({
        "id": own.id,
        "app_id": own.app.as_str(),
        "url": own.url,
        "events": own.events,
        "enabled": own.disabled_at.is_none(),
        "created_at": own.created_at.iso(),
        "updated_at": own.updated_at.iso(),
    })
}

fn delivery(own: &Delivery) -> Value {
    json!({
        "id": own.id(),
        "webhook_id": own.webhook,
        "event": own.event,
        "state": own.state.as_str(),
        "attempts": own.attempts,
        "next_at": own.next_at.map(Time::iso),
        "last_status": own.last_status,
        "last_error": own.last_error,
        "created_at": own.created_at.iso(),
        "delivered_at": own.delivered_at.map(Time::iso),
        "body": own.body,
    })
}

/// A linked account. Its credential has no place here.
fn connection(own: &Connection) -> Value {
    json!({
        "id": own.id.as_str(),
        "provider": own.provider,
        "account": own.label,
        "account_id": own.account.as_ref().map(base::AccountId::as_str),
        "identity_id": own.identity.as_ref().map(base::IdentityId::as_str),
        "app_user_id": own.app_user.as_ref().map(base::AppUserId::as_str),
        "scopes": own.scopes.iter().collect::<Vec<_>>(),
        "state": own.trouble.map_or("well", vault::connection::Trouble::as_str),
        "created_at": own.created_at.iso(),
        "last_used_at": own.last_used_at.map(Time::iso),
    })
}

/// `GET /api/v1/apps/{client_id}/connections`
pub async fn list_connections(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Query::read(query.as_deref(), &[])?;
    let by = by(&server, id).await?;
    let found = server.vault.linked_to(&by.app, query.cursor(), query.one_more()).await?;
    Ok(Json(query.answer(found, |own| own.id.as_str().to_owned(), connection)))
}

/// `GET /api/v1/apps/{client_id}/webhooks`
pub async fn list(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let by = by(&server, id).await?;
    let found = server.store.read(move |tx| webhook::list_of_app(tx, &by.app)).await?;
    Ok(Json(json!({ "items": found.iter().map(shown).collect::<Vec<_>>(), "next_cursor": null })))
}

fn wish(body: &mut Members) -> Wish {
    Wish { url: body.text("url"), events: body.list("events"), is_on: body.flag("enabled") }
}

/// `POST /api/v1/apps/{client_id}/webhooks`: the secret is shown this once.
pub async fn create(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    mut body: Members,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let wish = wish(&mut body);
    body.finish()?;
    let by = by(&server, id).await?;
    let (sealer, egress) = (server.sealer.clone(), server.egress.clone());
    let made = write(&server, by, move |tx, seams, by| webhook::create(tx, seams, &sealer, &egress, by, &wish)).await?;
    let answer = json!({ "webhook": shown(&made.webhook), "secret": made.secret.reveal() });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /api/v1/apps/{client_id}/webhooks/{webhook_id}`
pub async fn show(_: Operator, State(server): State<App>, Path((id, hook)): Path<(String, String)>) -> Answer {
    Ok(Json(shown(&find(&server, id, hook).await?)))
}

async fn find(server: &App, id: String, hook: String) -> Result<Webhook, Problem> {
    let by = by(server, id).await?;
    server.store.read(move |tx| webhook::find(tx, &by.app, &hook)).await?.ok_or_else(Problem::not_found)
}

/// `PATCH /api/v1/apps/{client_id}/webhooks/{webhook_id}`
pub async fn update(
    _: Operator,
    State(server): State<App>,
    Path((id, hook)): Path<(String, String)>,
    mut body: Members,
) -> Answer {
    let wish = wish(&mut body);
    body.finish()?;
    let (by, egress) = (by(&server, id).await?, server.egress.clone());
    let changed =
        write(&server, by, move |tx, seams, by| webhook::change(tx, seams, &egress, by, &hook, &wish)).await?;
    Ok(Json(shown(&changed)))
}

/// `DELETE /api/v1/apps/{client_id}/webhooks/{webhook_id}`: with its deliveries.
pub async fn remove(_: Operator, State(server): State<App>, Path((id, hook)): Path<(String, String)>) -> Answer {
    let by = by(&server, id).await?;
    let removed = write(&server, by, move |tx, seams, by| webhook::remove(tx, seams, by, &hook)).await?;
    if removed { Ok(Json(json!({ "removed": true }))) } else { Err(Problem::not_found()) }
}

/// `GET /api/v1/apps/{client_id}/webhooks/{webhook_id}/deliveries?state=`
pub async fn list_deliveries(
    _: Operator,
    State(server): State<App>,
    Path((id, hook)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut query = Query::read(query.as_deref(), &["state"])?;
    let state = query.take("state").unwrap_or_default();
    if !state.is_empty() && Became::parse(&state).is_none() {
        return Err(Problem::invalid_request("state is waiting, delivered or dead"));
    }
    let (found, before, most) = (find(&server, id, hook).await?, query.number_cursor()?, query.one_more());
    let told = server.store.read(move |tx| webhook::page_of_webhook(tx, &found.id, &state, before, most)).await?;
    Ok(Json(query.answer(told, |own| own.number.to_string(), delivery)))
}

/// `POST /api/v1/apps/{client_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/resend`
pub async fn resend(
    _: Operator,
    State(server): State<App>,
    Path((id, hook, of)): Path<(String, String, String)>,
) -> Answer {
    let (by, number) = (by(&server, id).await?, webhook::number_in(&of).ok_or_else(Problem::not_found)?);
    let sent = write(&server, by, move |tx, seams, by| webhook::resend(tx, seams, by, &hook, number)).await?;
    Ok(Json(delivery(&sent)))
}
