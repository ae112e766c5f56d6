//! The pages of people and developers, one file each: what they show and what their forms do.

mod developers;

use crate::app::App;
use axum::Router;

/// The routes of every page. A new page is one line here.
pub fn router() -> Router<App> {
    Router::new().merge(developers::router())
}
