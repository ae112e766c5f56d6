//! Doors beside the API of each service, for proxies and other clients: they tell what arrived, and answer in every awkward way.
//!
//! They ask for no scope and no token. A token of ours that is no longer good is refused here as at the API.

mod answer;
mod echo;
mod flow;
mod stream;

pub use flow::pattern;

use super::{Fake, bearer};
use crate::fake::refused::Refused;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};

/// `at` gives the whole path of a door.
pub(super) fn router(fake: &Fake, at: &impl Fn(&str) -> String) -> Router<Fake> {
    Router::new()
        .route(&at("/echo"), any(echo::echo))
        .route(&at("/echo/"), any(echo::echo))
        .route(&at("/echo/{*rest}"), any(echo::echo))
        .route(&at("/echo-split"), get(echo::split))
        .route(&at("/bytes"), get(flow::bytes))
        .route(&at("/count"), post(flow::count))
        .route(&at("/events"), get(flow::events))
        .route(&at("/drip"), get(flow::drip))
        .route(&at("/status/{code}"), any(answer::status))
        .route(&at("/redirect"), any(answer::redirect))
        .route(&at("/slow"), any(answer::slow))
        .route(&at("/headers"), get(answer::many_headers))
        .route(&at("/gzip"), get(answer::gzip))
        .route(&at("/cookies"), get(answer::cookies))
        .layer(from_fn_with_state(fake.clone(), bearer::no_dead_token))
}

fn malformed(sentence: &'static str) -> Response {
    Refused::malformed(sentence).into_response()
}
