//! Every route, on one page.

use crate::app::App;
use crate::edge::faults::{self, PageError};
use crate::edge::{address, cors, headers, request};
use crate::oauth::{
    authorize, backend_sign_in, delegations, discovery, embed, introspect, logout, revoke, runtime, session_check,
    token, userinfo,
};
use crate::{assets, pages, sdk_js, widget};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};

/// The whole of the public listener.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .merge(open_to_browsers())
        .merge(protocol_pages())
        .route("/api/oauth/introspect", post(introspect::introspect))
        .merge(crate::api::router())
        .merge(crate::sdk::router(&app))
        .merge(pages::router())
        .merge(widget::router())
        .route("/proxy/{*rest}", any(crate::proxy::pass))
        .route("/assets/{file}", get(asset))
        .fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .layer(DefaultBodyLimit::max(1 << 20));
    routes
        .layer(from_fn(address::readable))
        .layer(from_fn_with_state(app.clone(), faults::render))
        .layer(from_fn_with_state(app.clone(), headers::add))
        .layer(from_fn_with_state(app.clone(), request::admit))
        .with_state(app)
}

/// What browser SDKs call from other origins: CORS `*`, no cookies.
fn open_to_browsers() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::metadata).options(preflight))
        .route("/.well-known/oauth-authorization-server", get(discovery::metadata).options(preflight))
        .route("/.well-known/jwks.json", get(discovery::jwks).options(preflight))
        .route("/.well-known/webfinger", get(discovery::webfinger).options(preflight))
        .route("/api/oauth/token", post(token::token).options(preflight))
        .route("/api/oauth/revoke", post(revoke::revoke).options(preflight))
        .route("/api/oauth/userinfo", get(userinfo::userinfo).post(userinfo::userinfo).options(preflight))
        .route("/api/oauth/session/check", post(session_check::check).options(preflight))
        .route("/api/oauth/app/{client_id}", get(crate::api::metadata::app).options(preflight))
        .route("/api/oauth/resource/{key}", get(crate::api::metadata::resource).options(preflight))
        .route("/api/oauth/delegations", get(delegations::list).options(preflight))
        .route("/api/oauth/delegations/{id}", delete(delegations::end).options(preflight))
        .route("/sdk/js/embed.js", get(sdk_js::embed).options(preflight))
        .route("/sdk/js/connect.js", get(sdk_js::connect).options(preflight))
        .route("/sdk/js/alter-connect.umd.js", get(sdk_js::connect_script).options(preflight))
        .layer(from_fn(cors::open))
}

/// The pages that apps send people to.
fn protocol_pages() -> Router<App> {
    Router::new()
        .route("/signin", get(authorize::open).post(authorize::open_by_post))
        .route("/authorize", get(authorize::open).post(authorize::open_by_post))
        .route("/connect/runtime", get(runtime::show))
        .route("/connect/runtime/check", post(runtime::check))
        .route("/connect", get(authorize::connect).post(authorize::connect_by_post))
        .route("/signin/decision", post(authorize::decide))
        .route("/signin/embed/question", post(embed::question))
        .route("/signin/embed/decision", post(embed::decide))
        .route("/sdk/auth", get(backend_sign_in::show))
        .route("/sdk/auth/open", post(backend_sign_in::claim))
        .route("/sdk/auth/s/{number}", get(backend_sign_in::ask).post(backend_sign_in::decide))
        .route("/logout", get(logout::open).post(logout::open_by_post))
        .route("/logout/confirm", post(logout::confirm))
        .route("/demo", get(crate::demo::tour))
}

/// Answered by the CORS layer before it gets here.
async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = assets::find(&file) else { return PageError::not_found().into_response() };
    let takes_gzip =
        headers.get(header::ACCEPT_ENCODING).is_some_and(|sent| sent.to_str().is_ok_and(|sent| sent.contains("gzip")));
    let (body, encoding) = match (&asset.gzip, takes_gzip) {
        (Some(gzip), true) => (gzip.as_slice(), Some("gzip")),
        _ => (asset.body.as_slice(), None),
    };
    let mut response = body.to_vec().into_response();
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(assets::CACHE_CONTROL));
    set.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(encoding) = encoding {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

async fn nothing_here(request: Request) -> Response {
    address::nothing_at(request.uri())
}
