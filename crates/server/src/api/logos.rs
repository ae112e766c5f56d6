//! The pictures of apps.

use crate::app::App;
use crate::edge::faults::ApiError;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// `GET /logos/{id}`. A changed picture has another id, so browsers may keep this one; nothing in it can run.
pub async fn show(State(server): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let found = server.store.read(move |tx| oauth::app::find_logo(tx, &id)).await?;
    let logo = found.ok_or_else(ApiError::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(logo.media())),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    Ok((headers, logo.bytes().to_vec()).into_response())
}
