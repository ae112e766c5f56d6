//! Calls that wait for a person (`product.md` 4.7, `connect-wire.md` 2.7.1, threat 155).
//!
//! Promise: what is shown to the person is what runs, to the byte: the request is sealed, bound to its digest, and the approval names
//! that digest. It runs at most once, only in its time, and only if everything would still let it pass. The one who approves is the
//! person whose permission it is; an app or agent never does.

mod ask;
mod decide;
mod frozen;
mod rows;
mod run;
mod show;

pub use decide::Decision;
pub use frozen::{Frozen, Ran};
pub(crate) use rows::{delete_of_account, delete_of_app, end_all};
pub use show::Shown;

use crate::Vault;
use ask::bound;
use base::{AccountId, AgentId, AppId, AppUserId, ApprovalId, Entropy, Fault, GrantId, Time};
use db::seal::Place;
use db::{Sealer, Tx};

/// How long a person has, in seconds.
pub(crate) const LASTS_SECS: i64 = 600;
/// How long what came of it can be read, in seconds.
const RESULT_SECS: i64 = 86_400;
/// How long its row is kept, in seconds.
const ROW_SECS: i64 = 30 * 86_400;
/// A run that takes longer than this was cut off, in seconds: nothing waits that long for an answer.
const RUN_SECS: i64 = 900;

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    Approved,
    Denied,
    Expired,
    Executing,
    Executed,
    Failed,
}

impl Status {
    const ALL: [Status; 7] = [
        Status::Pending,
        Status::Approved,
        Status::Denied,
        Status::Expired,
        Status::Executing,
        Status::Executed,
        Status::Failed,
    ];

    /// The word, stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Approved => "approved",
            Status::Denied => "denied",
            Status::Expired => "expired",
            Status::Executing => "executing",
            Status::Executed => "executed",
            Status::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// True when nothing more comes of it.
    pub fn is_over(self) -> bool {
        matches!(self, Status::Denied | Status::Expired | Status::Executed | Status::Failed)
    }
}

/// An approval as stored. The request stays sealed until it is shown or run.
#[derive(Debug, Clone)]
pub struct Approval {
    pub id: ApprovalId,
    pub group: String,
    pub app: AppId,
    pub agent: Option<AgentId>,
    pub grant: GrantId,
    pub account: Option<AccountId>,
    pub app_user: Option<AppUserId>,
    pub provider: String,
    pub status: Status,
    pub created_at: Time,
    pub expires_at: Time,
    pub decided_at: Option<Time>,
    pub reason: Option<String>,
    pub executed_at: Option<Time>,
    pub has_result: bool,
    pub execution_error: Option<String>,
    pub(crate) digest: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) result: Option<Vec<u8>>,
}

impl Approval {
    /// As it stands at a moment: one that nobody decided in time is over, whether or not that has been written.
    fn at(mut self, now: Time) -> Approval {
        if self.status == Status::Pending && self.expires_at <= now {
            self.status = Status::Expired;
        }
        self
    }

    /// The digest in hexadecimal: what a decision names.
    pub fn digest_hex(&self) -> String {
        base::digest::hex(&self.digest)
    }
}

/// A call that now waits.
#[derive(Debug, Clone)]
pub struct Pending {
    pub id: ApprovalId,
    pub group: String,
    pub expires_at: Time,
    pub expires_in: i64,
    /// Where the person decides.
    pub url: String,
}

impl Vault {
    /// Where a person decides.
    pub fn approval_url(&self, id: &ApprovalId) -> String {
        format!("{}/account/approvals/{id}", self.settings.issuer)
    }

    /// Writes down what is over, runs what was approved and cut off before it began, and forgets what is old. Gives how many rows changed.
    pub async fn tend_approvals(&self, limit: u32) -> Result<u64, Fault> {
        let now = self.seams.now();
        let expired = self.expire_approvals(limit).await?;
        let waiting = self.store.read(move |tx| rows::list_approved(tx, limit)).await?;
        for id in &waiting {
            self.run_approved(id.clone()).await?;
        }
        let changed = self
            .store
            .write(move |tx| {
                let cut = rows::fail_stuck(tx, now.plus_secs(-RUN_SECS), now)?;
                let wiped = rows::wipe_results(tx, now.plus_secs(-RESULT_SECS), limit)?;
                Ok::<_, Fault>(cut + wiped + rows::sweep(tx, now.plus_secs(-ROW_SECS), limit)?)
            })
            .await?;
        Ok(expired + waiting.len() as u64 + changed)
    }
}

/// Seals some of what is sealed under another key anew. Gives how many rows changed.
pub(crate) fn rekey(tx: &mut Tx<'_>, sealer: &Sealer, entropy: &dyn Entropy, limit: u32) -> Result<u64, Fault> {
    let all = rows::list_under_other_key(tx, &sealer.key_id(), limit)?;
    for mut own in all.iter().cloned() {
        let row = bound(&own.id, &own.digest);
        let again = |column: &'static str, sealed: &[u8]| {
            let place = || Place { table: "call_approvals", row: &row, column };
            sealer.seal(place(), &zeroize::Zeroizing::new(sealer.open(place(), sealed)?), entropy)
        };
        // What is over for long has been wiped.
        if !own.request.is_empty() {
            own.request = again("request", &own.request)?;
        }
        own.result = own.result.as_deref().map(|sealed| again("result", sealed)).transpose()?;
        rows::set_sealed(tx, &own, &sealer.key_id())?;
    }
    Ok(all.len() as u64)
}
