//! A map that forgets its oldest entry rather than grow without end. Nothing is ever taken out of it: an entry that is used up
//! says so itself, so that a second use can be told from an unknown one.

use std::collections::{HashMap, VecDeque};

#[derive(Debug)]
pub(super) struct Bounded<V> {
    most: usize,
    kept: HashMap<String, V>,
    order: VecDeque<String>,
}

impl<V> Bounded<V> {
    pub(super) fn of(most: usize) -> Bounded<V> {
        Bounded { most, kept: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn keep(&mut self, key: String, value: V) {
        if self.kept.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.kept.remove(&oldest);
            }
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<&V> {
        self.kept.get(key)
    }

    pub(super) fn find_mut(&mut self, key: &str) -> Option<&mut V> {
        self.kept.get_mut(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut bounded = Bounded::of(2);
        for (number, key) in ["a", "b", "a", "c"].into_iter().enumerate() {
            bounded.keep(key.to_owned(), number);
        }
        assert_eq!((bounded.find("a"), bounded.find("b"), bounded.find("c")), (None, Some(&1), Some(&3)));
        assert_eq!(bounded.order.len(), 2);
    }
}
