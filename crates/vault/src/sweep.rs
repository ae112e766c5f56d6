//! What nobody needs any more, removed in small steps.

use crate::{Vault, agent, key, link, session, webhook};
use base::{AppId, Fault};
use db::Tx;

/// How long a session is kept after its time, in seconds: its result can be read for a while.
const KEEP_SECS: i64 = 86_400;

/// How long deliveries can be looked at, in seconds.
const KEEP_DELIVERIES_SECS: i64 = 30 * 86_400;

impl Vault {
    /// Forgets nonces, answered requests, links and sessions that are over, at most so many of each. Gives how many of what there was most of.
    pub async fn sweep(&self, limit: u32) -> Result<u64, Fault> {
        let now = self.seams.now();
        let before = now.plus_secs(-KEEP_SECS);
        self.store
            .write(move |tx| {
                let nonces = key::sweep_nonces(tx, now, limit)?;
                let answered = agent::sweep_idempotency(tx, now, limit)?;
                let links = link::sweep(tx, before, limit)?;
                let told = webhook::sweep(tx, now.plus_secs(-KEEP_DELIVERIES_SECS), limit)?;
                Ok(told.max(nonces).max(answered).max(links).max(session::sweep(tx, before, limit)?))
            })
            .await
    }
}

/// Removes the keys, agents and identity provider of an app that is going away, inside the transaction that removes it.
pub fn forget_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    key::delete_of_app(tx, app)?;
    agent::delete_of_app(tx, app)?;
    webhook::delete_of_app(tx, app)?;
    crate::span::delete_of_app(tx, app)?;
    crate::subject::delete_of_app(tx, app)
}
