//! The documents that clients read first: metadata, keys, webfinger. Public, cacheable, the same for everyone.

use crate::app::App;
use crate::edge::body::pairs;
use crate::edge::oauth_error::OAuthError;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `GET /.well-known/openid-configuration` and `GET /.well-known/oauth-authorization-server`
pub async fn metadata(State(app): State<App>) -> Response {
    document("application/json", "public, max-age=3600, stale-while-revalidate=21600", app.discovery.clone())
}

/// `GET /.well-known/jwks.json`. Cached for less time than a key is published before it signs.
pub async fn jwks(State(app): State<App>) -> Response {
    document("application/json", "public, max-age=300, stale-while-revalidate=1800", app.oauth.keys.jwks().to_string())
}

/// `GET /.well-known/webfinger?resource=…` (RFC 7033). Every subject has the same issuer, so the answer tells nothing about it.
pub async fn webfinger(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let fields = pairs(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let mut asked = fields.into_iter().filter(|(name, value)| name == "resource" && !value.is_empty());
    let (Some((_, resource)), None) = (asked.next(), asked.next()) else {
        return OAuthError::invalid_request("resource is missing, or there is more than one").into_response();
    };
    let answer = json!({
        "subject": resource,
        "links": [{ "rel": "http://openid.net/specs/connect/1.0/issuer", "href": app.config.issuer }],
    });
    document("application/jrd+json", "public, max-age=3600", answer.to_string())
}

fn document(kind: &'static str, cache: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    (headers, body).into_response()
}
