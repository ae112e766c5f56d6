//! Stopping a call until a person has decided.

use super::{Approval, Frozen, LASTS_SECS, Pending, Status, rows};
use crate::caller::Caller;
use crate::proxy::{Loaded, Plan, Told, approval_row};
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts, grants, webhook};
use base::{ApprovalId, Fault, Uuid};
use db::seal::Place;
use ledger::journal;
use serde_json::{Value, json};

/// More than anybody looks through.
const MOST_PENDING: i64 = 50;

impl Vault {
    /// Keeps a call for the person whose permission it uses.
    pub(crate) async fn ask_person(
        &self,
        caller: &Caller,
        loaded: &Loaded,
        plan: &Plan,
        frozen: Frozen,
        rules: Vec<String>,
        why: Vec<Value>,
    ) -> Result<Pending> {
        let told = || Told { reason: frozen.reason.as_deref(), why: why.clone(), approval: None };
        let Some(account) = grants::subject_of(&loaded.found.root).account().cloned() else {
            let error = refuse(Code::PolicyDenied, "a person has to approve this call, and this grant is no person's");
            return Err(self.refused(caller, loaded, Some(plan), told(), error).await?);
        };
        let now = self.seams.now();
        let id = ApprovalId::new(now, self.seams.entropy())?;
        let bytes = zeroize::Zeroizing::new(frozen.bytes()?);
        let digest = Frozen::digest(&bytes);
        let row = bound(&id, digest.bytes());
        let place = Place { table: "call_approvals", row: &row, column: "request" };
        let new = Approval {
            group: Uuid::at(now, self.seams.entropy())?.as_str().to_owned(),
            app: caller.app.clone(),
            agent: caller.agent.as_ref().map(|agent| agent.id.clone()).or_else(|| loaded.found.grant.agent.clone()),
            grant: loaded.found.grant.id.clone(),
            account: Some(account.clone()),
            app_user: None,
            provider: loaded.found.connection.provider.clone(),
            status: Status::Pending,
            created_at: now,
            expires_at: now.plus_secs(LASTS_SECS),
            decided_at: None,
            reason: None,
            executed_at: None,
            has_result: false,
            execution_error: None,
            digest: digest.bytes().to_vec(),
            request: self.sealer.seal(place, &bytes, self.seams.entropy())?,
            result: None,
            id,
        };
        let entry = approval_row(
            acts::APPROVAL_REQUESTED,
            self,
            caller,
            loaded,
            plan,
            &Told { approval: Some(new.id.as_str()), ..told() },
        )?;
        let pending = Pending {
            id: new.id.clone(),
            group: new.group.clone(),
            expires_at: new.expires_at,
            expires_in: LASTS_SECS,
            url: self.approval_url(&new.id),
        };
        let (vault, key_id) = (self.clone(), self.sealer.key_id());
        let data = json!({
            "approval_id": new.id.as_str(), "grant_id": new.grant.as_str(), "provider_id": new.provider, "rules": rules,
            "expires_at": new.expires_at.iso(), "approval_url": pending.url,
        });
        let kept = self.store.write_again(move |tx| {
            if rows::count_pending(tx, &account, now)? >= MOST_PENDING {
                return Err(refuse(
                    Code::TooManyPendingApprovals,
                    "this person has too many calls to decide on already",
                ));
            }
            rows::insert(tx, &new, &key_id)?;
            journal::write(tx, &entry)?;
            Ok::<_, Error>(webhook::tell(tx, &vault.seams, &new.app, "approval.requested", &data)?)
        });
        match kept.await {
            Ok(()) => Ok(pending),
            Err(error @ Error::Refused(_)) => Err(self.refused(caller, loaded, Some(plan), told(), error).await?),
            Err(error) => Err(error),
        }
    }

    /// The request of an approval. That it is the one of the digest is checked again.
    pub(super) fn open_request(&self, approval: &Approval) -> std::result::Result<Frozen, Fault> {
        let row = bound(&approval.id, &approval.digest);
        let place = Place { table: "call_approvals", row: &row, column: "request" };
        let bytes = zeroize::Zeroizing::new(self.sealer.open(place, &approval.request)?);
        if Frozen::digest(&bytes).bytes().as_slice() != approval.digest.as_slice() {
            return Err(Fault::new("approval: its request is not the one of its digest"));
        }
        Frozen::read(&bytes)
    }
}

/// What a request and its result are bound to.
pub(super) fn bound(id: &ApprovalId, digest: &[u8]) -> String {
    format!("{id}\n{}", base::digest::hex(digest))
}
