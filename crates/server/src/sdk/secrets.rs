//! `/sdk/managed-secrets/*`: letting somebody use a secret of the company, and sessions in which people let agents in at one or bring a
//! key of their own (`connect-wire.md` 2.6.16).

use super::Answer;
use super::connect::{GrantAsked, PolicyAsked, facts, policy};
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, needs, subject};
use axum::Json;
use axum::extract::{Path, State};
use base::GrantId;
use serde::Deserialize;
use serde_json::json;
use vault::grants::Limits;
use vault::session::{SecretAsk, SecretPath, SessionAsk};
use vault::{Code, Subject};

#[derive(Deserialize)]
pub struct Asked {
    principal: Principal,
}

/// Who may use it.
#[derive(Deserialize)]
struct Principal {
    #[serde(rename = "type")]
    kind: String,
    user_token: Option<String>,
    label: Option<String>,
}

/// `POST /sdk/managed-secrets/{id}/grants`
pub async fn grant(
    State(app): State<App>,
    Calling(caller): Calling,
    Path(secret): Path<String>,
    Body(asked): Body<Asked>,
) -> Answer {
    needs(&caller, "secrets:write")?;
    let who = match asked.principal.kind.as_str() {
        "system" => Subject::App,
        "user" => {
            let token = asked.principal.user_token.as_deref();
            let missing = || SdkError::invalid("principal.user_token", "a user is named by their user_token");
            subject(&app, &caller, token).await?.ok_or_else(missing)?
        }
        _ => return Err(SdkError::new(Code::InvalidGrantPolicy, "a secret is for a user or for the app itself")),
    };
    let label = asked.principal.label.filter(|label| !label.is_empty());
    let made = app.vault.grant_secret(&caller, &secret, who.clone(), label, Limits::default()).await?;
    Ok(Json(json!({
        "grant_id": made.id.as_str(), "principal_type": who.principal_type(), "label": made.label,
        "created_at": made.created_at.iso(),
    })))
}

/// What a backend asks of a session about a secret. Fields that are null are absent.
#[derive(Deserialize)]
pub struct SessionAsked {
    provider: Option<String>,
    template_slug: Option<String>,
    agent: Option<String>,
    delegated_agent_id: Option<String>,
    user_token: Option<String>,
    requested_ttl_seconds: Option<i64>,
    allowed_origin: Option<String>,
    return_url: Option<String>,
    allow_user_policy_rules: Option<bool>,
    delegable: Option<bool>,
    requested_grant: Option<GrantAsked>,
    grant_policy: Option<PolicyAsked>,
    repair_grant_id: Option<String>,
}

/// `POST /sdk/managed-secrets/connect/session`. `direct` is read and answered with no: a person is always asked.
pub async fn open(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<SessionAsked>) -> Answer {
    needs(&caller, "connect:initiate")?;
    needs(&caller, "secrets:write")?;
    if asked.agent.is_some() && asked.delegated_agent_id.is_some() {
        return Err(SdkError::invalid("agent", "name the agent once: agent, or delegated_agent_id of older clients"));
    }
    let facts = facts(&app, &caller).await?;
    let subject = subject(&app, &caller, asked.user_token.as_deref()).await?;
    let (label, restrictions) = match asked.requested_grant {
        Some(grant) => (Some(grant.label), grant.restrictions),
        None => (None, None),
    };
    let is_delegable = asked.delegable;
    let session = SessionAsk {
        return_url: asked.return_url,
        origin: asked.allowed_origin,
        subject,
        agent: asked.agent.or(asked.delegated_agent_id),
        delegable: asked.delegable,
        policy: asked.grant_policy.map(policy).transpose()?,
        label,
        restrictions,
        repair: asked.repair_grant_id.map(GrantId::from_text),
        no_user_rules: asked.allow_user_policy_rules == Some(false),
        ..SessionAsk::default()
    };
    let ask = SecretAsk {
        slug: asked.provider,
        template: asked.template_slug,
        ttl_seconds: asked.requested_ttl_seconds,
        session,
    };
    let opened = app.vault.open_secret_session(&caller, &facts, ask).await?;
    let token = opened.token.reveal();
    Ok(Json(json!({
        "session_token": token,
        "connect_url": format!("{}#session={token}", app.url("/sdk/oauth/connect")),
        "expires_in": opened.expires_in_secs,
        "expires_at": opened.expires_at.iso(),
        "single_provider": true,
        "direct": false,
        "delegable_requested": is_delegable.unwrap_or(false),
        "path": opened.path.map(SecretPath::as_str),
        "secret_slug": opened.slug,
        "template_slug": opened.template,
        "existing_grant_id": opened.existing.as_ref().map(GrantId::as_str),
        "agent_id": opened.agent,
    })))
}
