//! `/sdk/identity` and `/sdk/auth/verify-token`: who stands behind a call.

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, User, needs, user_of};
use axum::Json;
use axum::extract::State;
use base::AppUserId;
use base::digest::hex;
use base::entropy::draw;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use vault::subject::{AppUser, find_user};
use vault::{Caller, Code};

/// Who is asked about.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    include_profile: bool,
    user_token: Option<String>,
    app_user_id: Option<String>,
    /// Of an assertion.
    audience: Option<String>,
    ttl_seconds: Option<i64>,
}

/// `POST /sdk/identity/resolve`
pub async fn resolve(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Asked>) -> Answer {
    let user = meant(&app, &caller, &asked).await?;
    Ok(Json(told(&app, &caller, user.as_ref(), asked.include_profile).await?))
}

/// `POST /sdk/identity/assert`
pub async fn assert(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Asked>) -> Answer {
    let audience = asked.audience.as_deref().filter(|audience| is_audience(audience, &app.config.issuer));
    let audience = audience.ok_or_else(|| {
        SdkError::new(
            Code::InvalidAudience,
            "audience is an absolute URI of at most 512 characters, and not this server",
        )
    })?;
    let ttl = asked.ttl_seconds.unwrap_or(120);
    if !(10..=300).contains(&ttl) {
        return Err(SdkError::invalid("ttl_seconds", "ttl_seconds is from 10 to 300"));
    }
    let user = meant(&app, &caller, &asked).await?;
    if matches!(&user, Some(User::Theirs(user)) if user.suspended_at.is_some()) {
        return Err(SdkError::new(Code::UserSuspended, "this person is suspended"));
    }
    let now = app.seams.now();
    let subject = match &user {
        Some(user) => format!("alter:user:{}", user.id()),
        None => format!("alter:app:{}", caller.app),
    };
    let until = now.plus_secs(ttl);
    let mut claims = json!({
        "iss": app.config.issuer,
        "aud": audience,
        "sub": subject,
        "iat": now.secs(),
        "exp": until.secs(),
        "jti": hex(&draw::<16>(app.seams.entropy())?),
        "azp": caller.app.as_str(),
        "alter": { "app_id": caller.app.as_str() },
    });
    if let (Some(members), Some(agent)) = (claims.as_object_mut(), &caller.agent) {
        members.insert("act".to_owned(), json!({ "sub": format!("alter:agent:{}", agent.id) }));
        // Clients want a word here whenever an agent acts: whose key has proven it.
        let proven_by = if agent.by_own_key { "agent_key" } else { "app_key" };
        members.insert("alter".to_owned(), json!({ "app_id": caller.app.as_str(), "agent_auth": proven_by }));
    }
    let token = app.oauth.sign_assertion(claims.to_string().into_bytes()).await?;
    let identity = told(&app, &caller, user.as_ref(), asked.include_profile).await?;
    Ok(Json(json!({ "token": token, "expires_at": until.iso(), "identity": identity })))
}

fn is_audience(audience: &str, issuer: &str) -> bool {
    let is_uri = audience.len() <= 512 && !audience.contains(char::is_whitespace) && Url::parse(audience).is_ok();
    is_uri && audience.trim_end_matches('/') != issuer
}

/// Whom the request is about; nobody when it names nobody.
async fn meant(app: &App, caller: &Caller, asked: &Asked) -> Result<Option<User>, SdkError> {
    match (&asked.user_token, &asked.app_user_id) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(SdkError::invalid("app_user_id", "send user_token or app_user_id, not both")),
        (Some(token), None) => {
            needs(caller, "idp_users:read")?;
            Ok(Some(user_of(app, caller, token).await?))
        }
        (None, Some(id)) => {
            needs(caller, "idp_users:read")?;
            let id = AppUserId::from_text(id.as_str());
            let found: Option<AppUser> = app.store.read(move |tx| find_user(tx, &id)).await?;
            let found = found.filter(|user| user.organization == caller.organization);
            let found = found.ok_or_else(|| SdkError::new(Code::NotFound, "there is no such person"))?;
            Ok(Some(User::Theirs(Box::new(found))))
        }
    }
}

async fn told(app: &App, caller: &Caller, user: Option<&User>, with_profile: bool) -> Result<Value, SdkError> {
    let mut shown = json!({ "app_id": caller.app.as_str(), "group_ids": [] });
    let Some(members) = shown.as_object_mut() else { return Ok(shown) };
    let mut add = |name: &str, value: Option<Value>| value.map(|value| members.insert(name.to_owned(), value));
    add("agent_id", caller.agent.as_ref().map(|agent| agent.id.as_str().into()));
    let trace = |name: &str| caller.context.get(name).cloned();
    if let (Some(run), Some(thread)) = (trace("run_id"), trace("thread_id")) {
        add("trace", Some(json!({ "run_id": run, "thread_id": thread })));
    }
    let Some(user) = user else { return Ok(shown) };
    add("app_user_id", Some(user.id().as_str().into()));
    add("external_subject_id", Some(user.subject().into()));
    match user {
        User::Theirs(user) => {
            add("idp_id", Some(user.issuer.clone().into()));
            add("user_status", Some(if user.suspended_at.is_some() { "suspended" } else { "active" }.into()));
            add("group_ids", Some(user.groups.clone().into()));
            if with_profile {
                add("email", user.email.clone().map(Value::from));
                add("display_name", user.name.clone().map(Value::from));
            }
        }
        User::Ours(person) => {
            add("idp_id", Some(app.config.issuer.clone().into()));
            add("user_status", Some("active".into()));
            if with_profile {
                let profile = app.oauth.profile_of(person).await?;
                add("email", profile.email.map(Value::from));
                add("display_name", profile.name.map(Value::from));
            }
        }
    }
    Ok(shown)
}

/// A token to be looked at.
#[derive(Debug, Deserialize)]
pub struct Looked {
    token: String,
}

/// `POST /sdk/auth/verify-token`: the subject, and nothing else.
pub async fn verify_token(State(app): State<App>, Calling(caller): Calling, Body(sent): Body<Looked>) -> Answer {
    needs(&caller, "idp_users:read")?;
    let user = user_of(&app, &caller, &sent.token).await?;
    Ok(Json(json!({ "sub": user.subject() })))
}
