//! `/connect/runtime`: the frame that holds a delegated token, and what it asks before it uses one (seed 001, `product.md` 3.9).

use crate::app::App;
use crate::edge::bearer;
use crate::edge::json::Json as Body;
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::views::Runtime;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use oauth::delegated::RuntimeAsk;
use oauth::resource;
use serde::Deserialize;
use serde_json::json;

/// `GET /connect/runtime?target=…`: may stand in a frame of anybody; it has no control and reads no cookie. It may send requests to
/// us and to where the resources that `target` can mean are served.
pub async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> PageResult {
    let pairs = crate::edge::body::pairs(query.as_deref().unwrap_or_default().as_bytes()).unwrap_or_default();
    let target = pairs.into_iter().find(|(name, _)| name == "target").map(|(_, target)| target).unwrap_or_default();
    let origins = app.store.read(move |tx| resource::runtime_origins(tx, &target)).await?;
    let mut response = page::show(&Runtime { frame: page::frame(&app) })?;
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *; style-src 'self'; font-src 'self'; \
         img-src 'self'; script-src 'self'; \
         connect-src 'self' {}",
        origins.join(" ")
    );
    if let Ok(policy) = HeaderValue::from_str(policy.trim_end()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

#[derive(Deserialize)]
pub struct Check {
    parent_origin: String,
    target: String,
    target_origin: String,
    mode: Option<String>,
}

/// `POST /connect/runtime/check`: where requests go, and until when.
pub async fn check(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    Body(asked): Body<Check>,
) -> Result<Response, OAuthError> {
    app.limits.pass(Gate::Runtime, source, None)?;
    let token = bearer::token(&headers)?;
    let ask = RuntimeAsk {
        parent_origin: asked.parent_origin,
        target: asked.target,
        target_origin: asked.target_origin,
        mode: asked.mode,
    };
    let target = app.oauth.check_runtime(&token, ask).await?;
    let body = json!({
        "endpoint": target.endpoint,
        "expires_at": target.expires_at.secs(),
        "kind": if target.is_vault { "vault" } else { "app" },
        "sub": target.subject,
        "cid": target.source,
        "target_resource": target.target_resource,
    });
    Ok(axum::Json(body).into_response())
}
