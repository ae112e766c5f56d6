//! `/api/mydata`: taking one's data along, and deleting the account (`identity-wire.md` 10.5).

use super::{check_origin, without_session};
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::session::ApiSigned;
use crate::farewell;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// `GET /api/mydata/export`
pub async fn export(State(app): State<App>, ApiSigned(session): ApiSigned) -> Result<Response, ApiError> {
    Ok(attachment(&app.people.export(&session).await?))
}

/// One's data as a file.
pub fn attachment(data: &Value) -> Response {
    let mut response = axum::Json(data).into_response();
    let name = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    response
}

/// `DELETE /api/mydata`
pub async fn remove(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_origin(&app, &headers)?;
    farewell::delete_account(&app, &session).await?;
    Ok(without_session(&app, axum::Json(json!({ "success": true })).into_response()))
}
