//! `GET /account`: how things stand.

use crate::views::event::Event;
use crate::views::pages;
use crate::views::parts::Frame;
use crate::views::rail::Rail;
use askama::Template;

/// `GET /account` (and `/` for somebody who is signed in).
#[derive(Debug, Clone, Template)]
#[template(path = "account/home.html")]
pub struct AccountHome {
    pub frame: Frame,
    pub rail: Rail,
    pub identities: u32,
    pub passkeys: u32,
    pub codes_left: u32,
    pub devices: u32,
    pub apps: u32,
    /// The last few lines of the activity.
    pub recent: Vec<Event>,
}

impl AccountHome {
    fn codes_sentence(&self) -> String {
        match self.codes_left {
            0 => "no recovery code left".to_owned(),
            1 => "1 recovery code left".to_owned(),
            left => format!("{left} recovery codes left"),
        }
    }
}

pages!(Nothing: AccountHome);
