//! What nobody needs any more, removed in small steps.

use crate::connection::{self, Removed};
use crate::{Vault, agent, approval, grants, key, link, policy, secret, session, webhook};
use base::{AppId, Fault};
use db::Tx;

/// How long a session is kept after its time, in seconds: its result can be read for a while.
const KEEP_SECS: i64 = 86_400;

/// How long deliveries can be looked at, in seconds.
const KEEP_DELIVERIES_SECS: i64 = 30 * 86_400;

impl Vault {
    /// Forgets nonces, answered requests, counted windows, links and sessions that are over, at most so many of each. Gives how many of what there was most of.
    pub async fn sweep(&self, limit: u32) -> Result<u64, Fault> {
        let now = self.seams.now();
        let before = now.plus_secs(-KEEP_SECS);
        self.store
            .write(move |tx| {
                let nonces = key::sweep_nonces(tx, now, limit)?;
                let answered = agent::sweep_idempotency(tx, now, limit)?;
                let links = link::sweep(tx, before, limit)?;
                let counters = policy::sweep_counters(tx, before, limit)?;
                let told = webhook::sweep(tx, now.plus_secs(-KEEP_DELIVERIES_SECS), limit)?;
                let most = nonces.max(answered).max(counters).max(links).max(told);
                Ok(most.max(session::sweep(tx, before, limit)?))
            })
            .await
    }
}

/// Removes all that hangs on an app that is going away, inside the transaction that removes it. What was linked to it is wiped; the
/// services are to be asked to forget it too, once the transaction is done.
pub fn forget_app(tx: &mut Tx<'_>, vault: &Vault, app: &AppId) -> Result<Vec<Removed>, Fault> {
    let removed = grants::end_of_app(tx, vault, app)?;
    connection::delete_of_app(tx, app)?;
    secret::delete_of_app(tx, app)?;
    policy::delete_of_app(tx, app)?;
    approval::delete_of_app(tx, app)?;
    key::delete_of_app(tx, app)?;
    agent::delete_of_app(tx, app)?;
    webhook::delete_of_app(tx, app)?;
    crate::span::delete_of_app(tx, app)?;
    crate::subject::delete_of_app(tx, app)?;
    Ok(removed)
}
