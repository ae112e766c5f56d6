//! What has come of a session, in the shapes that windows, addresses and pollers take (`connect-wire.md` 1.3, 1.5, 2.6.2, 5).

use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::limit::Gate;
use crate::edge::request::Source;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Secret, Time};
use serde_json::{Map, Value, json};
use vault::grants::Granted;
use vault::session::{Session, Status};

/// What a window is told of one account.
pub(super) fn item(granted: &Granted) -> Value {
    json!({
        "grant_id": granted.grant.as_str(),
        "provider": granted.provider,
        "provider_name": granted.provider_name,
        "account_identifier": granted.account,
        "timestamp": Time::from_ms(granted.at_ms).iso(),
        "operation": granted.operation.as_str(),
        "scopes": granted.scopes,
        "status": "active",
    })
}

/// What stopped it, as a browser is told: the code of the seed, the sentence, and the service's own code beside it.
pub(super) fn error(session: &Session, now: Time) -> (String, String, Option<String>) {
    match (&session.result.error, session.status(now)) {
        (Some(error), _) if error.code == "connect_denied" => {
            ("oauth_denied".to_owned(), "The person declined.".to_owned(), None)
        }
        (Some(error), _) => ("oauth_provider_error".to_owned(), error.message.clone(), Some(error.code.clone())),
        (None, _) => ("session_expired".to_owned(), "The session has expired.".to_owned(), None),
    }
}

/// The message for the window that opened this one.
pub(super) fn message(session: &Session, now: Time) -> Value {
    if session.status(now) == Status::Completed {
        let grants: Vec<Value> = session.result.granted.iter().map(item).collect();
        return json!({ "type": "alter_connect_success", "grants": grants, "session": session.mark() });
    }
    let (code, sentence, provider_code) = error(session, now);
    let mut message = json!({
        "type": "alter_connect_error", "error": code, "error_description": sentence, "session": session.mark(),
    });
    if let (Some(object), Some(provider_code)) = (message.as_object_mut(), provider_code) {
        object.insert("provider_error".to_owned(), provider_code.into());
    }
    message
}

/// The address that the app gets its person back at, with the result added to its query.
pub(super) fn return_address(session: &Session, now: Time) -> Option<String> {
    let mut url = url::Url::parse(session.return_url.as_deref()?).ok()?;
    let mut query = url.query_pairs_mut();
    if let (Status::Completed, Some(granted)) = (session.status(now), session.result.granted.first()) {
        query
            .append_pair("alter_connect_success", "true")
            .append_pair("grant_id", granted.grant.as_str())
            .append_pair("provider", &granted.provider)
            .append_pair("provider_name", &granted.provider_name)
            .append_pair("account_identifier", &granted.account)
            .append_pair("timestamp", &Time::from_ms(granted.at_ms).iso())
            .append_pair("operation", granted.operation.as_str())
            .append_pair("status", "active");
        // An empty list would be read as one scope without a name.
        if !granted.scopes.is_empty() {
            query.append_pair("scopes", &granted.scopes.join(","));
        }
    } else {
        let (code, sentence, _) = error(session, now);
        query
            .append_pair("alter_connect_error", "true")
            .append_pair("error_code", &code)
            .append_pair("error_description", &sentence);
    }
    drop(query);
    Some(url.into())
}

/// `POST /sdk/oauth/connect/session/result`: for a page whose window was cut off by the service. Only the session's own origin is answered.
pub async fn read(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let wrong = || ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", "send {\"session_token\": …} as JSON");
    let asked: Map<String, Value> =
        Some(&body).filter(|body| body.len() < 4096).and_then(|body| jose::strict::object(body)).ok_or_else(wrong)?;
    let token = asked.get("session_token").and_then(Value::as_str).ok_or_else(wrong)?;
    app.limits.pass(Gate::ConnectResult, source, Some(token)).map_err(ApiError::too_many)?;
    let found = app.vault.session_result(&Secret::new(token)).await.map_err(ApiError::vault)?;
    let Some(session) = found else {
        return Ok(axum::Json(json!({ "status": Status::Expired.as_str() })).into_response());
    };
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if session.origin.is_none() || origin != session.origin.as_deref() {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "origin_not_allowed", "this session answers another origin"));
    }
    let now = app.seams.now();
    let status = session.status(now);
    let mut answer = json!({ "status": status.as_str(), "stage": session.stage.as_str() });
    if let Some(object) = answer.as_object_mut() {
        match status {
            Status::Pending | Status::Expired => {}
            Status::Completed => {
                object.insert("grants".to_owned(), session.result.granted.iter().map(item).collect());
            }
            Status::Error => {
                let (code, sentence, provider_code) = error(&session, now);
                let told = json!({ "error": code, "error_description": sentence, "provider_error": provider_code });
                object.insert("error".to_owned(), told);
            }
        }
    }
    Ok(axum::Json(answer).into_response())
}
