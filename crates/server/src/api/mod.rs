//! JSON endpoints besides the protocol's: public metadata, the ceremonies of our own pages, the management API.

pub mod logos;
pub mod metadata;
pub mod people;
pub mod v1;

use crate::app::App;
use axum::Router;
use axum::routing::get;

/// The routes of every part. A new part is one line here.
pub fn router() -> Router<App> {
    Router::new().route("/logos/{id}", get(logos::show)).merge(people::router()).merge(v1::router())
}
