//! `/api/identities/*` (`identity-wire.md` 10.4).

use super::{check_origin, identity_json, send_now};
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::json::Json;
use crate::edge::session::ApiSigned;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use people::Session;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/identities`
pub async fn list(State(app): State<App>, ApiSigned(session): ApiSigned) -> Result<axum::Json<Value>, ApiError> {
    let identities = app.people.identities(&session.account).await?;
    let identities: Vec<Value> = identities.iter().map(|identity| identity_json(&app, identity)).collect();
    Ok(axum::Json(json!({ "readOnly": false, "identities": identities })))
}

/// `GET /api/identities/{id}`
pub async fn show(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
) -> Result<axum::Json<Value>, ApiError> {
    let identity = app.people.identity(&session.account, &id).await?;
    let waiting = app.people.waiting_email(&session, &id).await?;
    let mut shown = identity_json(&app, &identity);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("pendingEmail".to_owned(), json!(waiting.map(|waiting| waiting.address)));
    }
    Ok(axum::Json(json!({ "identity": shown })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct New {
    display_name: String,
    handle: String,
}

/// `POST /api/identities`
pub async fn create(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Json(body): Json<New>,
) -> Result<Response, ApiError> {
    let made = app.people.create_identity(&session, &body.display_name, &body.handle).await?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "identity": identity_json(&app, &made) }))).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    display_name: Option<String>,
    handle: Option<String>,
}

/// `PATCH /api/identities/{id}`
pub async fn change(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    Json(body): Json<Change>,
) -> Result<axum::Json<Value>, ApiError> {
    let changed =
        app.people.change_identity(&session, &id, body.display_name.as_deref(), body.handle.as_deref()).await?;
    Ok(axum::Json(json!({ "identity": identity_json(&app, &changed) })))
}

/// `DELETE /api/identities/{id}`
pub async fn remove(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    app.people.delete_identity(&session, &id).await?;
    Ok(axum::Json(json!({ "success": true })))
}

/// `POST /api/identities/{id}/set-primary`
pub async fn make_primary(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    app.people.make_primary(&session, &id).await?;
    Ok(axum::Json(json!({ "success": true })))
}

#[derive(Deserialize)]
pub struct Address {
    email: String,
}

/// `POST /api/identities/{id}/email/start`
pub async fn start_email(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    Json(body): Json<Address>,
) -> Result<axum::Json<Value>, ApiError> {
    let mail = app.people.start_email(&session, &id, &body.email).await?;
    send_now(&app, mail).await?;
    waiting(&app, &session, &id).await
}

/// `POST /api/identities/{id}/email/resend`
pub async fn resend_email(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    let mail = app.people.resend_email(&session, &id).await?;
    send_now(&app, mail).await?;
    waiting(&app, &session, &id).await
}

async fn waiting(app: &App, session: &Session, id: &str) -> Result<axum::Json<Value>, ApiError> {
    let waiting = app.people.waiting_email(session, id).await?;
    let expires = waiting.as_ref().map(|waiting| waiting.expires_at.iso());
    Ok(axum::Json(
        json!({ "success": true, "pendingEmail": waiting.map(|waiting| waiting.address), "expiresAt": expires }),
    ))
}

#[derive(Deserialize)]
pub struct Code {
    code: String,
}

/// `POST /api/identities/{id}/email/verify`
pub async fn verify_email(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    Json(body): Json<Code>,
) -> Result<axum::Json<Value>, ApiError> {
    let identity = app.people.verify_email(&session, &id, &body.code).await?;
    Ok(axum::Json(json!({ "success": true, "identity": identity_json(&app, &identity) })))
}

/// `DELETE /api/identities/{id}/email`
pub async fn remove_email(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    app.people.remove_email(&session, &id).await?;
    Ok(axum::Json(json!({ "success": true })))
}
