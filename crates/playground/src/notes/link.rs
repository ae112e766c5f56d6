//! Letting the person link accounts that they have elsewhere: this server makes a session, the page opens the widget with it
//! (`web/accounts.js`), and what was linked is asked of the issuer. Notes stores none of it.

use super::session::{Kept, Visit};
use super::{Notes, Trouble, refresh, signed};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// The calendar service, by its name in the issuer's catalogue.
pub(super) const CALENDAR: &str = "fake-calendar";
const CHAT: &str = "fake-chat";

/// `POST /accounts/session`: what the page opens the widget with. It is good for this once, and for nothing but the widget.
pub(crate) async fn begin(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Response, Trouble> {
    let user_token = refresh::user_token(&notes, &mut *visit.kept.lock().await).await?;
    let Some(user_token) = user_token else { return Ok(StatusCode::UNAUTHORIZED.into_response()) };
    let settings = &notes.settings;
    let wish = json!({
        "allowed_providers": [CALENDAR, CHAT],
        "required_scopes": { CALENDAR: ["calendar.read", "calendar.write"] },
        // Whose accounts these will be: whoever is in the widget must be the same person.
        "user_token": user_token,
        // The agent is let in on the same page, if the person leaves that ticked.
        "agent": settings.agent,
        "allowed_origin": settings.origin,
        "return_url": format!("{}/accounts", settings.origin),
    });
    let made = signed::ask(&notes, &settings.app_key, Method::POST, "/sdk/oauth/connect/session", Some(&wish)).await?;
    let token = made.body.get("session_token").cloned().unwrap_or_default();
    Ok(([(CACHE_CONTROL, "no-store")], Json(json!({ "token": token }))).into_response())
}

/// An account that the person has linked.
#[derive(Deserialize)]
pub(super) struct Linked {
    pub(super) provider_id: String,
    #[serde(default)]
    pub(super) account_identifier: String,
    /// The agents that the person has let in.
    #[serde(default)]
    pub(super) delegated_agent_ids: Vec<String>,
}

impl Linked {
    /// What people call it.
    pub(super) fn service(&self) -> &str {
        match self.provider_id.as_str() {
            CALENDAR => "Calendar",
            CHAT => "Chat",
            other => other,
        }
    }
}

/// What the person has linked, as it is now.
pub(super) async fn linked(notes: &Notes, kept: &mut Kept) -> Result<Vec<Linked>, Trouble> {
    let Some(user_token) = refresh::user_token(notes, kept).await? else { return Ok(Vec::new()) };
    let wish = json!({ "status": "active", "user_token": user_token });
    let listed = signed::ask(notes, &notes.settings.app_key, Method::POST, "/sdk/grants/list", Some(&wish)).await?;
    let listed = listed.body.get("grants").cloned().unwrap_or(Value::Null);
    serde_json::from_value(listed).map_err(|cause| Trouble::Unreachable(cause.to_string()))
}
