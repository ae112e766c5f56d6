//! Forgetting what is over: requests, tokens, families.
//!
//! Rows stand in the order they were made, which is not the order they end in. So each table is walked in windows, from the
//! oldest to the newest and again from the start: no index on the expiry has to be kept up by every insert, and no transaction
//! holds the writer for longer than a window's deletions.

use crate::{OAuth, code, delegated, interaction, token};
use base::{Fault, Time};
use db::{Row, Tx};
use std::sync::atomic::{AtomicI64, Ordering};

/// How far each walk has come.
#[derive(Debug, Default)]
pub(crate) struct Walks {
    access: AtomicI64,
    refresh: AtomicI64,
    delegated: AtomicI64,
    families: AtomicI64,
}

type Look = fn(&mut Tx<'_>, i64, u32, Time) -> Result<(Vec<i64>, Option<i64>), Fault>;
type Forget = fn(&mut Tx<'_>, i64) -> Result<u64, Fault>;

/// How many rows are looked at for each that may be deleted.
const LOOKS: u32 = 8;

impl OAuth {
    /// Forgets at most so many rows of each kind; gives how many went.
    pub async fn sweep(&self, limit: u32) -> Result<u64, Fault> {
        let now = self.seams.now();
        let walks = &self.walks;
        let walked = self.walk(&walks.access, token::access_over_after, token::delete_access, limit, now).await?
            + self.walk(&walks.refresh, token::refresh_over_after, token::delete_refresh, limit, now).await?
            + self.walk(&walks.delegated, delegated::over_after, delegated::delete, limit, now).await?
            + self.walk(&walks.families, code::over_after, code::delete, limit, now).await?;
        let rest = self
            .store
            .write(move |tx| Ok::<u64, Fault>(interaction::sweep(tx, now, limit)? + token::wipe_replays(tx, now)?));
        Ok(walked + rest.await?)
    }

    async fn walk(&self, at: &AtomicI64, look: Look, forget: Forget, limit: u32, now: Time) -> Result<u64, Fault> {
        let after = at.load(Ordering::SeqCst);
        let (over, last) = self.store.read(move |tx| look(tx, after, limit * LOOKS, now)).await?;
        let (going, is_whole): (Vec<i64>, bool) =
            (over.iter().copied().take(limit as usize).collect(), over.len() <= limit as usize);
        // A window that held more than may go at once is looked at again from its last deletion.
        let next = if is_whole { last } else { going.last().copied() };
        at.store(next.unwrap_or(0), Ordering::SeqCst);
        if going.is_empty() {
            return Ok(0);
        }
        self.store
            .write(move |tx| {
                let mut gone = 0;
                for number in &going {
                    gone += forget(tx, *number)?;
                }
                Ok(gone)
            })
            .await
    }
}

/// The numbers of the rows that are over, and the last one of the window; nothing at the end of the table.
pub(crate) fn over(rows: &[Row], now: Time) -> Result<(Vec<i64>, Option<i64>), Fault> {
    let mut over = Vec::new();
    let mut last = None;
    for row in rows {
        let number = row.int("id")?;
        if row.time("expires_at")? < now {
            over.push(number);
        }
        last = Some(number);
    }
    Ok((over, last))
}
