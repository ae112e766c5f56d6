//! Signatures that were found good, so that they need not be computed again: an app shows the same token many times, and to
//! check an EdDSA signature costs four times as much as to make one.
//!
//! Promise: a token is known by the SHA-256 of its whole text, so nothing but that very text passes. What it claims, and when it
//! ends, is looked at each time. Only good signatures are kept: nobody fills this with tokens that are not ours.

use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// So many are kept at least, and twice as many at most.
const KEPT: usize = 4096;

/// The name of a token's text.
pub(crate) type Print = [u8; 32];

/// Two generations: when the younger is full, the older is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Proven(Mutex<[HashSet<Print>; 2]>);

impl Proven {
    pub(crate) fn print(token: &str) -> Print {
        let mut print = Print::default();
        print.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        print
    }

    pub(crate) fn has(&self, print: &Print) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|kept| kept.contains(print))
    }

    pub(crate) fn keep(&self, print: Print) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *kept;
        if young.len() >= KEPT {
            *old = std::mem::take(young);
        }
        young.insert(print);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_forgets_the_oldest_and_never_grows_without_end() {
        let (proven, print) = (Proven::default(), |number: usize| Proven::print(&number.to_string()));
        for number in 0..5 * KEPT {
            assert!(!proven.has(&print(number)));
            proven.keep(print(number));
            assert!(proven.has(&print(number)));
        }
        let kept = (0..5 * KEPT).filter(|number| proven.has(&print(*number))).count();
        assert!((KEPT..=2 * KEPT).contains(&kept), "{kept}");
    }
}
