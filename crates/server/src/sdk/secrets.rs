//! `/sdk/managed-secrets/*`: letting somebody use a secret of the company (`connect-wire.md` 2.6.16).

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, needs, subject};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use vault::grants::Limits;
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
