//! Accounts that nobody may use any more: a credential without a purpose is not kept (threat 167).

use super::rows;
use crate::Vault;
use crate::grants;
use base::{AccountId, Fault};
use ledger::EndedBy;

/// How long an account may be linked without a permission on it, in seconds: a person may still be deciding.
const IDLE_SECS: i64 = 3_600;
const AT_ONCE: u32 = 100;

impl Vault {
    /// Removes what a person has linked and nobody may use since something of theirs ended just now.
    pub async fn tend_connections_of(&self, account: &AccountId) -> Result<u64, Fault> {
        self.tend(account.as_str().to_owned(), 0).await
    }

    /// Removes accounts on which every permission has ended or run out for a while. Gives how many.
    pub async fn tend_connections(&self) -> Result<u64, Fault> {
        self.tend(String::new(), IDLE_SECS).await
    }

    async fn tend(&self, account: String, idle_secs: i64) -> Result<u64, Fault> {
        let vault = self.clone();
        let removed = self
            .store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let mut removed = Vec::new();
                for id in rows::idle(tx, &account, now.plus_secs(-idle_secs), now, AT_ONCE)? {
                    removed.extend(grants::end_whole(tx, &vault, &id, EndedBy::Expiry)?);
                }
                Ok::<_, Fault>(removed)
            })
            .await?;
        let count = removed.len() as u64;
        self.revoke_upstream(removed);
        Ok(count)
    }
}
