//! A person's word.

use super::{Approval, Status, rows};
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts, webhook};
use base::{AccountId, ApprovalId, Fault};
use ledger::journal::{self, Entry};
use serde_json::json;

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Deny,
}

/// How an answer came about.
enum Outcome {
    Decided(Box<Approval>),
    /// It is over, or was decided in another window.
    TooLate,
    Unknown,
    OtherRequest,
}

impl Vault {
    /// Takes a person's word on the request with this digest. `proof` names what they proved it with, for the journal. What was approved
    /// runs at once, by itself.
    pub async fn decide_approval(
        &self,
        account: &AccountId,
        id: &ApprovalId,
        digest: &str,
        decision: Decision,
        proof: &str,
        source: &str,
    ) -> Result<Approval> {
        let (vault, account, id) = (self.clone(), account.clone(), id.clone());
        let (digest, proof, source) = (digest.to_owned(), proof.to_owned(), source.to_owned());
        let outcome = self
            .store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let there = rows::find(tx, &id)?.filter(|there| there.account.as_ref() == Some(&account));
                let Some(there) = there else { return Ok::<_, Fault>(Outcome::Unknown) };
                if there.digest_hex() != digest {
                    return Ok(Outcome::OtherRequest);
                }
                let status = match decision {
                    Decision::Approve => Status::Approved,
                    Decision::Deny => Status::Denied,
                };
                if !rows::take_pending(tx, &id, &account, &there.digest, status, (account.as_str(), None), now)? {
                    return Ok(Outcome::TooLate);
                }
                let entry = Entry::new(acts::APPROVAL_DECIDED, &vault.seams)?
                    .account(&account)
                    .app(&there.app)
                    .grant(&there.grant)
                    .source(&source)
                    .detail(json!({
                        "approval": id.as_str(), "decision": status.as_str(), "proof": proof, "digest": digest,
                        "provider": there.provider,
                    }));
                let entry = match &there.agent {
                    Some(agent) => entry.agent(agent),
                    None => entry,
                };
                journal::write(tx, &entry)?;
                let data =
                    json!({ "approval_id": id.as_str(), "status": status.as_str(), "grant_id": there.grant.as_str() });
                webhook::tell(tx, &vault.seams, &there.app, "approval.decided", &data)?;
                let decided = rows::find(tx, &id)?.ok_or_else(|| Fault::new("approval: what was decided is gone"))?;
                Ok(Outcome::Decided(Box::new(decided)))
            })
            .await?;
        match outcome {
            Outcome::Decided(approval) => {
                if approval.status == Status::Approved {
                    let (vault, id) = (self.clone(), approval.id.clone());
                    tokio::spawn(async move {
                        if let Err(fault) = vault.run_approved(id.clone()).await {
                            tracing::error!("approval run {id}: {fault}");
                        }
                    });
                }
                Ok(*approval)
            }
            Outcome::TooLate => {
                Err(refuse(Code::ApprovalExpired, "this call was decided already, or its time is over"))
            }
            Outcome::Unknown => Err(unknown()),
            Outcome::OtherRequest => Err(refuse(Code::InvalidRequest, "the decision is about another request")),
        }
    }

    /// Writes down which ones nobody decided in time.
    pub(super) async fn expire_approvals(&self, limit: u32) -> std::result::Result<u64, Fault> {
        let vault = self.clone();
        self.store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let mut count = 0;
                for id in rows::list_late(tx, now, limit)? {
                    let Some(there) = rows::find(tx, &id)? else { continue };
                    if !rows::set_expired(tx, &id, now)? {
                        continue;
                    }
                    count += 1;
                    let entry = Entry::new(acts::APPROVAL_DECIDED, &vault.seams)?
                        .app(&there.app)
                        .grant(&there.grant)
                        .detail(json!({ "approval": id.as_str(), "decision": "expired", "provider": there.provider }));
                    let entry = match &there.account {
                        Some(account) => entry.account(account),
                        None => entry,
                    };
                    journal::write(tx, &entry)?;
                    let data =
                        json!({ "approval_id": id.as_str(), "status": "expired", "grant_id": there.grant.as_str() });
                    webhook::tell(tx, &vault.seams, &there.app, "approval.decided", &data)?;
                }
                Ok(count)
            })
            .await
    }
}

pub(super) fn unknown() -> Error {
    refuse(Code::ApprovalNotFound, "there is no such approval")
}
