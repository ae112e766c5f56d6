//! Counters for operators, in the text form that Prometheus reads.
//!
//! Promise: labels are route templates and status codes of ours, never anything a request brought along.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Upper edges of the duration buckets, in microseconds.
const EDGES: [u64; 12] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000];

/// The status codes that are counted by name; any other is `other`.
const STATUSES: [u16; 27] = [
    200, 201, 202, 204, 302, 303, 304, 307, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 421, 422, 428, 429, 431,
    500, 502, 503, 504,
];

/// What is requested without matching a route.
const NO_ROUTE: &str = "none";

/// All counters of a server.
#[derive(Default)]
pub struct Metrics {
    routes: RwLock<BTreeMap<String, Arc<Route>>>,
}

#[derive(Default)]
struct Route {
    statuses: [AtomicU64; STATUSES.len() + 1],
    buckets: [AtomicU64; EDGES.len() + 1],
    micros: AtomicU64,
}

impl Route {
    fn count(&self, status: u16, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let status = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        let bucket = EDGES.iter().position(|edge| micros <= *edge).unwrap_or(EDGES.len());
        for cell in [self.statuses.get(status), self.buckets.get(bucket)].into_iter().flatten() {
            cell.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn count(&self, route: &str, status: u16, took: Duration) {
        let known = self.routes.read().get(route).map(Arc::clone);
        let route = known.unwrap_or_else(|| Arc::clone(self.routes.write().entry(route.to_owned()).or_default()));
        route.count(status, took);
    }

    /// Writes requests and durations.
    pub fn write(&self, page: &mut String) {
        page.push_str("# TYPE procura_requests_total counter\n");
        let routes = self.routes.read().clone();
        for (name, route) in &routes {
            for (place, cell) in route.statuses.iter().enumerate() {
                let count = cell.load(Ordering::Relaxed);
                let status = STATUSES.get(place).map_or_else(|| "other".to_owned(), u16::to_string);
                if count > 0 {
                    let _ = writeln!(page, "procura_requests_total{{route=\"{name}\",status=\"{status}\"}} {count}");
                }
            }
        }
        page.push_str("# TYPE procura_request_seconds histogram\n");
        for (name, route) in &routes {
            route.write(name, page);
        }
    }
}

impl Route {
    fn write(&self, name: &str, page: &mut String) {
        let mut below = 0;
        for (place, cell) in self.buckets.iter().enumerate() {
            below += cell.load(Ordering::Relaxed);
            let edge = EDGES.get(place).map_or_else(|| "+Inf".to_owned(), |micros| seconds(*micros));
            let _ = writeln!(page, "procura_request_seconds_bucket{{route=\"{name}\",le=\"{edge}\"}} {below}");
        }
        let _ = writeln!(
            page,
            "procura_request_seconds_sum{{route=\"{name}\"}} {}",
            seconds(self.micros.load(Ordering::Relaxed))
        );
        let _ = writeln!(page, "procura_request_seconds_count{{route=\"{name}\"}} {below}");
    }
}

fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Middleware: counts every request under the template of its route, and tells it to whoever debugs.
pub async fn measure(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let started = Instant::now();
    let response = next.run(request).await;
    let name = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let (status, took) = (response.status().as_u16(), started.elapsed());
    metrics.count(name, status, took);
    let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::debug!(route = name, status, micros = took.as_micros() as u64, request_id, "answered a request");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_by_route_status_and_duration() {
        let metrics = Metrics::default();
        metrics.count("/signin", 200, Duration::from_micros(700));
        metrics.count("/signin", 200, Duration::from_millis(40));
        metrics.count("/signin", 418, Duration::from_secs(59));
        let mut page = String::new();
        metrics.write(&mut page);
        for line in [
            "procura_requests_total{route=\"/signin\",status=\"200\"} 2",
            "procura_requests_total{route=\"/signin\",status=\"other\"} 1",
            "procura_request_seconds_bucket{route=\"/signin\",le=\"0.0005\"} 0",
            "procura_request_seconds_bucket{route=\"/signin\",le=\"0.001\"} 1",
            "procura_request_seconds_bucket{route=\"/signin\",le=\"0.05\"} 2",
            "procura_request_seconds_bucket{route=\"/signin\",le=\"5\"} 2",
            "procura_request_seconds_bucket{route=\"/signin\",le=\"+Inf\"} 3",
            "procura_request_seconds_sum{route=\"/signin\"} 59.0407",
            "procura_request_seconds_count{route=\"/signin\"} 3",
        ] {
            assert!(page.lines().any(|own| own == line), "{line}\n{page}");
        }
    }
}
