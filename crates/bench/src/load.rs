//! Load: connections that ask one request after another, for a while or until there is nothing left to ask.

use crate::latency::Latencies;
use crate::server::{Server, Usage};
use crate::wire::Wire;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// What one connection asks and expects.
pub trait Asker: Send {
    /// The next request; nothing when there is no more to ask.
    fn next(&mut self) -> Option<Request<Full<Bytes>>>;
    /// Looks whether the answer is right. The error says what is wrong with it.
    fn check(&mut self, answer: &Response<Bytes>) -> Result<(), String>;
}

/// How long to ask.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub warm_up: Duration,
    pub measured: Duration,
}

/// What came of it. The warm-up is not counted.
#[derive(Debug, Default)]
pub struct Outcome {
    pub latencies: Latencies,
    pub errors: u64,
    pub first_error: Option<String>,
    pub took: Duration,
    /// The server's processor time.
    pub cpu: Duration,
    pub most_resident_bytes: u64,
}

/// Runs every asker on a connection of its own, at the same time.
pub async fn run(server: &Server, askers: Vec<Box<dyn Asker>>, span: Span) -> Result<Outcome, String> {
    let mut connections = Vec::new();
    for asker in askers {
        connections.push((Wire::open(server.address()).await?, asker));
    }
    let warm = Instant::now() + span.warm_up;
    let end = warm + span.measured;
    let asking: Vec<_> =
        connections.into_iter().map(|(wire, asker)| tokio::spawn(ask(wire, asker, warm, end))).collect();
    tokio::time::sleep_until(warm.into()).await;
    let (before, started) = (server.usage()?, Instant::now());
    let (most, watching) = watch(server);
    let mut outcome = Outcome::default();
    for one in asking {
        let one = one.await.map_err(|_| "a connection's task died".to_owned())?;
        outcome.latencies.join(one.latencies);
        outcome.errors += one.errors;
        outcome.first_error = outcome.first_error.or(one.first_error);
    }
    outcome.took = started.elapsed();
    let after = server.usage()?;
    outcome.cpu = after.cpu.saturating_sub(before.cpu);
    watching.abort();
    outcome.most_resident_bytes = most.load(Ordering::Relaxed).max(after.resident_bytes);
    Ok(outcome)
}

async fn ask(mut wire: Wire, mut asker: Box<dyn Asker>, warm: Instant, end: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    while let Some(request) = asker.next() {
        let asked = Instant::now();
        if asked >= end {
            break;
        }
        let checked = match wire.send(request).await {
            Ok(answer) => {
                if asked >= warm {
                    outcome.latencies.note(asked.elapsed());
                }
                asker.check(&answer)
            }
            Err(cause) => Err(cause),
        };
        if let Err(why) = checked {
            outcome.errors += 1;
            outcome.first_error.get_or_insert(why);
            // A connection that is gone, or a server that refuses everything, ends this asker instead of spinning.
            if outcome.errors > 100 {
                break;
            }
        }
    }
    outcome
}

/// Looks again and again how much memory the server holds, until it is aborted.
fn watch(server: &Server) -> (Arc<AtomicU64>, AbortHandle) {
    let (process, most) = (server.process(), Arc::new(AtomicU64::new(0)));
    let noted = Arc::clone(&most);
    let watching = tokio::spawn(async move {
        while let Ok(Usage { resident_bytes, .. }) = process.usage() {
            noted.fetch_max(resident_bytes, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    (most, watching.abort_handle())
}
