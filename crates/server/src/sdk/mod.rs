//! Connect's API, `/sdk/*`, for the backends of apps and for agents.
//!
//! Promise: every route here but those listed as open is signed ([`alter::signed`]); every refusal is JSON.

mod agents;
mod approvals;
mod auth;
mod catalogue;
mod connect;
mod grants;
mod identity;
mod keys;
pub mod proxy;
mod query;
mod scopes;
mod secrets;
mod spans;
mod specs;
mod token;

pub use query::Fields;

use crate::app::App;
use crate::edge::alter::{self, SdkError};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, patch, post};
use serde_json::Value;

/// What a handler answers.
type Answer = Result<axum::Json<Value>, SdkError>;

/// Every route below `/sdk`.
pub fn router(app: &App) -> Router<App> {
    signed()
        .method_not_allowed_fallback(nothing_here)
        .route_layer(from_fn_with_state(app.clone(), alter::signed))
        .route("/sdk/{*rest}", any(nothing_here))
}

/// What only a signed request may ask.
fn signed() -> Router<App> {
    Router::new()
        .route("/sdk/keys/derive", post(keys::derive))
        .route("/sdk/keys/{id}/rotate", post(keys::rotate))
        .route("/sdk/keys/{id}", delete(keys::revoke))
        .route("/sdk/scopes", get(scopes::show))
        .route("/sdk/agents", post(agents::create).get(agents::list))
        .route("/sdk/agents/me", get(agents::me))
        .route("/sdk/agents/{id}", get(agents::show).patch(agents::change).delete(agents::revoke))
        .route("/sdk/agents/{id}/keys", post(agents::mint_key).get(agents::list_keys))
        .route("/sdk/agents/{id}/keys/{key}/deprecate", patch(agents::deprecate_key))
        .route("/sdk/agents/{id}/keys/{key}/undeprecate", patch(agents::undeprecate_key))
        .route("/sdk/agents/{id}/keys/{key}", delete(agents::revoke_key))
        .route("/sdk/identity/resolve", post(identity::resolve))
        .route("/sdk/identity/assert", post(identity::assert))
        .route("/sdk/auth/session", post(auth::open))
        .route("/sdk/auth/poll", post(auth::poll))
        .route("/sdk/auth/verify-token", post(identity::verify_token))
        .route("/sdk/provider-specs", get(specs::list))
        .route("/sdk/provider-specs/{kind}/{id}", get(specs::show))
        .route("/sdk/provider-specs/{kind}/{id}/operations", get(specs::operations))
        .route("/sdk/provider-specs/{kind}/{id}/operation", get(specs::operation))
        .route("/sdk/spans", post(spans::take))
        .route("/sdk/oauth/connect/session", post(connect::open))
        .route("/sdk/oauth/connect/session/poll", post(connect::poll))
        .route("/sdk/oauth/provider-catalog", get(catalogue::show))
        .route("/sdk/oauth/audit/api-call", post(grants::report_call))
        .route("/sdk/oauth/grants/{id}/revoke", post(grants::revoke))
        .route("/sdk/grants/list", post(grants::list))
        .route("/sdk/grants/{id}/delegate", post(grants::delegate))
        .route("/sdk/grants/{id}/delegations/{agent}", delete(grants::end_delegation))
        .route("/sdk/grants/{id}/mint", post(grants::mint))
        .route("/sdk/grants/{id}/report-scope-mismatch", post(grants::report_mismatch))
        .route("/sdk/token", post(token::hand_out))
        .route("/sdk/proxy", post(proxy::call))
        .route("/sdk/approvals/{id}", get(approvals::show))
        .route("/sdk/approvals/{id}/result", get(approvals::outcome))
        .route("/sdk/managed-secrets/{id}/grants", post(secrets::grant))
}

/// Unknown paths and wrong methods look alike.
async fn nothing_here() -> Response {
    SdkError::not_found().into_response()
}
