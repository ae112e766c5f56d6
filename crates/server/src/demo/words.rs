//! What the console says when the demo is ready.

use super::SampleApps;
use super::people::Ada;
use crate::app::App;
use std::fmt::Write as _;

/// The text, without the line `ready` that follows it.
pub(super) fn console(app: &App, apps: &SampleApps, ada: &Ada) -> String {
    let issuer = &app.config.issuer;
    let mut text = format!(
        "\nThe demo runs on this computer, and everything in it goes away when you end it (Ctrl-C).\n\n  \
         The tour          {tour}\n  Your account      {issuer}\n  For developers    {issuer}/developers\n  \
         Mails             {issuer}/dev/mailbox\n  Fake provider     {fake}\n\n\
         The first person who registers becomes operator.\n\n\
         No fingerprint reader or security key here? Be Ada, handle ada:\n\n  \
         One-time link     {link}\n  (opens once, within ten minutes; after that use her recovery codes at {issuer}/recover)\n  \
         Recovery codes\n",
        tour = apps.notes_origin,
        link = ada.link,
        fake = apps.fake_origin,
    );
    for pair in ada.codes.chunks(2) {
        let codes: Vec<&str> = pair.iter().map(base::Secret::reveal).collect();
        let _ = writeln!(text, "    {}", codes.join("    "));
    }
    text
}
