//! Delegated tokens: what an exchange yields (RFC 8693 §2.2, `product.md` 3.6), and whether one is still good.
//!
//! Promise: a delegated token is a JWT that anybody can check, and a row that ends with whatever it hangs on: grant, resource,
//! the source app's tokens and, in `user_present`, the session. Whoever asks us learns it with the commit (threat 124).

mod jwt;
mod rows;
mod runtime;
mod used;

pub use runtime::{RuntimeAsk, RuntimeTarget};
pub use used::Used;

pub(crate) use jwt::Claims;
pub(crate) use rows::{NewDelegated, delete, end, find, insert, over_after};

use crate::OAuth;
use crate::code::Family;
use crate::token::number_of_jti;
use base::{AppId, GrantId, ResourceId, Scope, Secret, Time};
use jose::{Expect, Kind, Rejected};
use ledger::Presence;

/// The longest life of a delegated token, in seconds.
pub const LONGEST_SECS: i64 = 600;

/// The answer of a token exchange.
#[derive(Debug, Clone)]
pub struct DelegatedToken {
    pub token: Secret,
    pub expires_in_secs: i64,
    pub scope: Scope,
    pub audience: String,
    /// The key of the resource.
    pub target_resource: String,
    pub mode: Presence,
}

/// A delegated token as stored, with all it hangs on.
#[derive(Debug, Clone)]
pub(crate) struct Delegated {
    pub family: Family,
    pub grant: GrantId,
    pub presence: Presence,
    pub expires_at: Time,
    pub has_ended: bool,
    /// The connector grant has ended, or its resource says something else by now.
    pub grant_is_over: bool,
    pub resource: ResourceId,
    pub key: String,
    pub runtime_endpoint: Option<String>,
    /// The app that offers the resource.
    pub owner: AppId,
    /// The resource is paused, or its owner is switched off.
    pub resource_is_off: bool,
}

impl Delegated {
    /// True while it may be used.
    pub(crate) fn is_live(&self, now: Time) -> bool {
        let has_left = self.presence == Presence::UserPresent && self.family.session_has_ended;
        let source_is_over = self.family.has_ended || self.family.grant_has_ended || self.family.app_is_off;
        now < self.expires_at
            && !(self.has_ended || self.grant_is_over || self.resource_is_off || source_is_over || has_left)
    }
}

impl OAuth {
    /// The claims of a delegated token of ours, and the number of its row.
    pub(crate) fn read_delegated(&self, token: &Secret) -> Option<(i64, jose::Claims)> {
        let claims = self.verified(token).ok()?;
        let number = number_of_jti(claims.text("jti")?)?;
        Some((number, claims))
    }

    /// True for a delegated token of ours that is too old: whoever holds it may get the next one.
    fn has_expired(&self, token: &Secret) -> bool {
        self.verified(token).is_err_and(|rejected| rejected == Rejected::Expired)
    }

    fn verified(&self, token: &Secret) -> Result<jose::Claims, Rejected> {
        let expect = Expect {
            kind: Kind::Delegated,
            issuer: &self.settings.issuer,
            audience: None,
            now: self.seams.now(),
            allow_expired: false,
        };
        jose::verify(&self.keys.key_set(), token.reveal(), &expect)
    }
}
