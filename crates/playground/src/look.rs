//! The look of the sample apps: the sheet of the issuer's pages, and what a tour needs besides.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

const STYLE: &str = include_str!("../../server/web/style.css");
const TOUR: &str = include_str!("../web/tour.css");
const HEADING: &[u8] = include_bytes!("../../server/web/fonts/heading.woff2");
const BODY: &[u8] = include_bytes!("../../server/web/fonts/body.woff2");
const CHEVRON: &str = include_str!("../../server/web/chevron.svg");
const CHEVRON_DARK: &str = include_str!("../../server/web/chevron-dark.svg");
const ICON: &str = include_str!("../../server/web/icon.svg");

/// `/look/*`
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/look/style.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
        .route("/look/tour.css", get(|| async { file("text/css; charset=utf-8", TOUR) }))
        .route("/look/heading.woff2", get(|| async { file("font/woff2", HEADING) }))
        .route("/look/body.woff2", get(|| async { file("font/woff2", BODY) }))
        .route("/look/icon.svg", get(|| async { file("image/svg+xml", ICON) }))
        .route("/look/chevron.svg", get(|| async { file("image/svg+xml", CHEVRON) }))
        .route("/look/chevron-dark.svg", get(|| async { file("image/svg+xml", CHEVRON_DARK) }))
}

/// A file that is part of the program.
pub(crate) fn file(kind: &'static str, body: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}
