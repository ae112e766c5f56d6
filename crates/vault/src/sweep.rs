//! Forgetting what is over: links, sessions.

use crate::{Vault, link, session};
use base::Fault;

/// How long a session is kept after its time, in seconds: its result can be read for a while.
const KEEP_SECS: i64 = 86_400;

impl Vault {
    /// Forgets at most so many rows of each kind; gives how many went.
    pub async fn sweep(&self, limit: u32) -> Result<u64, Fault> {
        let before = self.seams.now().plus_secs(-KEEP_SECS);
        self.store
            .write(move |tx| Ok::<u64, Fault>(link::sweep(tx, before, limit)? + session::sweep(tx, before, limit)?))
            .await
    }
}
