//! `/dev/mailbox`, in the demo alone: what would have been sent.

use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::page::{self, PageResult};
use crate::views::{Mail, Mailbox, Moment};
use axum::extract::State;

/// `GET /dev/mailbox`
pub async fn show(State(app): State<App>) -> PageResult {
    if !app.config.demo {
        return Err(PageError::not_found());
    }
    let now = app.seams.now();
    let mails = app.mailer.kept().into_iter().map(|(sent, mail)| Mail {
        to: mail.to,
        subject: mail.subject,
        text: mail.text,
        sent: Moment::seen_from(sent, now),
    });
    page::show(&Mailbox { frame: page::frame(&app), mails: mails.collect() })
}
