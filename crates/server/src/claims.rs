//! What a person's tokens may tell, asked of `people` inside the provider's own transaction.

use base::{Fault, IdentityId};
use db::Tx;
use oauth::{ClaimSource, Person};

/// Fills the provider's one question about people.
pub struct Claims {
    /// The issuer: pictures are served from it.
    pub issuer: String,
}

impl ClaimSource for Claims {
    fn person(&self, tx: &mut Tx, identity: &IdentityId) -> Result<Option<Person>, Fault> {
        let found = people::identity::find(tx, identity)?.filter(|found| !found.is_disabled);
        Ok(found.map(|found| Person {
            account: found.account,
            identity: found.id,
            display_name: found.display_name,
            handle: found.handle,
            picture: found.picture.map(|path| format!("{}{path}", self.issuer)),
            email: found.email,
            is_primary: found.is_primary,
        }))
    }
}
