//! All that the fake remembers. It goes with the process.

use super::authorize::Pending;
use super::bounded::Bounded;
use super::calendar::Calendars;
use super::chat::Chats;
use super::faults::Faults;
use super::stats::Stats;
use super::tokens::Tokens;

const MOST_PENDING: usize = 1000;

pub(super) struct Memory {
    /// How it began: what a reset goes back to.
    pub(super) standard: Faults,
    pub(super) faults: Faults,
    pub(super) stats: Stats,
    pub(super) tokens: Tokens,
    /// Questions that wait for their person.
    pub(super) pending: Bounded<Pending>,
    pub(super) calendars: Calendars,
    pub(super) chats: Chats,
}

impl Memory {
    pub(super) fn new(auto_approve: bool) -> Memory {
        let standard = Faults::none(auto_approve);
        Memory {
            faults: standard.clone(),
            standard,
            stats: Stats::default(),
            tokens: Tokens::default(),
            pending: Bounded::of(MOST_PENDING),
            calendars: Calendars::default(),
            chats: Chats::default(),
        }
    }
}
