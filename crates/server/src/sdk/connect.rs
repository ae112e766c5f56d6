//! Connect sessions: a backend opens one and asks what came of it (`connect-wire.md` 2.6.1, 2.6.2).

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, needs, subject};
use axum::Json;
use axum::extract::State;
use base::{GrantId, Origin, RedirectUri, Secret, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use vault::grants::Granted;
use vault::session::{AppFacts, GrantPolicy, Restrictions, Session, SessionAsk, Status};
use vault::{Caller, Code};

/// What a backend asks. Fields that are null are absent.
#[derive(Deserialize)]
pub struct Asked {
    allowed_providers: Option<Vec<String>>,
    return_url: Option<String>,
    allowed_origin: Option<String>,
    metadata: Option<Metadata>,
    user_token: Option<String>,
    agent: Option<String>,
    delegable: Option<bool>,
    scope_constraint: Option<Vec<String>>,
    required_scopes: Option<BTreeMap<String, Vec<String>>>,
    grant_policy: Option<PolicyAsked>,
    requested_grant: Option<GrantAsked>,
    repair_grant_id: Option<String>,
    direct: Option<bool>,
    switch_account: Option<bool>,
    allow_user_policy_rules: Option<bool>,
}

#[derive(Deserialize)]
struct Metadata {
    ip_address: Option<String>,
    user_agent: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PolicyAsked {
    max_ttl_seconds: Option<i64>,
    default_ttl_seconds: Option<i64>,
    pub(super) expires_at: Option<String>,
}

#[derive(Deserialize)]
struct GrantAsked {
    label: String,
    restrictions: Option<Restrictions>,
}

/// `POST /sdk/oauth/connect/session`
pub async fn open(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Asked>) -> Answer {
    needs(&caller, "connect:initiate")?;
    let facts = facts(&app, &caller).await?;
    let subject = subject(&app, &caller, asked.user_token.as_deref()).await?;
    let metadata = asked.metadata.unwrap_or(Metadata { ip_address: None, user_agent: None });
    let (label, restrictions) = match asked.requested_grant {
        Some(grant) => (Some(grant.label), grant.restrictions),
        None => (None, None),
    };
    let ask = SessionAsk {
        providers: asked.allowed_providers,
        return_url: asked.return_url,
        origin: asked.allowed_origin,
        subject,
        agent: asked.agent,
        delegable: asked.delegable,
        scope_constraint: asked.scope_constraint,
        required_scopes: asked.required_scopes.unwrap_or_default(),
        policy: asked.grant_policy.map(policy).transpose()?,
        label,
        restrictions,
        repair: asked.repair_grant_id.map(GrantId::from_text),
        direct: asked.direct.unwrap_or(false),
        switch_account: asked.switch_account.unwrap_or(false),
        no_user_rules: asked.allow_user_policy_rules == Some(false),
        ip_address: metadata.ip_address.map(|text| text.chars().take(64).collect()),
        user_agent: metadata.user_agent.map(|text| text.chars().take(300).collect()),
    };
    let opened = app.vault.open_session(&caller, &facts, ask).await?;
    let token = opened.token.reveal();
    let mut answer = json!({
        "session_token": token,
        "connect_url": format!("{}#session={token}", app.url("/sdk/oauth/connect")),
        "expires_in": opened.expires_in_secs,
        "expires_at": opened.expires_at.iso(),
        "single_provider": opened.is_single,
        "direct": opened.direct,
    });
    if let Some(members) = answer.as_object_mut()
        && !opened.warnings.is_empty()
    {
        members.insert("scope_constraint_warnings".to_owned(), opened.warnings.into());
    }
    Ok(Json(answer))
}

pub(super) fn policy(asked: PolicyAsked) -> Result<GrantPolicy, SdkError> {
    Ok(GrantPolicy {
        max_ttl_seconds: asked.max_ttl_seconds,
        default_ttl_seconds: asked.default_ttl_seconds,
        expires_at_ms: asked.expires_at.as_deref().map(moment).transpose()?.map(Time::ms),
    })
}

/// A moment as RFC 3339 writes it.
fn moment(text: &str) -> Result<Time, SdkError> {
    Time::from_rfc3339(text).ok_or_else(|| {
        SdkError::new(Code::InvalidGrantPolicy, "expires_at is a time with its offset, such as 2027-01-31T09:00:00Z")
    })
}

/// What the app has registered of itself.
async fn facts(app: &App, caller: &Caller) -> Result<AppFacts, SdkError> {
    let found = app.oauth.apps.get(caller.app.as_str()).await?.ok_or_else(SdkError::not_found)?;
    Ok(AppFacts {
        website: found.website.as_deref().and_then(Origin::of),
        redirects: found.redirect_uris.iter().filter_map(RedirectUri::origin).collect(),
    })
}

#[derive(Deserialize)]
pub struct Polled {
    session_token: String,
}

/// `POST /sdk/oauth/connect/session/poll`: always 200; an unknown token looks like one that is over.
pub async fn poll(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Polled>) -> Answer {
    needs(&caller, "connect:initiate")?;
    let found = app.vault.poll_session(&caller, &Secret::new(asked.session_token)).await?;
    let Some(session) = found else { return Ok(Json(json!({ "status": Status::Expired.as_str() }))) };
    Ok(Json(told(&session, app.seams.now())))
}

fn told(session: &Session, now: Time) -> Value {
    let (status, result) = (session.status(now), &session.result);
    let mut answer = json!({ "status": status.as_str() });
    let Some(members) = answer.as_object_mut() else { return answer };
    match status {
        Status::Pending => {
            let declined: Vec<Value> = result
                .declined
                .iter()
                .map(|own| {
                    json!({
                        "provider_id": own.provider, "error_code": own.code,
                        "declined_at": Time::from_ms(own.at_ms).iso(),
                    })
                })
                .collect();
            if !declined.is_empty() {
                members.insert("declined_providers".to_owned(), declined.into());
            }
        }
        Status::Completed => {
            members.insert("grants".to_owned(), result.granted.iter().map(item).collect());
            let declined = result.declined.iter().map(|own| {
                json!({ "provider_id": own.provider, "reason": own.code, "message": "the person left this provider out" })
            });
            let failed = result
                .failed
                .iter()
                .map(|own| json!({ "provider_id": own.provider, "reason": own.reason, "message": own.message }));
            members.insert("failed_grants".to_owned(), declined.chain(failed).collect());
        }
        Status::Error => {
            let error =
                result.error.as_ref().map(|error| json!({ "error_code": error.code, "error_message": error.message }));
            members.insert("error".to_owned(), error.unwrap_or(Value::Null));
        }
        Status::Expired => {}
    }
    answer
}

fn item(granted: &Granted) -> Value {
    let mut item = json!({
        "grant_id": granted.grant.as_str(),
        "provider_id": granted.provider,
        "account_identifier": granted.account,
        "scopes": granted.scopes,
        "operation": granted.operation.as_str(),
    });
    let Some(members) = item.as_object_mut() else { return item };
    if let Some(base) = &granted.api_base {
        members.insert("api_base_url".to_owned(), base.clone().into());
    }
    if let Some(made) = &granted.delegation {
        let told = json!({ "agent_id": made.agent, "delegable": made.delegable, "policy_refused": made.refused });
        members.insert("delegation".to_owned(), told);
    }
    if let Some(policy) = &granted.policy {
        let mut told = json!({ "created_by": "developer", "created_at": Time::from_ms(policy.created_at_ms).iso() });
        if let (Some(told), Some(until)) = (told.as_object_mut(), policy.expires_at_ms) {
            told.insert("expires_at".to_owned(), Time::from_ms(until).iso().into());
        }
        members.insert("grant_policy".to_owned(), told);
    }
    item
}
