//! The two services.

use super::scope::{self, Scope};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Calendar,
    Chat,
}

impl Service {
    /// Its first path segment.
    pub(super) fn key(self) -> &'static str {
        match self {
            Service::Calendar => "calendar",
            Service::Chat => "chat",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Service::Calendar => "Fake calendar",
            Service::Chat => "Fake chat",
        }
    }

    /// The class of its tile.
    pub(super) fn colour(self) -> &'static str {
        match self {
            Service::Calendar => "c5",
            Service::Chat => "c9",
        }
    }

    /// What can be allowed, the least first.
    pub(super) fn scopes(self) -> &'static [Scope] {
        match self {
            Service::Calendar => scope::CALENDAR,
            Service::Chat => scope::CHAT,
        }
    }
}
