//! The issuer's keys, kept for a while.
//!
//! Promise: the issuer is asked once at a time, for everybody who waits, and not again within the floor, whatever tokens arrive.
//! While it cannot be reached, the last keys serve on for a day, and nobody waits for it.

use crate::door::Door;
use crate::trouble::Trouble;
use base::Time;
use jose::KeySet;
use parking_lot::RwLock;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long keys are used without asking.
const FRESH_SECS: i64 = 300;
/// How long after one question the next may follow. Whoever makes up a `kid` in every token gets no more than this.
const FLOOR_SECS: i64 = 30;
/// The same, for a server that has no keys and so can do nothing.
const EMPTY_FLOOR_SECS: i64 = 5;
/// How long old keys are used when the issuer cannot be reached.
const LAST_RESORT_SECS: i64 = 86_400;

/// Where the present moment comes from.
pub(crate) type Now = Arc<dyn Fn() -> Time + Send + Sync>;

/// The keys and the way to newer ones.
pub(crate) struct Keys {
    door: Door,
    now: Now,
    kept: RwLock<Kept>,
    /// Held while the issuer is asked.
    turn: Arc<Mutex<()>>,
}

/// What the last questions brought.
#[derive(Debug, Clone, Default)]
struct Kept {
    set: Arc<KeySet>,
    /// When the set came.
    read_at: Option<Time>,
    /// When the last question was over, whatever it brought.
    asked_at: Option<Time>,
    /// What it brought instead of keys.
    trouble: Option<Trouble>,
}

impl Keys {
    pub(crate) fn new(door: Door, now: Now) -> Arc<Keys> {
        Arc::new(Keys { door, now, kept: RwLock::default(), turn: Arc::default() })
    }

    /// Keys that may be used now.
    pub(crate) async fn current(self: &Arc<Keys>) -> Result<Arc<KeySet>, Trouble> {
        let (kept, now) = (self.kept.read().clone(), (self.now)());
        if kept.is_fresh(now) {
            return Ok(kept.set);
        }
        // Nobody has to wait until it is found out again.
        if kept.is_out_of_reach(now) && kept.is_usable(now) {
            self.ask_aside(now);
            return Ok(kept.set);
        }
        self.ask().await?;
        let kept = self.kept.read().clone();
        if kept.is_usable((self.now)()) { Ok(kept.set) } else { Err(kept.trouble.unwrap_or(Trouble::NoKeys)) }
    }

    /// Keys as they are now, for a token that names one which was not there a moment ago; the same ones within the floor.
    pub(crate) async fn renewed(self: &Arc<Keys>) -> Result<Arc<KeySet>, Trouble> {
        self.ask().await?;
        Ok(Arc::clone(&self.kept.read().set))
    }

    /// Asks and waits, in a task of its own: a caller that goes away takes nothing from the others who wait.
    async fn ask(self: &Arc<Keys>) -> Result<(), Trouble> {
        if !self.kept.read().may_ask((self.now)()) {
            return Ok(());
        }
        let keys = Arc::clone(self);
        let asked = tokio::spawn(async move {
            let turn = Arc::clone(&keys.turn).lock_owned().await;
            keys.ask_in_turn(turn).await;
        });
        asked.await.map_err(|_| Trouble::Stopped)
    }

    /// Asks without waiting, unless somebody already does.
    fn ask_aside(self: &Arc<Keys>, now: Time) {
        if !self.kept.read().may_ask(now) {
            return;
        }
        if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            let keys = Arc::clone(self);
            tokio::spawn(async move { keys.ask_in_turn(turn).await });
        }
    }

    async fn ask_in_turn(&self, _turn: OwnedMutexGuard<()>) {
        // Whoever had the turn before may have brought what this one came for.
        let began = (self.now)();
        if !self.kept.read().may_ask(began) {
            return;
        }
        let answer = self.door.keys().await;
        if let Err(trouble) = &answer {
            tracing::warn!("issuer keys read: {trouble}");
        }
        self.kept.write().take(answer, began, (self.now)());
    }
}

impl Kept {
    fn is_fresh(&self, now: Time) -> bool {
        is_within(self.read_at, FRESH_SECS, now)
    }

    fn is_usable(&self, now: Time) -> bool {
        is_within(self.read_at, LAST_RESORT_SECS, now)
    }

    /// True when the issuer did not answer just now; after a quiet night nobody knows.
    fn is_out_of_reach(&self, now: Time) -> bool {
        self.trouble.is_some() && is_within(self.asked_at, FRESH_SECS, now)
    }

    fn may_ask(&self, now: Time) -> bool {
        let floor = if self.is_usable(now) { FLOOR_SECS } else { EMPTY_FLOOR_SECS };
        !is_within(self.asked_at, floor, now)
    }

    fn take(&mut self, answer: Result<KeySet, Trouble>, began: Time, ended: Time) {
        self.asked_at = Some(ended);
        match answer {
            Ok(set) => *self = Kept { set: Arc::new(set), read_at: Some(began), trouble: None, ..*self },
            Err(trouble) => self.trouble = Some(trouble),
        }
    }
}

/// True when `then` is less than so many seconds ago. A clock that was set back counts as long ago.
fn is_within(then: Option<Time>, secs: i64, now: Time) -> bool {
    then.is_some_and(|then| (0..secs.saturating_mul(1000)).contains(&now.ms_since(then)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::from_secs(secs)
    }

    #[test]
    fn keys_are_fresh_then_a_last_resort_then_nothing() {
        let mut kept = Kept::default();
        assert!(!kept.is_fresh(at(0)) && !kept.is_usable(at(0)) && kept.may_ask(at(0)));
        kept.take(Ok(KeySet::default()), at(1000), at(1002));
        assert!(kept.is_fresh(at(1299)) && !kept.is_fresh(at(1300)));
        assert!(!kept.may_ask(at(1031)) && kept.may_ask(at(1032)));
        kept.take(Err(Trouble::Redirected), at(1300), at(1301));
        assert!(!kept.is_fresh(at(1301)) && kept.is_usable(at(1301)));
        assert!(kept.is_out_of_reach(at(1600)) && !kept.is_out_of_reach(at(1601)));
        assert!(kept.is_usable(at(1000 + 86_399)) && !kept.is_usable(at(1000 + 86_400)));
    }

    #[test]
    fn without_any_keys_the_issuer_is_asked_sooner() {
        let mut kept = Kept::default();
        kept.take(Err(Trouble::TooSlow), at(1000), at(1005));
        assert!(!kept.may_ask(at(1009)) && kept.may_ask(at(1010)));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nothing_alive() {
        let mut kept = Kept::default();
        kept.take(Ok(KeySet::default()), at(1000), at(1000));
        assert!(!kept.is_fresh(at(999)) && !kept.is_usable(at(999)) && kept.may_ask(at(999)));
    }
}
