//! How many calls of one permission run at once.

use base::GrantId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Streams stay open for long: a permission that holds this many has enough.
const MOST: u32 = 64;

/// Calls that run now, by permission.
#[derive(Default, Clone)]
pub(crate) struct Busy(Arc<Mutex<HashMap<GrantId, u32>>>);

/// One call's place. It is given back when this goes.
pub(crate) struct Place {
    busy: Busy,
    grant: GrantId,
}

impl Busy {
    /// A place for one more call; nothing when there is none.
    pub(crate) fn enter(&self, grant: &GrantId) -> Option<Place> {
        let mut all = self.0.lock();
        let count = all.entry(grant.clone()).or_insert(0);
        if *count >= MOST {
            return None;
        }
        *count += 1;
        Some(Place { busy: self.clone(), grant: grant.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.busy.0.lock();
        if let Some(count) = all.get_mut(&self.grant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.grant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let (busy, one, other) = (Busy::default(), GrantId::from_text("1"), GrantId::from_text("2"));
        let places: Vec<_> = (0..MOST).map(|_| busy.enter(&one).unwrap()).collect();
        assert!(busy.enter(&one).is_none() && busy.enter(&other).is_some());
        drop(places);
        assert!(busy.enter(&one).is_some() && busy.0.lock().is_empty());
    }
}
