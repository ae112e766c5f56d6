//! *Fake calendar* and *Fake chat*: two services at one address that other apps link accounts of, made for trying out what can go
//! wrong there.
//!
//! Promise: they speak OAuth as strictly as real ones do (RFC 6749, 7009, 7636, 9207), so that a client which works here has not been
//! humoured; and they fail exactly as told (`faults.rs`). Nothing of value is in them: the accounts are the same for everybody,
//! there is no password, and everything is in memory. They serve this computer alone.

mod account;
mod authorize;
mod bearer;
mod bounded;
mod calendar;
mod chat;
mod control;
mod doors;
mod faults;
mod form;
mod memory;
mod place;
mod refused;
mod scope;
mod service;
mod stats;
mod token;
mod tokens;

pub use doors::pattern;

use crate::look;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::{Extension, Router};
use memory::Memory;
use parking_lot::Mutex;
use service::Service;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The one client that both services know.
pub const CLIENT_ID: &str = "procura";
/// Its secret, which is none.
pub const CLIENT_SECRET: &str = "fake-secret";

/// More than any form or document here; uploads that are only counted or told have no bound.
const LONGEST_BODY: usize = 64 * 1024;

/// How the fake begins. All else is told it while it runs (`POST /_faults`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Nobody is asked: the first account allows everything.
    pub auto_approve: bool,
}

#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<Memory>>);

impl Fake {
    /// Looks or changes something, in one step that nobody else sees half done.
    fn with<T>(&self, deed: impl FnOnce(&mut Memory) -> T) -> T {
        deed(&mut self.0.lock())
    }
}

/// Both services and what steers them.
pub fn router(settings: Settings) -> Router {
    let fake = Fake(Arc::new(Mutex::new(Memory::new(settings.auto_approve))));
    Router::new()
        .route("/", get(control::about))
        .route("/_faults", get(control::faults).post(control::set_faults).delete(control::reset_faults))
        .route("/_stats", get(control::stats).delete(control::reset_stats))
        .merge(service(&fake, Service::Calendar, calendar::router()))
        .merge(service(&fake, Service::Chat, chat::router()))
        .merge(look::router())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn(place::only_here))
        .with_state(fake)
}

/// Serves until it is dropped. On loopback only: whoever reaches it may do anything with it.
pub async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the fake provider listens on loopback only"));
    }
    axum::serve(listener, router).await
}

/// One service below its own path. Paths are whole and never nested: a door tells the path as it came.
fn service(fake: &Fake, service: Service, api: Router<Fake>) -> Router<Fake> {
    let at = |path: &str| format!("/{}{path}", service.key());
    let userinfo = Router::new()
        .route(&at("/userinfo"), get(bearer::userinfo))
        .layer(from_fn_with_state(fake.clone(), bearer::as_userinfo));
    let api = api.merge(doors::router(fake, &at)).layer(from_fn_with_state(fake.clone(), bearer::as_api));
    Router::new()
        .route(&at("/authorize"), get(authorize::ask).post(authorize::answer))
        .route(&at("/token"), post(token::token))
        .route(&at("/revoke"), post(token::revoke))
        .merge(userinfo)
        .merge(api)
        .layer(Extension(service))
}
