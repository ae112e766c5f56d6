//! The documents that clients read first: metadata, keys, webfinger. Public, cacheable, the same for everyone.

use crate::app::App;
use crate::edge::oauth_error::OAuthError;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

/// `GET /.well-known/openid-configuration` and `GET /.well-known/oauth-authorization-server`
pub async fn metadata(State(app): State<App>) -> Response {
    document("application/json", "public, max-age=3600, stale-while-revalidate=21600", app.discovery.clone())
}

/// `GET /.well-known/jwks.json`. Cached for less time than a key is published before it signs.
pub async fn jwks(State(app): State<App>) -> Response {
    document("application/json", "public, max-age=300, stale-while-revalidate=1800", app.oauth.keys.jwks().to_string())
}

#[derive(Deserialize)]
pub struct Webfinger {
    resource: Option<String>,
}

/// `GET /.well-known/webfinger?resource=…` (RFC 7033). Every subject has the same issuer, so the answer tells nothing about it.
pub async fn webfinger(State(app): State<App>, Query(asked): Query<Webfinger>) -> Response {
    let Some(resource) = asked.resource.filter(|resource| !resource.is_empty()) else {
        return OAuthError::invalid_request("resource is missing").into_response();
    };
    let answer = json!({
        "subject": resource,
        "links": [{ "rel": "http://openid.net/specs/connect/1.0/issuer", "href": app.config.issuer }],
    });
    document("application/jrd+json", "public, max-age=3600", answer.to_string())
}

fn document(kind: &'static str, cache: &'static str, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    (headers, body).into_response()
}
