//! The demo's mailbox: what would have been sent.

use crate::views::pages;
use crate::views::parts::Frame;
use crate::views::when::Moment;
use askama::Template;

/// One mail, as plain text.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub sent: Moment,
}

/// `GET /dev/mailbox`, in the demo only. Newest first.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/mailbox.html")]
pub struct Mailbox {
    pub frame: Frame,
    pub mails: Vec<Mail>,
}

pages!(Nothing: Mailbox);
