//! `/api/oauth/delegations`: what a person has allowed one app at another, and ending it (seed 000, `product.md` 3.7).
//!
//! Promise: the person's own session opens it, by cookie from our own pages or by a session token from anywhere; a token that an
//! app holds never does (threat 132). A foreign page that reads this has shown the session token; it never rides on a cookie.

use crate::app::App;
use crate::edge::bearer;
use crate::edge::faults::ApiError;
use crate::edge::limit::Gate;
use crate::edge::request::Source;
use crate::edge::session::MaybeSigned;
use axum::Json;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use base::AccountId;
use oauth::Delegation;
use serde_json::{Value, json};

/// The person whose delegations these are.
pub struct Owner {
    account: AccountId,
    source: String,
}

impl FromRequestParts<App> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Owner, ApiError> {
        let Ok(source) = Source::from_request_parts(parts, app).await;
        app.limits.pass(Gate::Delegations, source, None).map_err(|too_many| {
            let wait = format!("wait {} seconds and try again", too_many.retry_after_secs);
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", wait)
        })?;
        let account = if parts.headers.contains_key(header::AUTHORIZATION) {
            let token = bearer::token(&parts.headers).map_err(|_| no_session())?;
            app.people.check_session_token(&token).await?
        } else if may_use_cookie(app, &parts.method, &parts.headers) {
            let MaybeSigned(signed) = MaybeSigned::from_request_parts(parts, app).await.map_err(|_| no_session())?;
            signed.map(|signed| signed.session.account)
        } else {
            None
        };
        let account = account.ok_or_else(no_session)?;
        Ok(Owner { account, source: source.0.to_string() })
    }
}

/// A cookie counts for our own pages alone. Browsers name the origin of everything but plain GETs, and say where those come from.
fn may_use_cookie(app: &App, method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    let is_own_site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    match text("origin") {
        Some(origin) => origin == app.config.issuer && is_own_site,
        None => *method == Method::GET && is_own_site,
    }
}

fn no_session() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "send a session token made at /account/tokens as a Bearer credential; tokens of apps do not open this",
    )
}

/// `GET /api/oauth/delegations`: active ones; `?status=all` with those that have ended.
pub async fn list(State(app): State<App>, owner: Owner, RawQuery(query): RawQuery) -> Result<Json<Value>, ApiError> {
    let pairs = crate::edge::body::pairs(query.as_deref().unwrap_or_default().as_bytes()).unwrap_or_default();
    let status = pairs.iter().find(|(name, _)| name == "status").map_or("active", |(_, status)| status.as_str());
    if !matches!(status, "active" | "all") {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", "status is active or all"));
    }
    let mut shown = Vec::new();
    for delegation in app.oauth.delegations(&owner.account, status == "all").await? {
        shown.push(delegation_json(&app, &delegation).await?);
    }
    Ok(Json(json!({ "delegations": shown })))
}

async fn delegation_json(app: &App, delegation: &Delegation) -> Result<Value, ApiError> {
    let source = app.oauth.app(delegation.source.as_str()).await?;
    let source = source.as_deref();
    Ok(json!({
        "id": delegation.id.as_str(),
        "createdAt": delegation.created_at.iso(),
        "updatedAt": delegation.updated_at.iso(),
        "lastUsedAt": delegation.last_used_at.map(base::Time::iso),
        "revokedAt": delegation.ended_at.map(base::Time::iso),
        "status": status(delegation),
        "communicationMode": delegation.presence.as_str(),
        "scope": delegation.scope.to_string(),
        "identityId": delegation.identity.as_ref().map(base::IdentityId::as_str),
        "sourceAppClientId": delegation.source.as_str(),
        "sourceAppName": source.map(|app| &app.name),
        "sourceAppIconUrl": source.and_then(|of| of.logo.as_ref()).map(|logo| app.url(&format!("/logos/{logo}"))),
        "sourceAppWebsiteUrl": source.and_then(|app| app.website.as_ref()),
        "targetResourceKey": delegation.key,
        "targetResourceName": delegation.resource_name,
        "targetAudience": delegation.audience,
    }))
}

fn status(delegation: &Delegation) -> &'static str {
    match (delegation.ended_at, delegation.is_suspended) {
        (Some(_), _) => "ended",
        (None, true) => "suspended",
        (None, false) => "active",
    }
}

/// `DELETE /api/oauth/delegations/{id}`: ends it with all its tokens. Somebody else's does not exist; an ended one is ended.
pub async fn end(State(app): State<App>, owner: Owner, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    if !app.oauth.end_delegation(&owner.account, &id, &owner.source).await? {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "Delegation not found", "you have no such delegation"));
    }
    app.vault.tend_connections_of(&owner.account).await?;
    Ok(Json(json!({ "success": true })))
}
