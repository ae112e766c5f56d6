//! `/`: what this is, for somebody who is not signed in; the account for somebody who is.

use super::account;
use crate::app::App;
use crate::config::Registration;
use crate::edge::page::{self, PageResult};
use crate::edge::session::MaybeSigned;
use crate::views::{Home, Link};
use axum::extract::State;

/// `GET /`
pub async fn show(State(app): State<App>, MaybeSigned(signed): MaybeSigned) -> PageResult {
    if let Some(signed) = signed {
        return account::home::page_of(&app, &signed).await;
    }
    let view = Home {
        frame: page::frame(&app),
        is_registration_open: app.config.people.registration == Registration::Open,
        has_developers: app.config.developers.self_service,
        tour: app.config.tour.is_some().then(|| Link::new("take the tour", "/demo")),
    };
    page::show(&view)
}
