//! The operations listener: is it alive, is it ready, what did it do. On a port of its own, away from people and apps.

use crate::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::{Location, Store};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the operations listener can tell.
#[derive(Clone)]
pub struct Ops {
    pub store: Store,
    pub location: Location,
    pub metrics: Arc<Metrics>,
    /// True once the server has been told to stop.
    pub stop: watch::Receiver<bool>,
    pub started: Instant,
}

/// `/livez`, `/readyz`, `/metrics`
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

async fn livez() -> Response {
    plain(StatusCode::OK, "alive\n".to_owned())
}

/// Ready while the database answers at the step of this program and nobody has asked the server to stop.
async fn readyz(State(ops): State<Ops>) -> Response {
    if *ops.stop.borrow() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "not ready: stopping\n".to_owned());
    }
    match tokio::time::timeout(PATIENCE, ops.store.schema()).await {
        Ok(Ok(Some(step))) if step == db::migrate::latest() => plain(StatusCode::OK, "ready\n".to_owned()),
        Ok(Ok(_)) => {
            plain(StatusCode::SERVICE_UNAVAILABLE, "not ready: the schema is not the one of this program\n".to_owned())
        }
        Ok(Err(_)) | Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready: no database\n".to_owned()),
    }
}

async fn metrics(State(ops): State<Ops>) -> Response {
    let mut page = String::with_capacity(8192);
    let _ = write!(
        page,
        "# TYPE procura_build_info gauge\nprocura_build_info{{version=\"{}\"}} 1\n",
        env!("CARGO_PKG_VERSION")
    );
    gauge(&mut page, "procura_uptime_seconds", ops.started.elapsed().as_secs());
    gauge(&mut page, "procura_database_queue", ops.store.waiting() as u64);
    let _ = write!(
        page,
        "# TYPE procura_journal_rows_total counter\nprocura_journal_rows_total {}\n",
        ledger::journal::written()
    );
    if let Some(bytes) = wal_bytes(&ops.location) {
        gauge(&mut page, "procura_sqlite_wal_bytes", bytes);
    }
    if let Some(bytes) = resident_bytes() {
        gauge(&mut page, "process_resident_memory_bytes", bytes);
    }
    ops.metrics.write(&mut page);
    let kind =
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (kind, page).into_response()
}

fn gauge(page: &mut String, name: &str, value: u64) {
    let _ = write!(page, "# TYPE {name} gauge\n{name} {value}\n");
}

/// The size of SQLite's write-ahead log; nothing on PostgreSQL.
pub fn wal_bytes(location: &Location) -> Option<u64> {
    let mut name = location.file()?.as_os_str().to_owned();
    name.push("-wal");
    Some(std::fs::metadata(name).map_or(0, |file| file.len()))
}

/// Resident memory, where the system tells it (Linux, pages of 4 KiB).
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn plain(status: StatusCode, text: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, kind, text).into_response()
}
