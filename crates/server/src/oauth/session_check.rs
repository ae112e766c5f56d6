//! `POST /api/oauth/session/check`: is the sign-in behind this token still alive? (Quick SDK)

use crate::app::App;
use crate::edge::bearer;
use crate::edge::faults;
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use crate::edge::request::Source;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `POST /api/oauth/session/check`. 200 `{"status":"active"}`, or 401 with a reason.
pub async fn check(State(app): State<App>, source: Source, headers: HeaderMap) -> Response {
    if let Err(too_many) = app.limits.pass(Gate::SessionCheck, source, None) {
        return OAuthError::from(too_many).into_response();
    }
    let Ok(token) = bearer::token(&headers) else { return ended() };
    match app.oauth.is_alive(&token).await {
        Ok(true) => Json(json!({ "status": "active" })).into_response(),
        Ok(false) => ended(),
        Err(fault) => {
            let status = faults::status_of(&fault);
            (status, Json(json!({ "error": "temporarily_unavailable", "reason": "temporarily_unavailable" })))
                .into_response()
        }
    }
}

fn ended() -> Response {
    (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_token", "reason": "invalid_token" }))).into_response()
}
