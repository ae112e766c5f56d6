//! `/api/devices/*`: devices, and letting another one in (`identity-wire.md` 10.2).

use super::{check_origin, tell};
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::json::Json;
use crate::edge::session::ApiSigned;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use people::Notice;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/devices`
pub async fn list(State(app): State<App>, ApiSigned(session): ApiSigned) -> Result<axum::Json<Value>, ApiError> {
    let devices = app.people.devices(&session.account).await?;
    let devices = devices.iter().map(|device| {
        json!({
            "id": device.id.as_str(),
            "name": device.name,
            "type": device.kind.as_str(),
            "browser": device.browser,
            "os": device.os,
            "createdAt": device.created_at.iso(),
            "lastSeen": device.last_seen_at.iso(),
            "isCurrent": device.id == session.device,
        })
    });
    Ok(axum::Json(json!({ "devices": devices.collect::<Vec<_>>() })))
}

/// `GET /api/devices/pending-requests`
pub async fn pending(State(app): State<App>, ApiSigned(session): ApiSigned) -> Result<axum::Json<Value>, ApiError> {
    let waiting = app.people.pending_approvals(&session).await?;
    let waiting = waiting.iter().map(|approval| {
        json!({
            "id": approval.id,
            "device": { "name": approval.device_name, "type": approval.device_kind },
            "ipAddress": approval.source,
            "createdAt": approval.created_at.iso(),
            "expiresAt": approval.expires_at.iso(),
        })
    });
    Ok(axum::Json(json!({ "requests": waiting.collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    request_id: String,
    /// What the other device shows.
    #[serde(default)]
    code: String,
}

/// `POST /api/devices/approve-request`
pub async fn approve(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Json(body): Json<Decision>,
) -> Result<axum::Json<Value>, ApiError> {
    app.people.approve(&session, &body.request_id, &body.code).await?;
    tell(&app, &session.account, Notice::DeviceLetIn).await?;
    Ok(axum::Json(json!({ "success": true })))
}

/// `POST /api/devices/deny-request`
pub async fn deny(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Json(body): Json<Decision>,
) -> Result<axum::Json<Value>, ApiError> {
    app.people.deny(&session, &body.request_id, &body.code).await?;
    Ok(axum::Json(json!({ "success": true })))
}

#[derive(Deserialize)]
pub struct Named {
    name: String,
}

/// `PATCH /api/devices/{id}`
pub async fn rename(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    Json(body): Json<Named>,
) -> Result<axum::Json<Value>, ApiError> {
    app.people.rename_device(&session, &id, &body.name).await?;
    Ok(axum::Json(json!({ "success": true })))
}

/// `DELETE /api/devices/{id}`: forgets the device and signs it out.
pub async fn remove(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    app.people.remove_device(&session, &id).await?;
    Ok(axum::Json(json!({ "success": true })))
}
