//! `/api/login/*`: signing in, stepping up, signing out (`identity-wire.md` 10.2).

use super::{DeviceIn, check_origin, device_json, identity_json, pass, send_in_background, signed_in, without_session};
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::flow::FlowCookie;
use crate::edge::json::Json;
use crate::edge::limit::Gate;
use crate::edge::request::Source;
use crate::edge::session::{ApiSigned, MaybeSigned, Visitor};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use people::Opened;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Start {
    #[serde(rename = "handle")]
    _handle: Option<String>,
}

/// `POST /api/login/start`: the same for every handle, and for none (threat 104).
pub async fn start(
    State(app): State<App>,
    source: Source,
    flow: FlowCookie,
    Json(_): Json<Start>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::Login, source, None)?;
    let started = app.people.begin_login(&flow.flow).await?;
    let answer = json!({ "authSessionId": started.id.reveal(), "authOptions": started.options });
    Ok(flow.on(axum::Json(answer).into_response()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    auth_session_id: String,
    credential: Value,
    #[serde(default)]
    device: DeviceIn,
}

async fn opened(app: &App, opened: &Opened) -> Result<Response, ApiError> {
    let identities = app.people.identities(&opened.session.account).await?;
    let identities: Vec<Value> = identities.iter().map(|identity| identity_json(app, identity)).collect();
    let body = json!({ "success": true, "device": device_json(&opened.device), "identities": identities, "needsMasterKey": false });
    Ok(signed_in(app, opened, body))
}

/// `POST /api/login/passkey`
pub async fn passkey(
    State(app): State<App>,
    source: Source,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    MaybeSigned(before): MaybeSigned,
    Json(body): Json<Proof>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::Login, source, None)?;
    let before = before.map(|signed| signed.session);
    let entered = app
        .people
        .login(&flow.flow, &body.auth_session_id, &body.credential, body.device.described(), visit, before)
        .await?;
    opened(&app, &entered).await
}

/// `POST /api/login/step-up`: proves again who one is; the old cookie is dead.
pub async fn step_up(
    State(app): State<App>,
    source: Source,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    ApiSigned(session): ApiSigned,
    Json(body): Json<Proof>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::Login, source, None)?;
    let renewed = app.people.step_up(&session, &flow.flow, &body.auth_session_id, &body.credential, visit).await?;
    Ok(signed_in(&app, &renewed, json!({ "success": true })))
}

#[derive(Deserialize)]
pub struct Ask {
    handle: Option<String>,
    #[serde(default)]
    device: DeviceIn,
}

/// `POST /api/login/request-approval`: the same answer whether anybody has the handle.
pub async fn request_approval(
    State(app): State<App>,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    Json(body): Json<Ask>,
) -> Result<Response, ApiError> {
    let asked = app.people.ask_approval(&flow.flow, body.handle.as_deref(), body.device.described(), visit).await?;
    let answer = json!({ "requestId": asked.id, "code": asked.code, "expiresAt": asked.expires_at.iso() });
    Ok(flow.on(axum::Json(answer).into_response()))
}

/// `GET /api/login/request-status/{id}`: only reports.
pub async fn request_status(
    State(app): State<App>,
    flow: FlowCookie,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let asked = app.people.approval(&flow.flow, &id).await?;
    let state = asked.map_or(people::approval::State::Expired, |asked| asked.state);
    Ok(axum::Json(json!({ "status": state.as_str() })).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finish {
    request_id: String,
}

/// `POST /api/login/finish-approval`: the browser that asked goes in.
pub async fn finish_approval(
    State(app): State<App>,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    MaybeSigned(before): MaybeSigned,
    Json(body): Json<Finish>,
) -> Result<Response, ApiError> {
    let before = before.map(|signed| signed.session);
    let entered = app.people.finish_approval(&flow.flow, &body.request_id, visit, before).await?;
    opened(&app, &entered).await
}

#[derive(Deserialize)]
pub struct RecoveryCode {
    handle: String,
    code: String,
    #[serde(default)]
    device: DeviceIn,
}

/// `POST /api/login/trust-code`
pub async fn recovery_code(
    State(app): State<App>,
    source: Source,
    Visitor(visit): Visitor,
    MaybeSigned(before): MaybeSigned,
    Json(body): Json<RecoveryCode>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::Login, source, None)?;
    let before = before.map(|signed| signed.session);
    let recovered = app.people.recover(&body.handle, &body.code, body.device.described(), visit, before).await?;
    send_in_background(&app, recovered.mails);
    let identities = app.people.identities(&recovered.opened.session.account).await?;
    let answer = json!({
        "success": true,
        "device": device_json(&recovered.opened.device),
        "identities": identities.iter().map(|identity| identity_json(&app, identity)).collect::<Vec<_>>(),
        "remainingTrustCodes": 0,
        "remainingRecoveryCodes": recovered.left,
    });
    Ok(signed_in(&app, &recovered.opened, answer))
}

/// `POST /api/login/logout`: signs out here.
pub async fn logout(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_origin(&app, &headers)?;
    if let Some(signed) = signed {
        app.people.sign_out(&signed.session).await?;
    }
    Ok(without_session(&app, axum::Json(json!({ "success": true })).into_response()))
}
