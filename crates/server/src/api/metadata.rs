//! What anyone may know of an app (`identity-wire.md` 1.6).

use crate::app::App;
use crate::edge::faults::ApiError;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `GET /api/oauth/app/{client_id}`
pub async fn app(State(app): State<App>, Path(client_id): Path<String>) -> Result<Response, ApiError> {
    let found = app.oauth.app(&client_id).await?.filter(|found| found.disabled_at.is_none());
    let found =
        found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "App not found", "no app has this client id"))?;
    let description = found
        .description
        .clone()
        .or_else(|| found.is_quick().then(|| "An app that is known by its address alone.".to_owned()));
    // On the wire a Quick app is called by its origin; pages show the host.
    let name = found.website.as_ref().filter(|_| found.is_quick()).unwrap_or(&found.name);
    let body = json!({
        "app": {
            "id": found.client_id(),
            "name": name,
            "description": description,
            "iconUrl": found.logo.as_ref().map(|logo| app.url(&format!("/logos/{logo}"))),
            "websiteUrl": found.website,
            "supportsE2ee": false,
        },
        "resources": [],
    });
    let cache = [(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60, s-maxage=300"))];
    Ok((cache, axum::Json(body)).into_response())
}
