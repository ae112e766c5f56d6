//! When something did not work, and other things that are only said.

use crate::views::pages;
use crate::views::parts::{Frame, Link};
use askama::Template;

/// What happened, then what to do.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/oops.html")]
pub struct Oops {
    pub frame: Frame,
    /// *This link has been used.*
    pub what: String,
    /// *Start again at Acme Notes.*
    pub remedy: String,
    /// The one thing to do here.
    pub action: Option<Link>,
    pub request_id: String,
    /// For whoever builds the app, in the RFC's words: `redirect_uri is not registered for this client`.
    pub detail: Option<String>,
}

/// Something was done, or is so: heading, sentence, and where to go on.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/said.html")]
pub struct Said {
    pub frame: Frame,
    pub heading: String,
    pub sentence: String,
    pub onward: Option<Link>,
}

pages!(NothingInPopup: Oops, Said);
