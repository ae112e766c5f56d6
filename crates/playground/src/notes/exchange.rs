//! Token exchange (RFC 8693): the token of Notes for one that Iris takes, as far as the person allows it.
//!
//! Promise: the secret and the token that is traded stay on this server. The page gets what it must hand to the runtime, a token
//! that is good at Iris alone and for ten minutes at most; a token for the calendar stays here too.

use super::connect::Target;
use super::issuer::{Answer, Tokens};
use super::session::{Kept, Visit};
use super::tour::Step;
use super::{Notes, Trouble, refresh};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the exchange gives, and what the page is told of it.
#[derive(Deserialize, Serialize)]
pub(super) struct Delegated {
    pub(super) access_token: String,
    expires_in: i64,
    scope: String,
    communication_mode: String,
}

/// `POST /iris/token`: a fresh token for the runtime, or the issuer's refusal as it came.
pub(crate) async fn exchange(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Response {
    let mut kept = visit.kept.lock().await;
    match trade(&notes, &mut kept, Target::Iris).await {
        Ok(token) => ([(CACHE_CONTROL, "no-store")], Json(token)).into_response(),
        Err(Trouble::Refused(answer)) => {
            // Told in the tour too, where the person has allowed it before.
            if answer.error() == "access_denied" && kept.may_use_iris {
                kept.may_use_iris = false;
                kept.iris_refused = Some(answer.clone());
                kept.done.insert(Step::Disconnect);
            }
            said(answer.status, answer.body)
        }
        Err(Trouble::Unreachable(why)) => said(502, error("issuer_unreachable", &why)),
        Err(Trouble::Wrong(why)) => said(502, error("invalid_answer", why)),
        Err(trouble @ Trouble::Declined { .. }) => trouble.into_response(),
    }
}

/// A token for what Notes wants to use, if the person who is signed in allows it.
pub(super) async fn trade(notes: &Notes, kept: &mut Kept, target: Target) -> Result<Delegated, Trouble> {
    let Some(signed_in) = kept.signed_in.clone() else {
        let body = error("login_required", "nobody is signed in at Notes");
        return Err(Trouble::Refused(Answer { status: 401, body, ..Answer::default() }));
    };
    match ask(notes, &signed_in.tokens, target).await {
        // The token of Notes lives an hour. When it is over, a refreshed one does as well.
        Err(Trouble::Refused(answer)) if answer.error() == "invalid_grant" => {
            let renewed = refresh::renew(notes, kept).await?.ok_or(Trouble::Refused(answer))?;
            ask(notes, &renewed.tokens, target).await
        }
        answer => answer,
    }
}

async fn ask(notes: &Notes, tokens: &Tokens, target: Target) -> Result<Delegated, Trouble> {
    notes
        .issuer
        .tokens(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", &tokens.access_token_jwt),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("resource", target.resource()),
            ("client_id", &notes.settings.client_id),
            ("client_secret", &notes.settings.client_secret),
        ])
        .await
}

fn error(code: &str, description: &str) -> Value {
    json!({ "error": code, "error_description": description })
}

fn said(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
