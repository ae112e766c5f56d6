//! A browser that is signed in (`product.md` section 2).
//!
//! Promise: the cookie's secret is stored as a digest alone; a session and its node in the ledger live and end together; every new
//! proof of who it is yields a new secret, and the old one is dead (threat 97).

mod check;
mod end;
mod enter;
mod open;
mod rows;
mod step_up;

pub use check::check;
pub use open::Opened;
pub use rows::{Listed, list_of_account};

pub(crate) use end::{end_of_account, end_on_device};
pub(crate) use enter::enter;
pub(crate) use rows::{delete_of_account, delete_on_device, sweep};

use base::{AccountId, DeviceId, GrantId, Time};
use end::leave;
use open::{Opening, open};
use step_up::renew;

pub(crate) const PREFIX: &str = "pss_";
const EMBED_PREFIX: &str = "pse_";
const FRESH_SECS: i64 = 5 * 60;

/// How somebody proved who they are (RFC 8176; `product.md` section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A passkey, with user verification.
    Passkey,
    /// Another device let it in. It proves as much as that device had proven.
    Approval { is_phishing_resistant: bool },
    /// A recovery code.
    RecoveryCode,
    /// A one-time link.
    OneTimeLink,
}

impl Proof {
    /// Authentication methods.
    pub fn amr(self) -> &'static [&'static str] {
        match self {
            Proof::Passkey => &["pop", "user"],
            Proof::Approval { .. } => &["pop", "user", "mca"],
            Proof::RecoveryCode | Proof::OneTimeLink => &["otp"],
        }
    }

    /// Authentication context.
    pub fn acr(self) -> &'static str {
        match self {
            Proof::Passkey | Proof::Approval { is_phishing_resistant: true } => "phr",
            Proof::Approval { is_phishing_resistant: false } | Proof::RecoveryCode | Proof::OneTimeLink => "1",
        }
    }

    /// The word in the journal.
    fn as_str(self) -> &'static str {
        match self {
            Proof::Passkey => "passkey",
            Proof::Approval { .. } => "approval",
            Proof::RecoveryCode => "recovery_code",
            Proof::OneTimeLink => "one_time_link",
        }
    }
}

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    pub number: i64,
    pub account: AccountId,
    /// Its node in the ledger; the same for as long as the person stays signed in.
    pub grant: GrantId,
    pub device: DeviceId,
    pub auth_time: Time,
    pub amr: Vec<String>,
    pub acr: String,
    pub is_operator: bool,
    pub source: String,
    pub user_agent: String,
    pub opened_at: Time,
    pub last_seen_at: Time,
    pub expires_at: Time,
}

impl Session {
    /// True within five minutes of the last authentication: what `product.md` asks of deeds that change how one signs in.
    pub fn is_fresh(&self, now: Time) -> bool {
        now.ms_since(self.auth_time) <= FRESH_SECS * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_proven_is_what_tokens_will_say() {
        assert_eq!((Proof::Passkey.amr(), Proof::Passkey.acr()), (["pop", "user"].as_slice(), "phr"));
        let approval = Proof::Approval { is_phishing_resistant: true };
        assert_eq!((approval.amr(), approval.acr()), (["pop", "user", "mca"].as_slice(), "phr"));
        assert_eq!(Proof::Approval { is_phishing_resistant: false }.acr(), "1");
        assert_eq!((Proof::RecoveryCode.amr(), Proof::RecoveryCode.acr()), (["otp"].as_slice(), "1"));
        assert_eq!((Proof::OneTimeLink.amr(), Proof::OneTimeLink.acr()), (["otp"].as_slice(), "1"));
    }
}
