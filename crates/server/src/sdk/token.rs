//! `POST /sdk/token`: the credential itself, where it may leave (`connect-wire.md` 2.6.4).

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, needs, subject};
use axum::Json;
use axum::extract::State;
use base::{AppUserId, GrantId, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vault::grants::Wanted;
use vault::{Caller, HandOutAsk, HandedOut, Subject};

/// What every call says of the permission it means.
#[derive(Deserialize)]
pub struct Meant {
    grant_id: Option<String>,
    provider_id: Option<String>,
    account: Option<String>,
    label: Option<String>,
    app_user_id: Option<String>,
    user_token: Option<String>,
}

impl Meant {
    /// The permission that is meant, as the vault asks for it.
    pub async fn wanted(self, app: &App, caller: &Caller) -> Result<Wanted, SdkError> {
        let proven = subject(app, caller, self.user_token.as_deref()).await?;
        let subject = match (proven, self.app_user_id) {
            (Some(proven), _) => Some(proven),
            (None, Some(id)) => Some(Subject::AppUser(AppUserId::from_text(id))),
            (None, None) => None,
        };
        Ok(Wanted {
            grant: self.grant_id.map(GrantId::from_text),
            provider: self.provider_id,
            account: self.account,
            label: self.label,
            subject,
            resource: None,
        })
    }
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    meant: Meant,
    reason: Option<String>,
    request: Announced,
}

/// The call that the client is about to make.
#[derive(Deserialize)]
struct Announced {
    method: String,
    url: String,
}

/// `POST /sdk/token`
pub async fn hand_out(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Asked>) -> Answer {
    needs(&caller, "tokens:retrieve")?;
    let found = app.oauth.apps.get(caller.app.as_str()).await?.ok_or_else(SdkError::not_found)?;
    let wanted = asked.meant.wanted(&app, &caller).await?;
    let ask = HandOutAsk { wanted, method: asked.request.method, url: asked.request.url, reason: asked.reason };
    let given = app.vault.hand_out(&caller, found.hand_out_tokens, ask).await?;
    Ok(Json(told(&given, app.seams.now())))
}

fn told(given: &HandedOut, now: Time) -> Value {
    let connection = &given.connection;
    let mut answer = json!({
        "access_token": given.token.reveal(),
        "grant_id": given.grant.as_str(),
        "token_type": "Bearer",
        "scopes": vault::grants::words(&connection.scopes),
        "provider_id": connection.provider,
        "scope_mismatch": connection.scope_mismatch,
        "token_generation": connection.generation,
        "injection_header": given.header,
        "injection_format": given.format,
    });
    let Some(members) = answer.as_object_mut() else { return answer };
    if let Some(until) = given.expires_at {
        members.insert("expires_in".to_owned(), (until.ms_since(now) / 1000).max(0).into());
        members.insert("expires_at".to_owned(), until.iso().into());
    }
    if !given.more.is_empty() {
        let more: Map<String, Value> =
            given.more.iter().map(|(name, secret)| (name.clone(), secret.reveal().into())).collect();
        members.insert("additional_credentials".to_owned(), Value::Object(more));
    }
    if !given.injections.is_empty() {
        let all: Vec<Value> = given
            .injections
            .iter()
            .map(|(target, key, source)| json!({ "target": target, "key": key, "value_source": source }))
            .collect();
        members.insert("additional_injections".to_owned(), all.into());
    }
    answer
}
