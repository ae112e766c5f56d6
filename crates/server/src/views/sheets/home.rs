//! `/` for somebody who is not signed in, and the page at another name of this computer.

use crate::views::pages;
use crate::views::parts::{Frame, Link};
use askama::Template;

/// `GET /`, signed out: what this is.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/home.html")]
pub struct Home {
    pub frame: Frame,
    pub is_registration_open: bool,
    pub has_developers: bool,
    /// The tour of the demo.
    pub tour: Option<Link>,
}

/// A page opened at another loopback name than the issuer's: the same path there.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/moved.html")]
pub struct Moved {
    pub frame: Frame,
    /// The name in the address bar: `127.0.0.1:8460`.
    pub here: String,
    /// The same path at the issuer.
    pub there: String,
}

pages!(Nothing: Home, Moved);
