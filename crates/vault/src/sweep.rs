//! What nobody needs any more, removed in small steps.

use crate::{Vault, agent, key};
use base::{AppId, Fault};
use db::Tx;

impl Vault {
    /// Forgets nonces and answered requests that are over, at most so many of each. Gives how many of what there was most of.
    pub async fn sweep_keys(&self, limit: u32) -> Result<u64, Fault> {
        let now = self.seams.now();
        self.store
            .write(move |tx| {
                let nonces = key::sweep_nonces(tx, now, limit)?;
                Ok(nonces.max(agent::sweep_idempotency(tx, now, limit)?))
            })
            .await
    }
}

/// Removes the keys, agents and identity provider of an app that is going away, inside the transaction that removes it.
pub fn forget_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    key::delete_of_app(tx, app)?;
    agent::delete_of_app(tx, app)?;
    crate::span::delete_of_app(tx, app)?;
    crate::subject::delete_of_app(tx, app)
}
