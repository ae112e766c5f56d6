//! The hosted page of Connect: a window in which a person links an account to an app (seed 004, `connect-wire.md` 5).
//!
//! `open` reads the session out of the fragment, `choose` is the page itself, `secret` the one of sessions about a secret, `callback` takes the answers of services, `done` brings
//! the result back to the app.

mod callback;
mod choose;
mod done;
mod open;
mod result;
mod secret;

use crate::app::App;
use crate::edge::cors;
use crate::edge::faults::PageError;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{get, post};

/// The routes of the hosted page.
pub fn router() -> Router<App> {
    let read_by_apps = Router::new()
        .route("/sdk/oauth/connect/session/result", post(result::read).options(preflight))
        .layer(from_fn(cors::open));
    Router::new()
        .route("/sdk/oauth/connect", get(open::show))
        // What a base URL with a slash at its end makes of it.
        .route("//sdk/oauth/connect", get(open::show))
        .route("/sdk/oauth/connect/open", post(open::claim))
        .route("/sdk/oauth/connect/s/{number}", get(choose::show).post(choose::choose))
        .route("/connect/callback/{provider}", get(callback::take))
        .merge(read_by_apps)
}

/// Answered by the CORS layer before it gets here.
async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Where the page of a session is.
fn page_of(number: i64) -> String {
    format!("/sdk/oauth/connect/s/{number:x}")
}

fn number_in(text: &str) -> Option<i64> {
    i64::from_str_radix(text, 16).ok().filter(|number| format!("{number:x}") == text)
}

/// The page for a window that nobody can go on in.
fn lost() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This window is not connected to anything any more.",
        "Close it and start again in the app you came from.",
    )
}

/// The page for a service that nobody has set up for the app.
pub(crate) fn not_set_up() -> PageError {
    PageError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "This service is not set up here.",
        "Tell the people who make the app. You can go back to it and do something else.",
    )
}

/// What the vault refused, as a page.
pub(crate) fn refused(error: vault::Error) -> PageError {
    match error {
        vault::Error::Fault(fault) => PageError::fault(&fault),
        vault::Error::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
            PageError::new(status, "That didn’t work.", "Close this window and start again in the app you came from.")
                .with_detail(format!("{}: {}", refusal.code, refusal.message))
        }
    }
}
