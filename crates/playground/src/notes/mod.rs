//! *Notes*: a web app with a server of its own, a *confidential client*.
//!
//! Promise: tokens, keys and the client secret stay on this server; the browser holds nothing but a session cookie, and for the runtime
//! a delegated token of ten minutes. (The page `/tokens` shows tokens because showing them is its purpose. An app of yours has no
//! such page.)

mod accounts;
mod agent;
mod calendar;
mod claims;
mod connect;
mod exchange;
mod id_token;
mod iris;
mod issuer;
mod link;
mod proxy;
mod refresh;
mod session;
mod sign_in;
mod sign_out;
mod signed;
mod tokens;
mod tour;
mod trouble;

pub use trouble::Trouble;

use crate::{look, page};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use issuer::Issuer;
use session::Sessions;
use std::sync::Arc;

/// What an app knows of the issuer and of itself. Everything else it reads from the issuer's discovery document.
pub struct Settings {
    /// `http://localhost:8460`
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// `http://localhost:8461`
    pub origin: String,
    /// What this server signs its requests to `/sdk/*` with, and the key of its agent.
    pub app_key: String,
    pub agent_key: String,
    /// What the agent is called.
    pub agent: String,
    /// Where Iris is.
    pub iris: String,
    /// How both apps were registered, to be read.
    pub manifest: String,
}

impl Settings {
    /// The redirect URI, byte for byte as it is registered.
    fn redirect_uri(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// The same for answers to the question whether Notes may use Iris.
    fn connected_uri(&self) -> String {
        format!("{}/connected", self.origin)
    }
}

#[derive(Clone)]
pub(crate) struct Notes(Arc<Parts>);

pub(crate) struct Parts {
    settings: Settings,
    issuer: Issuer,
    sessions: Sessions,
}

impl std::ops::Deref for Notes {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The app.
pub fn router(settings: Settings) -> Router {
    let origin: Arc<str> = settings.origin.as_str().into();
    let (issuer, sessions) = (Issuer::at(&settings.issuer), Sessions::of(&settings.origin));
    let notes = Notes(Arc::new(Parts { settings, issuer, sessions }));
    Router::new()
        .route("/", get(tour::show))
        .route("/done/{step}", get(tour::tick))
        .route("/sign-in", get(sign_in::start))
        .route("/callback", get(sign_in::finish))
        .route("/tokens", get(tokens::show))
        .route("/refresh", post(refresh::refresh))
        .route("/refreshed", get(refresh::show))
        .route("/replay", post(refresh::replay))
        .route("/iris", get(iris::show))
        .route("/connect.js", get(|| async { script(include_str!("../../web/connect.js")) }))
        .route("/chat.js", get(|| async { script(include_str!("../../web/chat.js")) }))
        .route("/iris/begin", post(connect::begin))
        .route("/iris/connect", get(connect::leave))
        .route("/connected", get(connect::finish))
        .route("/iris/token", post(exchange::exchange))
        .route("/accounts", get(accounts::show))
        .route("/accounts.js", get(|| async { script(include_str!("../../web/accounts.js")) }))
        .route("/accounts/session", post(link::begin))
        .route("/agent/read", post(agent::read))
        .route("/agent/add", post(agent::add))
        .route("/agent/waiting", get(agent::wait))
        .route("/calendar/connect", get(connect::leave_for_calendar))
        .route("/calendar/read", post(calendar::read))
        .route("/sign-out", post(sign_out::start))
        .route("/signed-out", get(sign_out::finish))
        .layer(from_fn_with_state(notes.clone(), session::with_visit))
        .layer(from_fn_with_state(notes.clone(), only_own_forms))
        .merge(look::router())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(origin, page::at_home))
        .with_state(notes)
}

fn script(text: &'static str) -> Response {
    look::file("text/javascript; charset=utf-8", text)
}

/// A form of another site must not act here. `SameSite=Lax` alone does not tell ports of one host apart, so we look at `Origin`.
async fn only_own_forms(State(notes): State<Notes>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if request.method() == Method::POST && origin != Some(&notes.settings.origin) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}
