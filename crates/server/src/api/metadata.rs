//! What anyone may know of an app, and of what it offers to others (`identity-wire.md` 1.6).

use crate::app::App;
use crate::edge::faults::ApiError;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oauth::resource::{self, Resource, ResourceScope};
use serde_json::{Value, json};

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
    let id = found.id.clone();
    let offered = app.store.read(move |tx| resource::find_active_of_app(tx, &id)).await?;
    let body = json!({
        "app": {
            "id": found.client_id(),
            "name": name,
            "description": description,
            "iconUrl": icon_url(&app, &found),
            "websiteUrl": found.website,
            "supportsE2ee": false,
        },
        "resources": offered.iter().map(resource_json).collect::<Vec<_>>(),
    });
    Ok(cached(body))
}

/// `GET /api/oauth/resource/{key}`: only while it can be asked for.
pub async fn resource(State(app): State<App>, Path(key): Path<String>) -> Result<Response, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_FOUND, "Resource not found", "no resource in service has this key");
    let found = app.store.read(move |tx| resource::find_by_key(tx, &key)).await?;
    let found = found.filter(Resource::is_active).ok_or_else(missing)?;
    let owner = app.oauth.app(found.app.as_str()).await?.ok_or_else(missing)?;
    let mut body = resource_json(&found);
    if let Some(members) = body.as_object_mut() {
        members.extend([
            ("ownerAppClientId".to_owned(), json!(owner.client_id())),
            ("ownerAppName".to_owned(), json!(owner.name)),
            ("ownerAppDescription".to_owned(), json!(owner.description)),
            ("ownerAppIconUrl".to_owned(), json!(icon_url(&app, &owner))),
            ("ownerAppWebsiteUrl".to_owned(), json!(owner.website)),
        ]);
    }
    Ok(cached(json!({ "resource": body })))
}

fn resource_json(resource: &Resource) -> Value {
    let scope = |scope: &ResourceScope| json!({ "name": scope.name, "text": scope.text, "risk": scope.risk.as_str() });
    json!({
        "resourceKey": resource.key,
        "displayName": resource.name,
        "description": resource.description,
        "scopes": resource.scopes.iter().map(|scope| &scope.name).collect::<Vec<_>>(),
        "scopeDetails": resource.scopes.iter().map(scope).collect::<Vec<_>>(),
        "audience": resource.audience,
        "status": resource.status(),
    })
}

fn icon_url(app: &App, of: &oauth::app::App) -> Option<String> {
    of.logo.as_ref().map(|logo| app.url(&format!("/logos/{logo}")))
}

fn cached(body: Value) -> Response {
    let cache = [(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60, s-maxage=300"))];
    (cache, axum::Json(body)).into_response()
}
