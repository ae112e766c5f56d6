//! *Iris*: two things at one address. Its page lives in the browser alone, a *public client*: all that it does is in `web/iris.js`
//! and `web/sign_in.js`. Its server answers other apps that act for a person, a *target*: `runtime.rs`.

mod questions;
mod runtime;
mod thinking;

use crate::{look, page};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use questions::Questions;
use std::sync::Arc;
use verify::{BadSetting, Verifier};

/// The key of what Iris offers, as it is registered.
const RESOURCE: &str = "iris:inference";

/// What the app knows of the issuer and of itself.
pub struct Settings {
    /// `http://localhost:8460`
    pub issuer: String,
    /// Of the registered app that the page is. Everybody can read it; Quick needs none.
    pub client_id: String,
    /// Of the app that owns the resource: the server's own.
    pub server_id: String,
    /// The server's secret, which the page never sees.
    pub server_secret: String,
    /// `http://localhost:8462`
    pub origin: String,
    /// Where the tour is.
    pub tour: String,
}

#[derive(Clone)]
struct Iris(Arc<Parts>);

struct Parts {
    settings: Settings,
    questions: Questions,
}

impl std::ops::Deref for Iris {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
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

/// The app: one page at two paths, two scripts, and two doors for other apps.
pub fn router(settings: Settings) -> Result<Router, BadSetting> {
    let origin: Arc<str> = settings.origin.as_str().into();
    // The issuer is asked about every token, so that what a person ends is refused here at once and not within ten minutes.
    let verifier = Verifier::builder(&settings.issuer, format!("{}/api", settings.origin), RESOURCE)
        .introspect(&settings.server_id, &settings.server_secret)
        .build()?;
    let pages = verifier.layer().scope("resource.access").runtime_cors();
    let servers = verifier.layer().scope(runtime::HISTORY);
    let iris = Iris(Arc::new(Parts { settings, questions: Questions::default() }));
    Ok(Router::new()
        .route("/", get(show))
        .route("/callback", get(show))
        .route("/runtime", post(runtime::run).layer(pages))
        .route("/api/history", get(runtime::history).layer(servers))
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
        .with_state(iris))
}

async fn show(State(iris): State<Iris>) -> Response {
    let settings = &iris.settings;
    let page = IrisPage {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        origin: &settings.origin,
        own_host: page::host(&settings.origin),
        tour: &settings.tour,
    };
    page::show(StatusCode::OK, &page, &settings.issuer)
}
