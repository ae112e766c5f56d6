//! `/sdk/auth`: a backend without pages lets a person sign in here, and asks what came of it.

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, needs};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use vault::sign_in::Told;

/// The longest that a question is held, and how often it is looked in between.
const LONGEST_WAIT_MS: u64 = 25_000;
const STEP: Duration = Duration::from_millis(500);

/// `POST /sdk/auth/session`
pub async fn open(State(app): State<App>, Calling(caller): Calling) -> Result<(StatusCode, Json<Value>), SdkError> {
    needs(&caller, "idp_users:write")?;
    let opened = app.vault.open_sign_in(&caller).await?;
    let token = opened.token.reveal();
    let body = json!({
        "session_token": token,
        "auth_url": format!("{}#session={token}", app.url("/sdk/auth")),
        "expires_in": opened.expires_in_secs,
        "expires_at": opened.expires_at.iso(),
    });
    Ok((StatusCode::CREATED, Json(body)))
}

/// Which session, and how long the answer may take.
#[derive(Deserialize)]
pub struct Polled {
    session_token: String,
    wait_ms: Option<u64>,
}

/// `POST /sdk/auth/poll`
pub async fn poll(State(app): State<App>, Calling(caller): Calling, Body(asked): Body<Polled>) -> Answer {
    needs(&caller, "idp_users:read")?;
    let token = Secret::new(asked.session_token);
    let steps = asked.wait_ms.unwrap_or(0).min(LONGEST_WAIT_MS) / STEP.as_millis() as u64;
    let mut told = app.vault.poll_sign_in(&caller, &token).await?;
    for _ in 0..steps {
        if !matches!(told, Told::Pending) {
            break;
        }
        tokio::time::sleep(STEP).await;
        told = app.vault.poll_sign_in(&caller, &token).await?;
    }
    Ok(Json(match told {
        Told::Pending => json!({ "status": "pending" }),
        Told::Expired => json!({ "status": "expired" }),
        Told::Failed(code) => {
            json!({ "status": "error", "error_code": code, "error_message": "the person did not allow it" })
        }
        Told::Completed(kept) => {
            let mut body: Value = serde_json::from_str(kept.reveal()).unwrap_or_default();
            if let Some(members) = body.as_object_mut() {
                members.insert("status".to_owned(), "completed".into());
            }
            body
        }
    }))
}
