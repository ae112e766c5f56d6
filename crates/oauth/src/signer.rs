//! The person in front of the browser, as far as the protocol needs to know: who they may be here and how they proved it.

use base::{AccountId, GrantId, IdentityId, Time};

/// A signed-in account and the session it is signed in with.
#[derive(Debug, Clone)]
pub struct Signer {
    pub account: AccountId,
    /// The session's node in the ledger.
    pub session: GrantId,
    pub auth_time: Time,
    /// Authentication methods (RFC 8176), space separated.
    pub amr: String,
    /// Authentication context: `phr` or `1`.
    pub acr: String,
    /// The identities of the account, the primary one first.
    pub identities: Vec<Persona>,
}

/// One identity a person can choose.
#[derive(Debug, Clone)]
pub struct Persona {
    pub id: IdentityId,
    pub handle: String,
    pub has_verified_email: bool,
}

impl Signer {
    /// The identity with this id, if it is theirs.
    pub fn persona(&self, id: &str) -> Option<&Persona> {
        self.identities.iter().find(|persona| persona.id.as_str() == id)
    }
}
