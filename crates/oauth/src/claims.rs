//! Who a person is, as tokens tell it. The trait is filled by the server, which alone may ask `people`.

use base::{AccountId, Fault, IdentityId};
use db::Tx;

/// An identity as it is at this moment.
#[derive(Debug, Clone)]
pub struct Person {
    pub account: AccountId,
    pub identity: IdentityId,
    pub display_name: String,
    pub handle: String,
    /// Absolute URL.
    pub picture: Option<String>,
    /// Only an address that was proven by code.
    pub email: Option<String>,
    pub is_primary: bool,
}

/// Reads a person inside the transaction that issues for them.
pub trait ClaimSource: Send + Sync + 'static {
    /// The identity, unless it is gone or its account is disabled.
    fn person(&self, tx: &mut Tx, identity: &IdentityId) -> Result<Option<Person>, Fault>;
}
