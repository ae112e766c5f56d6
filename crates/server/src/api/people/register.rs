//! `/api/register/*`: making an account (`identity-wire.md` 10.1).

use super::{DeviceIn, device_json, identity_json, pass, send_in_background, signed_in};
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::flow::FlowCookie;
use crate::edge::json::Json;
use crate::edge::limit::Gate;
use crate::edge::refused::sentence;
use crate::edge::request::Source;
use crate::edge::session::{MaybeSigned, Visitor};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use people::account::NewPerson;
use people::{Code, Error};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    handle: String,
    display_name: Option<String>,
    invitation: Option<String>,
}

/// `POST /api/register/start`
pub async fn start(
    State(app): State<App>,
    source: Source,
    flow: FlowCookie,
    Json(body): Json<Start>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::Register, source, Some(&body.handle))?;
    let name = body.display_name.as_deref().filter(|name| !name.trim().is_empty());
    let started = app.people.begin_registration(&flow.flow, &body.handle, name, body.invitation.as_deref()).await?;
    let answer = json!({ "options": started.options, "tempUserId": started.id.reveal() });
    Ok(flow.on(axum::Json(answer).into_response()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityIn {
    display_name: String,
    handle: String,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complete {
    temp_user_id: String,
    credential: Value,
    identity: IdentityIn,
    #[serde(default)]
    device: DeviceIn,
    invitation: Option<String>,
}

/// `POST /api/register/complete`
pub async fn complete(
    State(app): State<App>,
    source: Source,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    MaybeSigned(before): MaybeSigned,
    Json(body): Json<Complete>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::Register, source, None)?;
    let person = NewPerson {
        display_name: body.identity.display_name,
        handle: body.identity.handle,
        email: body.identity.email.filter(|_| app.mailer.is_ready()),
        invitation: body.invitation,
    };
    let before = before.map(|signed| signed.session);
    let device = body.device.described();
    let registered =
        app.people.register(&flow.flow, &body.temp_user_id, &body.credential, person, device, visit, before).await;
    let registered = registered.map_err(|error| match error.code() {
        // Between start and completion somebody else took it.
        Some(Code::HandleTaken) => ApiError { status: StatusCode::CONFLICT, ..ApiError::from(error) },
        _ => ApiError::from(error),
    })?;
    send_in_background(&app, registered.mail.into_iter().collect());
    let codes: Vec<&str> = registered.codes.iter().map(base::Secret::reveal).collect();
    let answer = json!({
        "success": true,
        "trustCodes": [],
        "recoveryCodes": codes,
        "user": { "id": registered.opened.session.account.as_str() },
        "identity": identity_json(&app, &registered.identity),
        "device": device_json(&registered.opened.device),
    });
    Ok(flow.on(signed_in(&app, &registered.opened, answer)))
}

/// `GET /api/register/check-handle/{handle}`
pub async fn check_handle(
    State(app): State<App>,
    source: Source,
    Path(handle): Path<String>,
) -> Result<Response, ApiError> {
    pass(&app, Gate::CheckHandle, source, None)?;
    match app.people.check_handle(&handle).await {
        Ok(()) => Ok(axum::Json(json!({ "available": true })).into_response()),
        Err(Error::Refused(refusal)) => {
            Ok(axum::Json(json!({ "available": false, "reason": sentence(refusal.sentence) })).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
