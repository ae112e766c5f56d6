//! `/api/invitations`: letting somebody register where one must be invited. For operators alone.

use super::check_origin;
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::session::ApiSigned;
use crate::links;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `POST /api/invitations`: a link, the only time it is shown.
pub async fn make(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_origin(&app, &headers)?;
    let secret = app.people.invite(&session).await?;
    let url = links::register(&app.config.issuer, &secret);
    Ok((StatusCode::CREATED, axum::Json(json!({ "url": url }))).into_response())
}
