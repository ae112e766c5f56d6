//! Running what was approved: once, and only if everything would still let it pass.

use super::ask::bound;
use super::{Approval, Ran, rows};
use crate::caller::Caller;
use crate::grants::Wanted;
use crate::policy::{self, Content, Verdict};
use crate::proxy::{Form, Outgoing, Plan, Target, Told, judged, load};
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts};
use base::{ApprovalId, Fault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::seal::Place;
use ledger::journal::{self, Entry};
use net::Upload;
use serde_json::json;
use tokio::time::Instant;

/// What is kept of an answer, in bytes.
const MOST_KEPT: usize = 4 << 20;

impl Vault {
    /// Runs an approved call, unless somebody else does.
    pub(super) async fn run_approved(&self, id: ApprovalId) -> std::result::Result<(), Fault> {
        let (own, now) = (id.clone(), self.seams.now());
        let taken = self
            .store
            .write(move |tx| {
                if !rows::take_approved(tx, &own, now)? {
                    return Ok::<_, Fault>(None);
                }
                rows::find(tx, &own)
            })
            .await?;
        let Some(approval) = taken else { return Ok(()) };
        let began = Instant::now();
        let outcome = match self.run(&approval).await {
            Ok(mut ran) => {
                ran.ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                Ok(self.seal_result(&approval, &ran)?)
            }
            Err(Error::Refused(refusal)) => Err(refusal.code.as_str()),
            Err(Error::Fault(fault)) => {
                tracing::error!("approval run {id}: {fault}");
                Err("internal_error")
            }
        };
        let now = self.seams.now();
        let mut entry = Entry::new(acts::APPROVAL_EXECUTED, &self.seams)?
            .app(&approval.app)
            .grant(&approval.grant)
            .detail(json!({ "approval": id.as_str(), "outcome": outcome.as_ref().err().unwrap_or(&"executed") }));
        if let Some(account) = &approval.account {
            entry = entry.account(account);
        }
        if let Some(agent) = &approval.agent {
            entry = entry.agent(agent);
        }
        self.store
            .write(move |tx| {
                match &outcome {
                    Ok(result) => rows::set_result(tx, &id, result, now)?,
                    Err(error) => rows::set_failed(tx, &id, error, now)?,
                };
                journal::write(tx, &entry)
            })
            .await
    }

    /// Everything is looked at again: key, agent, permission, account, destination, rules, limits.
    async fn run(&self, approval: &Approval) -> Result<Ran> {
        let frozen = self.open_request(approval)?;
        let caller: Caller = frozen.caller()?;
        let wanted = Wanted { grant: Some(frozen.grant()), ..Wanted::default() };
        let (own, now) = (caller.clone(), self.seams.now());
        let loaded = self
            .store
            .read(move |tx| {
                if policy::ended_key(tx, &own.app, own.key.as_str(), now)? {
                    return Err(refuse(Code::KeyRevoked, "the key of this call has been revoked"));
                }
                if let Some(agent) = &own.agent
                    && policy::ended_agent(tx, &own.app, &agent.id)?
                {
                    return Err(refuse(Code::AgentInactive, "the agent of this call is not active"));
                }
                load(tx, &own, &wanted, now)
            })
            .await?;
        let service = self.service_of(&loaded).await?;
        let target = Target::Url { url: frozen.url.clone(), more: Vec::new() };
        let plan = Plan::of(&frozen.method, &target, &service, &loaded.found.connection)?;
        if plan.url() != frozen.url {
            return Err(Fault::new("approval: its address reads otherwise now").into());
        }
        let body = frozen.body();
        let json = serde_json::from_slice(&body).ok();
        let content = Content { json: json.as_ref(), has_body: !body.is_empty() };
        let (counted, why) = match judged(&caller, &loaded, &service, &plan, &content) {
            Verdict::Pass { counted, why } | Verdict::Ask { counted, why, .. } => (counted, why),
            Verdict::No { error, why } => {
                let told = Told { reason: frozen.reason.as_deref(), why, approval: Some(approval.id.as_str()) };
                return Err(self.refused(&caller, &loaded, Some(&plan), told, error).await?);
            }
        };
        let answered = self
            .go(Outgoing {
                caller: &caller,
                loaded: &loaded,
                service: &service,
                plan: &plan,
                headers: frozen.header_map(),
                body: if body.is_empty() { Upload::Nothing } else { Upload::Whole(body) },
                counted,
                form: Form::Json,
                told: Told { reason: frozen.reason.as_deref(), why, approval: Some(approval.id.as_str()) },
            })
            .await?;
        let headers = answered
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let (status, headers) = (answered.status, headers.collect());
        let (body, is_truncated) = answered
            .body
            .whole(MOST_KEPT)
            .await
            .map_err(|_| refuse(Code::ProviderUnreachable, "the answer of the service broke off"))?;
        Ok(Ran { status, headers, body_b64: STANDARD.encode(body), is_truncated, ms: 0 })
    }

    fn seal_result(&self, approval: &Approval, ran: &Ran) -> std::result::Result<Vec<u8>, Fault> {
        let bytes = serde_json::to_vec(ran).map_err(|_| Fault::new("approval: its result does not serialize"))?;
        let row = bound(&approval.id, &approval.digest);
        self.sealer.seal(Place { table: "call_approvals", row: &row, column: "result" }, &bytes, self.seams.entropy())
    }

    pub(super) fn open_result(&self, approval: &Approval, sealed: &[u8]) -> std::result::Result<Ran, Fault> {
        let row = bound(&approval.id, &approval.digest);
        let bytes = self.sealer.open(Place { table: "call_approvals", row: &row, column: "result" }, sealed)?;
        serde_json::from_slice(&bytes).map_err(|_| Fault::new("approval: its result is not what was sealed"))
    }
}
