//! `/sdk/approvals/*`: how a call that waits for a person stands (`connect-wire.md` 2.7.1).

use super::proxy::result;
use super::{Answer, Fields};
use crate::app::App;
use crate::edge::alter::{Calling, SdkError, needs_any};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use base::ApprovalId;
use serde_json::{Value, json};
use vault::Code;
use vault::approval::Approval;

/// The longest that a question may wait, in seconds: its client gives up soon after.
const LONGEST_WAIT: i64 = 25;
const NEEDED: &[&str] = &["approvals:read", "proxy:execute"];

/// `GET /sdk/approvals/{id}`
pub async fn show(
    State(app): State<App>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    needs_any(&caller, NEEDED)?;
    let wait = Fields::read(query.as_deref())?.number("wait")?.unwrap_or(0);
    let wait = u64::try_from(wait).ok().filter(|_| wait <= LONGEST_WAIT);
    let wait = wait.ok_or_else(|| SdkError::new(Code::InvalidWait, "wait is from 0 to 25 seconds"))?;
    let approval = app.vault.approval(&caller, &ApprovalId::from_text(id), wait).await?;
    Ok(Json(told(&approval)))
}

/// `GET /sdk/approvals/{id}/result`
pub async fn outcome(State(app): State<App>, Calling(caller): Calling, Path(id): Path<String>) -> Answer {
    needs_any(&caller, NEEDED)?;
    let ran = app.vault.approval_result(&caller, &ApprovalId::from_text(id.clone())).await?;
    Ok(Json(result(&ran, Some(&id))))
}

fn told(approval: &Approval) -> Value {
    let mut gate = json!({
        "approval_id": approval.id.as_str(), "status": approval.status.as_str(),
        "expires_at": approval.expires_at.iso(),
    });
    let mut all = json!({
        "approval_id": approval.id.as_str(), "status": approval.status.as_str(), "approval_group_id": approval.group,
        "expires_at": approval.expires_at.iso(), "has_result": approval.has_result,
    });
    let mut add = |name: &str, value: Option<String>| {
        if let (Some(value), Some(members)) = (value, all.as_object_mut()) {
            members.insert(name.to_owned(), value.into());
        }
    };
    add("decided_at", approval.decided_at.map(base::Time::iso));
    add("decision_reason", approval.reason.clone());
    add("executed_at", approval.executed_at.map(base::Time::iso));
    add("execution_error", approval.execution_error.clone());
    if let (Some(at), Some(members)) = (approval.decided_at, gate.as_object_mut()) {
        members.insert("decided_at".to_owned(), at.iso().into());
    }
    if let Some(members) = all.as_object_mut() {
        members.insert("gates".to_owned(), json!([gate]));
    }
    all
}
