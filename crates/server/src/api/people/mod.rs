//! The ceremonies of our own pages in JSON (`identity-wire.md` section 10).
//!
//! Promise: they answer pages of this server alone; the session's secret leaves in a cookie and in nothing else.

mod activity;
mod devices;
mod identities;
mod invitations;
mod login;
pub mod mydata;
mod register;
mod security;

use crate::app::App;
use crate::edge::cookie::Cookie;
use crate::edge::faults::ApiError;
use crate::edge::limit::Gate;
use crate::edge::request::Source;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use base::{AccountId, Fault, Time};
use people::device::{Described, Device};
use people::identity::Identity;
use people::{Mail, Notice, Opened};
use serde::Deserialize;
use serde_json::{Value, json};

/// The routes of this part.
pub fn router() -> Router<App> {
    Router::new()
        .route("/api/register/start", post(register::start))
        .route("/api/register/complete", post(register::complete))
        .route("/api/register/check-handle/{handle}", get(register::check_handle))
        .route("/api/login/start", post(login::start))
        .route("/api/login/passkey", post(login::passkey))
        .route("/api/login/step-up", post(login::step_up))
        .route("/api/login/request-approval", post(login::request_approval))
        .route("/api/login/request-status/{id}", get(login::request_status))
        .route("/api/login/finish-approval", post(login::finish_approval))
        .route("/api/login/trust-code", post(login::recovery_code))
        .route("/api/login/logout", post(login::logout))
        .route("/api/security", get(security::show))
        .route("/api/security/passkeys/register", post(security::begin_passkey))
        .route("/api/security/passkeys/complete", post(security::finish_passkey))
        .route("/api/security/passkeys/{id}", patch(security::rename_passkey).delete(security::remove_passkey))
        .route("/api/security/trust-codes/regenerate", post(security::renew_codes))
        .route("/api/devices", get(devices::list))
        .route("/api/devices/pending-requests", get(devices::pending))
        .route("/api/devices/approve-request", post(devices::approve))
        .route("/api/devices/deny-request", post(devices::deny))
        .route("/api/devices/{id}", patch(devices::rename).delete(devices::remove))
        .route("/api/identities", get(identities::list).post(identities::create))
        .route("/api/identities/{id}", get(identities::show).patch(identities::change).delete(identities::remove))
        .route("/api/identities/{id}/set-primary", post(identities::make_primary))
        .route("/api/identities/{id}/email", delete(identities::remove_email))
        .route("/api/identities/{id}/email/start", post(identities::start_email))
        .route("/api/identities/{id}/email/verify", post(identities::verify_email))
        .route("/api/identities/{id}/email/resend", post(identities::resend_email))
        .route("/api/invitations", post(invitations::make))
        .route("/api/activity", get(activity::list))
        .route("/api/mydata/export", get(mydata::export))
        .route("/api/mydata", delete(mydata::remove))
}

/// What a device says about itself.
#[derive(Debug, Default, Deserialize)]
struct DeviceIn {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    browser: Option<String>,
    os: Option<String>,
    fingerprint: Option<String>,
}

impl DeviceIn {
    fn described(&self) -> Described {
        Described::new(&self.name, &self.kind, self.browser.as_deref(), self.os.as_deref(), self.fingerprint.as_deref())
    }
}

fn device_json(device: &Device) -> Value {
    json!({ "id": device.id.as_str(), "name": device.name, "type": device.kind.as_str(), "isNew": device.is_new })
}

fn identity_json(app: &App, identity: &Identity) -> Value {
    json!({
        "id": identity.id.as_str(),
        "displayName": identity.display_name,
        "handle": identity.handle,
        "email": identity.email,
        "avatarUrl": identity.picture.as_ref().map(|path| app.url(path)),
        "isPrimary": identity.is_primary,
        "createdAt": identity.created_at.iso(),
    })
}

fn times(at: Option<Time>) -> Option<String> {
    at.map(Time::iso)
}

/// The answer of a sign-in: what is to be said, and the cookie.
pub fn signed_in(app: &App, opened: &Opened, body: Value) -> Response {
    with_session(app, opened, axum::Json(body).into_response())
}

/// Puts the session's cookie on an answer.
pub fn with_session(app: &App, opened: &Opened, mut response: Response) -> Response {
    let life = opened.session.expires_at.ms_since(app.seams.now()) / 1000;
    let headers = response.headers_mut();
    if let Some(cookie) = Cookie::Session.set(app, opened.cookie.reveal(), life) {
        headers.append(header::SET_COOKIE, cookie);
    }
    // On http a frame of the same machine sees the session's own cookie; `SameSite=None` needs https.
    if let Some(cookie) = Cookie::Embed.set(app, opened.embed_cookie.reveal(), life).filter(|_| app.is_https()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert("set-login", HeaderValue::from_static("logged-in"));
    response
}

/// Takes the session's cookie away.
pub fn without_session(app: &App, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let embed = Cookie::Embed.clear(app).filter(|_| app.is_https());
    for cookie in Cookie::Session.clear(app).into_iter().chain(embed) {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert("set-login", HeaderValue::from_static("logged-out"));
    response
}

/// Mails that nobody waits for: what happened stays done, whether they arrive or not.
pub fn send_in_background(app: &App, mails: Vec<Mail>) {
    if mails.is_empty() || !app.mailer.is_ready() {
        return;
    }
    let mailer = app.mailer.clone();
    tokio::spawn(async move {
        for mail in mails {
            if let Err(fault) = mailer.send(mail).await {
                tracing::warn!("{fault}");
            }
        }
    });
}

/// Tells a person by mail what has just been done in their name.
pub async fn tell(app: &App, account: &AccountId, notice: Notice) -> Result<(), Fault> {
    send_in_background(app, app.people.notices(account, notice).await?);
    Ok(())
}

/// A mail with a code, for which somebody waits.
pub async fn send_now(app: &App, mail: Mail) -> Result<(), people::Error> {
    let unavailable = || people::refuse(people::Code::MailUnavailable, "the mail could not be sent; try again later");
    if !app.mailer.is_ready() {
        return Err(people::refuse(
            people::Code::MailUnavailable,
            "this server sends no mail; ask the people who run it",
        ));
    }
    app.mailer.send(mail).await.map_err(|fault| {
        tracing::warn!("{fault}");
        unavailable()
    })
}

/// Counts a request at a gate.
fn pass(app: &App, gate: Gate, source: Source, key: Option<&str>) -> Result<(), ApiError> {
    app.limits.pass(gate, source, key).map_err(|_| {
        ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "That was too often in a short time. Wait a minute, then try again.",
        )
    })
}

/// A request without a body that has an effect must come from our own page (threat 100).
fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    if crate::edge::form::is_from_our_page(app, headers) {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::FORBIDDEN, "origin_not_allowed", "this endpoint answers only pages of this server"))
}
