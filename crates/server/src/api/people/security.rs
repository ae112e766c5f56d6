//! `/api/security/*`: passkeys and recovery codes (`identity-wire.md` 10.3).

use super::{check_origin, tell, times};
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::flow::FlowCookie;
use crate::edge::json::Json;
use crate::edge::session::ApiSigned;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use people::Notice;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/security`
pub async fn show(State(app): State<App>, ApiSigned(session): ApiSigned) -> Result<axum::Json<Value>, ApiError> {
    let passkeys = app.people.passkeys(&session.account).await?;
    let codes = app.people.codes(&session.account).await?;
    let passkeys = passkeys.iter().map(|passkey| {
        json!({
            "id": passkey.id.as_str(),
            "name": passkey.name,
            "createdAt": passkey.created_at.iso(),
            "lastUsedAt": times(passkey.last_used_at),
            "deviceType": if passkey.is_synced { "multiDevice" } else { "singleDevice" },
        })
    });
    Ok(axum::Json(json!({
        "passkeys": passkeys.collect::<Vec<_>>(),
        "trustCodesRemaining": 0,
        "recoveryCodesRemaining": codes.left,
        "hasRecoveryCodes": codes.left > 0,
    })))
}

/// `POST /api/security/passkeys/register`
pub async fn begin_passkey(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    flow: FlowCookie,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_origin(&app, &headers)?;
    let started = app.people.begin_adding(&session, &flow.flow).await?;
    Ok(flow.on(axum::Json(json!({ "options": started.options })).into_response()))
}

#[derive(Deserialize)]
pub struct Made {
    credential: Value,
    #[serde(default)]
    name: String,
}

/// `POST /api/security/passkeys/complete`
pub async fn finish_passkey(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    flow: FlowCookie,
    Json(body): Json<Made>,
) -> Result<axum::Json<Value>, ApiError> {
    let id = app.people.finish_adding(&session, &flow.flow, &body.credential, &body.name).await?;
    tell(&app, &session.account, Notice::PasskeyAdded).await?;
    Ok(axum::Json(json!({ "success": true, "passkey": { "id": id.as_str() } })))
}

#[derive(Deserialize)]
pub struct Named {
    name: String,
}

/// `PATCH /api/security/passkeys/{id}`
pub async fn rename_passkey(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    Json(body): Json<Named>,
) -> Result<axum::Json<Value>, ApiError> {
    app.people.rename_passkey(&session, &id, &body.name).await?;
    Ok(axum::Json(json!({ "success": true })))
}

/// `DELETE /api/security/passkeys/{id}`
pub async fn remove_passkey(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    app.people.remove_passkey(&session, &id).await?;
    tell(&app, &session.account, Notice::PasskeyRemoved).await?;
    Ok(axum::Json(json!({ "success": true })))
}

/// `POST /api/security/trust-codes/regenerate`
pub async fn renew_codes(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, ApiError> {
    check_origin(&app, &headers)?;
    let codes = app.people.renew_codes(&session).await?;
    tell(&app, &session.account, Notice::CodesMade).await?;
    Ok(axum::Json(json!({ "success": true, "codes": codes.iter().map(base::Secret::reveal).collect::<Vec<_>>() })))
}
