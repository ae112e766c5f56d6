//! Permissions on linked accounts: list, end, pass on, mint, report (`connect-wire.md` 2.6.6, 2.6.8–2.6.11).

use super::Answer;
use super::connect::{PolicyAsked, policy};
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, Sent, needs, needs_any, subject};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::{AgentId, GrantId, Time, Uuid};
use ledger::grant::Kind;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vault::grants::{DelegateAsk, Filter, Listed, MintAsk, MismatchReport, words};
use vault::{Code, Subject};

/// What narrows a list.
#[derive(Deserialize)]
pub struct Narrowed {
    limit: Option<i64>,
    offset: Option<i64>,
    provider_id: Option<String>,
    status: Option<String>,
    account: Option<String>,
    label: Option<String>,
    user_token: Option<String>,
}

/// `POST /sdk/grants/list`
pub async fn list(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Narrowed>) -> Answer {
    needs(&caller, "grants:read")?;
    let number = |name: &'static str, value: Option<i64>, usual: u32, range: std::ops::RangeInclusive<i64>| {
        let value = value.unwrap_or(i64::from(usual));
        let fits = range.contains(&value);
        u32::try_from(value)
            .ok()
            .filter(|_| fits)
            .ok_or_else(|| SdkError::invalid(name, "a number is out of its range"))
    };
    let limit = number("limit", asked.limit, 100, 1..=1000)?;
    let offset = number("offset", asked.offset, 0, 0..=i64::from(u32::MAX))?;
    let filter = Filter {
        provider: asked.provider_id,
        status: asked.status,
        account: asked.account,
        label: asked.label,
        subject: subject(&app, &caller, asked.user_token.as_deref()).await?,
        limit,
        offset,
    };
    let page = app.vault.list_grants(&caller, filter).await?;
    let items: Vec<Value> = page.items.iter().map(|listed| item(listed, app.seams.now())).collect();
    let has_more = i64::from(offset) + (items.len() as i64) < page.total;
    Ok(Json(json!({
        "grants": items, "total": page.total, "limit": limit, "offset": offset, "has_more": has_more,
    })))
}

/// One item of the list. What is absent is left out.
fn item(listed: &Listed, now: Time) -> Value {
    let (grant, connection) = (&listed.grant, &listed.connection);
    let status = if grant.ended_at.is_some() {
        "revoked"
    } else if grant.expires_at.is_some_and(|until| until <= now) {
        "expired"
    } else {
        "active"
    };
    let is_agents = grant.kind == Kind::Agent;
    let mut item = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            item.insert(name.to_owned(), value);
        }
    };
    add("grant_id", grant.id.as_str().into());
    add("status", status.into());
    add("created_at", grant.created_at.iso().into());
    add("principal_type", principal(listed).into());
    add("account_identifier", connection.label.clone().into());
    if let Some(secret) = &connection.managed_secret {
        add("grant_kind", "managed_secret".into());
        add("managed_secret_id", secret.clone().into());
        add("managed_secret_slug", connection.provider.clone().into());
        add("managed_secret_name", connection.label.clone().into());
        add("access_via", if is_agents { "ms_delegation" } else { "ownership" }.into());
    } else {
        add("grant_kind", "oauth".into());
        add("provider_id", connection.provider.clone().into());
        add("account_display_name", connection.label.clone().into());
        add("scopes", words(&grant.scope).into());
        add("api_base_url", connection.api_base.clone().into());
        add("scope_mismatch", connection.scope_mismatch.into());
        add("needs_reconnect", connection.trouble.is_some().into());
        add("access_via", if is_agents { "oauth_delegation" } else { "ownership" }.into());
        let agents: Vec<&str> = listed.agents.iter().map(AgentId::as_str).collect();
        add("delegated_agent_ids", agents.into());
    }
    add("expires_at", connection.expires_at.map(Time::iso).into());
    add("grant_expires_at", grant.expires_at.map(Time::iso).into());
    add("last_used_at", grant.last_used_at.map(Time::iso).into());
    add("label", grant.label.clone().into());
    add("credential_id", connection.id.as_str().into());
    add("agent_id", grant.agent.as_ref().map(AgentId::as_str).into());
    if is_agents {
        add("parent_grant_id", grant.parent.as_ref().map(GrantId::as_str).into());
        add("delegated_at", grant.created_at.iso().into());
        add("depth", listed.limits.depth.into());
        add("delegable", listed.limits.delegable.into());
        if listed.limits.is_narrowed {
            add("scope_constraint", words(&grant.scope).into());
        }
    }
    Value::Object(item)
}

fn principal(listed: &Listed) -> &'static str {
    if listed.grant.agent.is_some() { "agent" } else { listed.connection.subject().principal_type() }
}

fn id_in(text: &str) -> Result<GrantId, SdkError> {
    let unknown = || SdkError::new(Code::GrantNotFound, "there is no such grant");
    Uuid::parse(text).map(|_| GrantId::from_text(text)).ok_or_else(unknown)
}

#[derive(Deserialize)]
pub struct Ending {
    reason: Option<String>,
    user_token: Option<String>,
}

/// `POST /sdk/oauth/grants/{grant_id}/revoke`
pub async fn revoke(
    State(app): State<App>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    Body(asked): Body<Ending>,
) -> Answer {
    needs(&caller, "grants:write")?;
    let subject: Option<Subject> = subject(&app, &caller, asked.user_token.as_deref()).await?;
    let revoked = app.vault.revoke_grant(&caller, &id_in(&id)?, subject, asked.reason.as_deref()).await?;
    Ok(Json(json!({
        "success": true,
        "message": "the grant has been ended",
        "grant_id": revoked.grant.as_str(),
        "revoked_at": revoked.at.iso(),
        "ended_below": revoked.below,
    })))
}

#[derive(Deserialize)]
pub struct Delegating {
    to_agent_id: String,
    delegable: Option<bool>,
    scope_constraint: Option<Vec<String>>,
    ttl_seconds: Option<i64>,
}

/// `POST /sdk/grants/{grant_id}/delegate`
pub async fn delegate(
    State(app): State<App>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    Body(asked): Body<Delegating>,
) -> Answer {
    needs(&caller, "grants:write")?;
    let ask = DelegateAsk {
        to_agent: asked.to_agent_id,
        delegable: asked.delegable,
        scope_constraint: asked.scope_constraint,
        ttl_secs: asked.ttl_seconds,
    };
    let made = app.vault.delegate(&caller, &id_in(&id)?, ask).await?;
    let mut answer = json!({
        "grant_id": made.grant.id.as_str(),
        "grant_kind": if made.is_secret { "managed_secret" } else { "oauth" },
        "parent_grant_id": made.grant.parent.as_ref().map(GrantId::as_str),
        "depth": made.limits.depth,
        "delegable": made.limits.delegable,
        "status": "active",
    });
    if let (Some(members), Some(until)) = (answer.as_object_mut(), made.grant.expires_at) {
        members.insert("expires_at".to_owned(), until.iso().into());
    }
    Ok(Json(answer))
}

/// `DELETE /sdk/grants/{grant_id}/delegations/{agent_id}`, or `me` for an agent.
pub async fn end_delegation(
    State(app): State<App>,
    Calling(caller): Calling,
    Path((id, agent)): Path<(String, String)>,
) -> Result<StatusCode, SdkError> {
    needs(&caller, "grants:write")?;
    let agent = (agent != "me").then(|| AgentId::from_text(agent));
    app.vault.end_delegation(&caller, &id_in(&id)?, agent).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub struct Minting {
    label: String,
    grant_policy: Option<PolicyAsked>,
    grant_tags: Option<Value>,
}

/// `POST /sdk/grants/{grant_id}/mint`
pub async fn mint(
    State(app): State<App>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    Body(asked): Body<Minting>,
) -> Answer {
    needs(&caller, "grants:write")?;
    if asked.label.trim().is_empty() || asked.label.chars().count() > 255 {
        return Err(SdkError::invalid("label", "label has 1 to 255 characters"));
    }
    let expires_at = match asked.grant_policy {
        None => None,
        Some(asked) => policy(asked)?.expiry(app.seams.now()),
    };
    let ask = MintAsk { label: asked.label, expires_at, tags: asked.grant_tags };
    let (grant, connection) = app.vault.mint_grant(&caller, &id_in(&id)?, ask).await?;
    let limits = vault::grants::Limits::of(&grant)?;
    let listed = Listed { grant, connection, limits, agents: Vec::new() };
    Ok(Json(item(&listed, app.seams.now())))
}

#[derive(Deserialize)]
pub struct Mismatch {
    provider_status_code: Option<i64>,
    missing_scopes: Option<Vec<String>>,
    api_endpoint: Option<String>,
}

/// `POST /sdk/grants/{grant_id}/report-scope-mismatch`
pub async fn report_mismatch(
    State(app): State<App>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    Body(asked): Body<Mismatch>,
) -> Result<StatusCode, SdkError> {
    needs_any(&caller, &["audit:emit", "grants:write", "tokens:retrieve"])?;
    let report = MismatchReport {
        status: asked.provider_status_code,
        missing: asked.missing_scopes.unwrap_or_default(),
        endpoint: asked.api_endpoint,
    };
    app.vault.report_scope_mismatch(&caller, &id_in(&id)?, report).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /sdk/oauth/audit/api-call`: what a client says it did.
pub async fn report_call(State(app): State<App>, Calling(caller): Calling, sent: Sent) -> Answer {
    needs(&caller, "audit:emit")?;
    app.vault.report_call(&caller, &Value::Object(sent.object()?)).await?;
    Ok(Json(json!({ "recorded": true })))
}
