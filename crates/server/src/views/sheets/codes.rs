//! Recovery codes, shown once.

use crate::views::pages;
use crate::views::parts::Frame;
use askama::Template;

/// The answer that makes ten recovery codes: the only time they are shown. Send it with `Cache-Control: no-store`.
#[derive(Clone, Template)]
#[template(path = "sheets/codes.html")]
pub struct Codes {
    pub frame: Frame,
    /// Whose codes, for the file's name: a handle.
    pub handle: String,
    pub codes: Vec<String>,
    /// True when they replace older ones, which no longer work.
    pub replaces_older: bool,
    /// Where *I have saved them* leads: a path of ours, or the flow that was interrupted.
    pub next: String,
}

pages!(NothingInPopup: Codes);
