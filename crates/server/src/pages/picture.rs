//! `/pictures/{id}`: the pictures of identities, as raster images and as nothing else (threat 182).

use crate::app::App;
use crate::edge::faults::PageError;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// `GET /pictures/{id}`. Another picture has another id, so this one can be kept for ever.
pub async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, PageError> {
    let picture = app.people.picture(&id).await?;
    let media = HeaderValue::from_str(&picture.media).map_err(|_| PageError::not_found())?;
    let mut response = picture.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}
