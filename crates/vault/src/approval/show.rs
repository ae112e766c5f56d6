//! Looking at approvals: an app at its own, a person at what waits for them.

use super::decide::unknown;
use super::{Approval, Frozen, Ran, Status, rows};
use crate::Vault;
use crate::caller::Caller;
use crate::refusal::{Code, Result, refuse};
use base::{AccountId, ApprovalId};
use std::time::Duration;

const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// An approval with the exact call, for the person who decides. Nothing of the call once it is wiped.
#[derive(Debug, Clone)]
pub struct Shown {
    pub approval: Approval,
    pub request: Option<Frozen>,
}

impl Vault {
    /// An approval of the caller's app; an agent sees its own. `wait` is how long to wait for a change, in seconds.
    pub async fn approval(&self, caller: &Caller, id: &ApprovalId, wait: u64) -> Result<Approval> {
        let until = tokio::time::Instant::now() + Duration::from_secs(wait);
        loop {
            let own = id.clone();
            let found = self.store.read(move |tx| rows::find(tx, &own)).await?;
            let found = found
                .filter(|found| found.app == caller.app)
                .filter(|found| caller.agent.as_ref().is_none_or(|agent| Some(&agent.id) == found.agent.as_ref()))
                .ok_or_else(unknown)?
                .at(self.seams.now());
            if found.status.is_over() || tokio::time::Instant::now() >= until {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What came of an approved call.
    pub async fn approval_result(&self, caller: &Caller, id: &ApprovalId) -> Result<Ran> {
        let found = self.approval(caller, id, 0).await?;
        let refused = match found.status {
            Status::Denied => refuse(Code::ApprovalDenied, "the person denied this call"),
            Status::Expired => refuse(Code::ApprovalExpired, "nobody decided on this call in time"),
            Status::Failed => refuse(Code::ApprovalExecutionFailed, "the call was approved and could not be made")
                .with("execution_error", found.execution_error.clone().unwrap_or_default()),
            Status::Pending | Status::Approved | Status::Executing => {
                refuse(Code::ApprovalPending, "the call has not been made yet")
            }
            Status::Executed => match &found.result {
                Some(sealed) => return Ok(self.open_result(&found, sealed)?),
                None => refuse(Code::ApprovalNotFound, "what came of this call is no longer kept"),
            },
        };
        Err(refused.with("approval_id", id.as_str()))
    }

    /// What a person was asked, newest first.
    pub async fn approvals_of(&self, account: &AccountId, before: &str, limit: u32) -> Result<Vec<Shown>> {
        let (account, before) = (account.clone(), before.to_owned());
        let all = self.store.read(move |tx| rows::list_of_account(tx, &account, &before, limit)).await?;
        all.into_iter().map(|approval| self.shown(approval)).collect()
    }

    /// One of them.
    pub async fn approval_for(&self, account: &AccountId, id: &ApprovalId) -> Result<Shown> {
        let (own, account) = (id.clone(), account.clone());
        let found = self.store.read(move |tx| rows::find(tx, &own)).await?;
        self.shown(found.filter(|found| found.account.as_ref() == Some(&account)).ok_or_else(unknown)?)
    }

    /// How many wait for a person now.
    pub async fn count_of_approvals(&self, account: &AccountId) -> Result<i64> {
        let (account, now) = (account.clone(), self.seams.now());
        Ok(self.store.read(move |tx| rows::count_pending(tx, &account, now)).await?)
    }

    fn shown(&self, approval: Approval) -> Result<Shown> {
        let approval = approval.at(self.seams.now());
        let request = if approval.request.is_empty() { None } else { Some(self.open_request(&approval)?) };
        Ok(Shown { approval, request })
    }
}
