//! The apps that requests meet, in memory.
//!
//! Promise: an app is read once and then served without the database; a change made anywhere is seen within a second, and at
//! once on the node that made it. A disabled app is none. Unknown ids are never kept, so that nobody can fill the memory.

use super::{App, is_app_id, rows};
use base::{AppId, Fault};
use db::{Store, Tx};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// How old the knowledge may be before one request asks whether it still holds.
const ASK_AFTER_MS: u64 = 500;
/// How old before every request asks for itself, should the one that asked be slow or gone.
const INSIST_AFTER_MS: u64 = 800;
/// More apps than this are not kept at once.
const MOST: usize = 20_000;

/// The apps of this server, by client id. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Apps(Arc<Inner>);

struct Inner {
    store: Store,
    held: RwLock<Held>,
    /// A clock that nobody can set back; the moment of the day plays no part here.
    since: Instant,
    asked_at_ms: AtomicU64,
    is_asking: AtomicBool,
}

/// What was read while the counter stood at `version`.
struct Held {
    version: Option<i64>,
    apps: HashMap<String, Arc<App>>,
}

impl Apps {
    /// Knows nothing yet; reads as it is asked.
    pub fn new(store: Store) -> Apps {
        Apps(Arc::new(Inner {
            store,
            held: RwLock::new(Held { version: None, apps: HashMap::new() }),
            since: Instant::now(),
            asked_at_ms: AtomicU64::new(0),
            is_asking: AtomicBool::new(false),
        }))
    }

    /// The app of a client id, registered or Quick; nothing when it is unknown or disabled.
    pub async fn get(&self, client_id: &str) -> Result<Option<Arc<App>>, Fault> {
        if client_id.starts_with("origin:") {
            return Ok(App::quick(client_id).map(Arc::new));
        }
        if !is_app_id(client_id) {
            return Ok(None);
        }
        self.keep_fresh().await?;
        let held = self.0.held.read().apps.get(client_id).cloned();
        match held {
            Some(app) => Ok(Some(app)),
            None => self.load(client_id).await,
        }
    }

    /// Runs a closure that changes apps, as [`Store::write_again`] does, and forgets what was known before it.
    pub async fn change<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let outcome = self.0.store.write_again(work).await;
        self.forget();
        outcome
    }

    /// Asks the database again at the next request.
    pub fn forget(&self) {
        self.0.held.write().apps.clear();
        self.0.asked_at_ms.store(0, Ordering::SeqCst);
    }

    async fn load(&self, client_id: &str) -> Result<Option<Arc<App>>, Fault> {
        let id = AppId::from_text(client_id);
        // The version first: what changes in between is then thrown away with the older version.
        let (version, app) =
            self.0.store.read(move |tx| Ok::<_, Fault>((rows::version(tx)?, rows::find(tx, &id)?))).await?;
        let Some(app) = app.filter(|app| app.disabled_at.is_none()).map(Arc::new) else { return Ok(None) };
        let mut held = self.0.held.write();
        if held.version == Some(version) {
            if held.apps.len() >= MOST {
                held.apps.clear();
            }
            held.apps.insert(client_id.to_owned(), app.clone());
        }
        Ok(Some(app))
    }

    async fn keep_fresh(&self) -> Result<(), Fault> {
        let now = self.now_ms();
        let age = now.saturating_sub(self.0.asked_at_ms.load(Ordering::SeqCst));
        if age < ASK_AFTER_MS {
            return Ok(());
        }
        if self.0.is_asking.swap(true, Ordering::SeqCst) && age < INSIST_AFTER_MS {
            return Ok(());
        }
        let answer = self.0.store.read(rows::version).await;
        self.0.is_asking.store(false, Ordering::SeqCst);
        let version = Some(answer?);
        let mut held = self.0.held.write();
        if held.version != version {
            *held = Held { version, apps: HashMap::new() };
        }
        drop(held);
        self.0.asked_at_ms.store(now, Ordering::SeqCst);
        Ok(())
    }

    /// Counts from a while ago, so that nothing has been asked for longer than anyone would wait.
    fn now_ms(&self) -> u64 {
        self.0.since.elapsed().as_millis() as u64 + INSIST_AFTER_MS
    }
}
