//! The management API, `/api/v1`: for operators and their scripts.
//!
//! Promise: an operator token opens it and nothing else does, neither cookie nor token of an app or a person (threat 189); every
//! refusal is a problem document (RFC 9457) with a code and the request's id.

mod apps;
mod audit;
mod body;
mod connect;
mod grants;
mod openapi;
mod operator;
mod organizations;
mod page;
mod problem;
mod providers;
mod resources;
mod shape;
mod users;
mod webhooks;

pub use openapi::document;

use crate::app::App;
use crate::edge::address;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use problem::Problem;

type Route = (&'static str, &'static str, MethodRouter<App>);

/// Every route: method, path below `/api/v1`, handler.
fn routes() -> Vec<Route> {
    vec![
        ("get", "/openapi.json", get(openapi::show)),
        ("get", "/apps", get(apps::list)),
        ("post", "/apps", post(apps::create)),
        ("get", "/apps/{client_id}", get(apps::show)),
        ("patch", "/apps/{client_id}", patch(apps::update)),
        ("delete", "/apps/{client_id}", delete(apps::remove)),
        ("post", "/apps/{client_id}/rotate-secret", post(apps::rotate_secret)),
        ("delete", "/apps/{client_id}/secrets/{secret_id}", delete(apps::end_secret)),
        ("post", "/apps/{client_id}/disable", post(apps::disable)),
        ("post", "/apps/{client_id}/enable", post(apps::enable)),
        ("get", "/apps/{client_id}/grants", get(grants::list_of_app)),
        ("get", "/apps/{client_id}/keys", get(connect::list_keys)),
        ("post", "/apps/{client_id}/keys", post(connect::mint_key)),
        ("post", "/apps/{client_id}/keys/{key_id}/rotate", post(connect::rotate_key)),
        ("delete", "/apps/{client_id}/keys/{key_id}", delete(connect::revoke_key)),
        ("get", "/apps/{client_id}/agents", get(connect::list_agents)),
        ("post", "/apps/{client_id}/agents", post(connect::create_agent)),
        ("get", "/apps/{client_id}/agents/{agent_id}", get(connect::show_agent)),
        ("delete", "/apps/{client_id}/agents/{agent_id}", delete(connect::revoke_agent)),
        ("post", "/apps/{client_id}/agents/{agent_id}/suspend", post(connect::suspend_agent)),
        ("post", "/apps/{client_id}/agents/{agent_id}/resume", post(connect::resume_agent)),
        ("get", "/apps/{client_id}/identity-issuer", get(connect::show_issuer)),
        ("put", "/apps/{client_id}/identity-issuer", put(connect::set_issuer)),
        ("delete", "/apps/{client_id}/identity-issuer", delete(connect::remove_issuer)),
        ("get", "/apps/{client_id}/connections", get(webhooks::list_connections)),
        ("get", "/apps/{client_id}/webhooks", get(webhooks::list)),
        ("post", "/apps/{client_id}/webhooks", post(webhooks::create)),
        ("get", "/apps/{client_id}/webhooks/{webhook_id}", get(webhooks::show)),
        ("patch", "/apps/{client_id}/webhooks/{webhook_id}", patch(webhooks::update)),
        ("delete", "/apps/{client_id}/webhooks/{webhook_id}", delete(webhooks::remove)),
        ("get", "/apps/{client_id}/webhooks/{webhook_id}/deliveries", get(webhooks::list_deliveries)),
        ("post", "/apps/{client_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/resend", post(webhooks::resend)),
        ("get", "/providers", get(providers::list)),
        ("get", "/providers/{provider_id}", get(providers::show)),
        ("put", "/providers/{provider_id}", put(providers::put)),
        ("delete", "/providers/{provider_id}", delete(providers::remove)),
        ("put", "/providers/{provider_id}/credentials", put(providers::put_credentials)),
        ("delete", "/providers/{provider_id}/credentials", delete(providers::remove_credentials)),
        ("get", "/organizations", get(organizations::list)),
        ("post", "/organizations", post(organizations::create)),
        ("get", "/organizations/{organization_id}", get(organizations::show)),
        ("patch", "/organizations/{organization_id}", patch(organizations::update)),
        ("put", "/organizations/{organization_id}/members/{account_id}", put(organizations::put_member)),
        ("delete", "/organizations/{organization_id}/members/{account_id}", delete(organizations::remove_member)),
        ("get", "/resources", get(resources::list)),
        ("post", "/resources", post(resources::create)),
        ("get", "/resources/{resource_id}", get(resources::show)),
        ("patch", "/resources/{resource_id}", patch(resources::update)),
        ("delete", "/resources/{resource_id}", delete(resources::remove)),
        ("post", "/resources/{resource_id}/pause", post(resources::pause)),
        ("post", "/resources/{resource_id}/resume", post(resources::resume)),
        ("get", "/resources/{resource_id}/grants", get(resources::grants)),
        ("get", "/users", get(users::list)),
        ("get", "/users/{account_id}", get(users::show)),
        ("post", "/users/{account_id}/disable", post(users::disable)),
        ("post", "/users/{account_id}/enable", post(users::enable)),
        ("get", "/audit", get(audit::list)),
    ]
}

/// The routes, below `/api/v1`.
pub fn router() -> Router<App> {
    let mut router = Router::new();
    for (_, path, handler) in routes() {
        router = router.route(&format!("/api/v1{path}"), handler);
    }
    router
        .route("/api/v1", get(nothing_here))
        .route("/api/v1/{*rest}", get(nothing_here))
        .method_not_allowed_fallback(nothing_here)
        .layer(from_fn(readable))
        .layer(from_fn(problem::render))
}

/// There is nothing at a path that is not text.
async fn readable(request: Request, next: Next) -> Response {
    if address::is_plain_path(&request) { next.run(request).await } else { Problem::not_found().into_response() }
}

/// Unknown paths and wrong methods look alike.
async fn nothing_here() -> Problem {
    Problem::not_found()
}
