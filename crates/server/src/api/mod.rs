//! JSON endpoints besides the protocol's: public metadata, the ceremonies of our own pages, the management API.

pub mod metadata;

use crate::app::App;
use axum::Router;

/// The routes of every part. A new part is one line here.
pub fn router() -> Router<App> {
    Router::new()
}
