//! Mail, as this crate asks for it. The server fills the trait; nothing here waits for a mail server inside a transaction.

use crate::{People, identity};
use base::{AccountId, Fault, Time};
use db::Tx;
use std::future::Future;
use std::pin::Pin;

/// A mail in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Sends mail.
pub trait Mailer: Send + Sync + 'static {
    /// False when no mail server is set up: whatever needs a mail says so instead of promising one.
    fn is_ready(&self) -> bool;

    /// Hands the mail to the mail server.
    fn send(&self, mail: Mail) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + '_>>;

    /// The mails that were kept instead of sent, newest first: only the demo's mailbox has any.
    fn kept(&self) -> Vec<(Time, Mail)> {
        Vec::new()
    }
}

/// What a person is told by mail, because somebody else might have done it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    CodeUsed,
    CodesMade,
    PasskeyAdded,
    PasskeyRemoved,
    DeviceLetIn,
}

impl Notice {
    fn what(self) -> &'static str {
        match self {
            Notice::CodeUsed => "A recovery code was used to sign in to your account",
            Notice::CodesMade => "New recovery codes were made for your account",
            Notice::PasskeyAdded => "A passkey was added to your account",
            Notice::PasskeyRemoved => "A passkey was removed from your account",
            Notice::DeviceLetIn => "Another device was let in to your account",
        }
    }
}

/// A mail to every proven address of an account: what happened, when, and what to do if it was somebody else.
pub(crate) fn notices(tx: &mut Tx, people: &People, account: &AccountId, notice: Notice) -> Result<Vec<Mail>, Fault> {
    let what = notice.what();
    let (name, issuer, when) = (&people.settings().name, &people.settings().issuer, in_words(people.seams().now()));
    let mut addresses: Vec<String> =
        identity::list_of_account(tx, account)?.into_iter().filter_map(|identity| identity.email).collect();
    addresses.sort();
    addresses.dedup();
    let mail = |to: String| Mail {
        to,
        subject: format!("{what} at {name}"),
        text: format!(
            "{what} at {}, on {when}.\n\nIf that was you, there is nothing to do. If not, open {issuer}/account/devices and sign out\neverywhere, then look at {issuer}/account/passkeys.\n",
            people.settings().host()
        ),
    };
    Ok(addresses.into_iter().map(mail).collect())
}

/// A moment as people say it: *21 November 2026, 10:45 UTC*.
fn in_words(at: Time) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let ((year, month, day), minutes) = (at.date(), at.secs().rem_euclid(86_400) / 60);
    let month = MONTHS.get(month.saturating_sub(1) as usize).copied().unwrap_or_default();
    format!("{day} {month} {year}, {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

impl People {
    /// The mails that tell a person what has just been done, one to every proven address.
    pub async fn notices(&self, account: &AccountId, notice: Notice) -> Result<Vec<Mail>, Fault> {
        let (people, account) = (self.clone(), account.clone());
        self.store().read(move |tx| notices(tx, &people, &account, notice)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_as_people_say_them() {
        assert_eq!(in_words(Time::from_ms(1_772_667_481_335)), "4 March 2026, 23:38 UTC");
    }
}
