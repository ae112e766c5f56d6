//! The runtime frame: it holds a token and shows nothing but that it is there.

use crate::views::pages;
use crate::views::parts::Frame;
use askama::Template;

/// `GET /connect/runtime`: no control, no cookie, no form.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/runtime.html")]
pub struct Runtime {
    pub frame: Frame,
}

pages!(NothingInPopup: Runtime);
