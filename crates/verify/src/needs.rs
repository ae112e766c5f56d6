//! What a route needs of a delegation.

use crate::delegation::Mode;

/// Every one of the scopes, and a person who is present where the route says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs<'a> {
    /// All of these must be in the token's `scope`; none means that any live delegation will do.
    pub scopes: &'a [&'a str],
    /// `Some(Mode::UserPresent)` refuses what happens in the background. `None` and `Some(Mode::Background)` take both.
    pub mode: Option<Mode>,
}
