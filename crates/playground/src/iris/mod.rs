//! *Iris*: an app that lives in the browser alone, a *public client*. This crate serves its files; all it does is in `web/iris.js`
//! and `web/sign_in.js`.

use crate::{look, page};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// What the page is told. There is no secret: everybody can read it.
pub struct Settings {
    /// `http://localhost:8460`
    pub issuer: String,
    /// Of the registered app. Quick needs none.
    pub client_id: String,
    /// `http://localhost:8462`
    pub origin: String,
    /// Where the tour is.
    pub tour: String,
}

#[derive(Template)]
#[template(path = "iris.html")]
struct IrisPage<'a> {
    issuer: &'a str,
    client_id: &'a str,
    origin: &'a str,
    own_host: &'a str,
    tour: &'a str,
}

/// The app: one page at two paths, and two scripts.
pub fn router(settings: Settings) -> Router {
    let origin: Arc<str> = settings.origin.as_str().into();
    Router::new()
        .route("/", get(show))
        .route("/callback", get(show))
        .route(
            "/iris.js",
            get(|| async { look::file("text/javascript; charset=utf-8", include_str!("../../web/iris.js")) }),
        )
        .route(
            "/sign_in.js",
            get(|| async { look::file("text/javascript; charset=utf-8", include_str!("../../web/sign_in.js")) }),
        )
        .merge(look::router())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(origin, page::at_home))
        .with_state(Arc::new(settings))
}

async fn show(State(settings): State<Arc<Settings>>) -> Response {
    let page = IrisPage {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        origin: &settings.origin,
        own_host: page::host(&settings.origin),
        tour: &settings.tour,
    };
    page::show(StatusCode::OK, &page, &settings.issuer)
}
