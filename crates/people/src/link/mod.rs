//! Links that work once: to sign in without a passkey, to register by invitation, to become the first operator.
//!
//! Promise: opening a link spends nothing, its button does, once; only its digest is stored.

mod invite;
mod rows;
mod sign_in;

pub use invite::find as find_invitation;
pub(crate) use invite::take as take_invitation;
pub(crate) use rows::{delete_of_account, sweep, take_all};

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing in as one account.
    SignIn,
    /// Registering where one must be invited.
    Invitation,
    /// Registering as the first operator.
    Bootstrap,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Purpose::SignIn => "sign_in",
            Purpose::Invitation => "invitation",
            Purpose::Bootstrap => "bootstrap",
        }
    }

    /// How its secret begins.
    fn prefix(self) -> &'static str {
        match self {
            Purpose::SignIn => "psl_",
            Purpose::Invitation => "piv_",
            Purpose::Bootstrap => "pbl_",
        }
    }
}
