//! A fault: we or a dependency broke. Never shown to a caller, logged once at the edge.

use std::fmt;
use std::panic::Location;

/// What the fault means for the code that sees it; everything else about it is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Something broke; the answer is 500 and one log line.
    Broken,
    /// A unique constraint refused the row: another writer was there first.
    Clash,
    /// The database could not be reached or written; the answer is 503.
    Unavailable,
    /// The engine asks to run the transaction again (serialization failure, deadlock).
    Again,
}

/// A failure that the caller could not have known about. Holds a cause for the log and the place it was noticed.
pub struct Fault {
    kind: FaultKind,
    cause: String,
    place: &'static Location<'static>,
}

impl Fault {
    /// A fault with a cause written for operators: `noun verb: cause`. The cause must hold no secret and no bound value.
    #[track_caller]
    pub fn new(cause: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Broken, cause: cause.into(), place: Location::caller() }
    }

    /// A fault of a given kind.
    #[track_caller]
    pub fn of(kind: FaultKind, cause: impl Into<String>) -> Fault {
        Fault { kind, cause: cause.into(), place: Location::caller() }
    }

    /// The kind, on which a caller may act.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// True when a unique constraint refused the row.
    pub fn is_clash(&self) -> bool {
        self.kind == FaultKind::Clash
    }

    /// The cause, for the log.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} ({}:{})", self.kind, self.cause, self.place.file(), self.place.line())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.cause, self.place.file(), self.place.line())
    }
}

impl std::error::Error for Fault {}
