//! Credentials that were opened a moment ago, for the next call: a few seconds, in memory, wiped when they go.
//!
//! Promise: what is kept is named by its version and by where it goes; who looks knows the version that holds now, so that nothing old is ever used.

use super::send::Ready;
use base::ConnectionId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_secs(5);
const MOST: usize = 4096;

/// What is kept, by connection.
#[derive(Default, Clone)]
pub(crate) struct Kept(Arc<Mutex<HashMap<ConnectionId, Entry>>>);

struct Entry {
    version: i64,
    place: String,
    since: Instant,
    ready: Arc<Ready>,
}

impl Kept {
    pub(crate) fn find(&self, connection: &ConnectionId, version: i64, place: &str) -> Option<Arc<Ready>> {
        let all = self.0.lock();
        all.get(connection)
            .filter(|entry| entry.version == version && entry.place == place && entry.since.elapsed() < FOR)
            .map(|entry| entry.ready.clone())
    }

    pub(crate) fn keep(&self, connection: &ConnectionId, version: i64, place: String, ready: &Arc<Ready>) {
        let mut all = self.0.lock();
        if all.len() >= MOST {
            return;
        }
        all.insert(connection.clone(), Entry { version, place, since: Instant::now(), ready: ready.clone() });
        drop(all);
        let (kept, connection) = (self.clone(), connection.clone());
        tokio::spawn(async move {
            tokio::time::sleep(FOR).await;
            kept.0.lock().retain(|own, entry| *own != connection || entry.since.elapsed() < FOR);
        });
    }
}
