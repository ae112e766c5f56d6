//! Asking whether Notes may use Iris in the person's name: what goes to `/connect`, and what comes back to `/connected`.
//!
//! It is a sign-in's question with a resource in it, and the answer is a code like any other. Sheet and window are opened by the page
//! (`web/connect.js`); it gets `state`, `nonce` and the challenge from here, and the verifier stays.

use super::issuer::{Answer, Tokens};
use super::session::{Pending, SignedIn, Visit};
use super::sign_in::CallbackQuery;
use super::tour::Step;
use super::{Notes, Trouble, id_token};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;
use url::Url;

/// What Iris offers, by its key.
pub(super) const RESOURCE: &str = "iris:inference";
const ASK: &str = "resource.access";
const ASK_AND_READ: &str = "resource.access resource.history";

/// `POST /iris/begin`: what the page needs to ask in a sheet or a window.
pub(crate) async fn begin(Extension(visit): Extension<Visit>) -> Result<Response, Trouble> {
    let pending = Pending::draw()?;
    let body = json!({ "state": pending.state, "nonce": pending.nonce, "codeChallenge": pending.challenge() });
    visit.kept.lock().await.ask(pending);
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    /// Present where old questions are to be read too.
    history: Option<String>,
}

/// `GET /iris/connect`: the same by a redirect, for which no script is needed.
pub(crate) async fn leave(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
    Query(wish): Query<Wish>,
) -> Result<Response, Trouble> {
    let pending = Pending::draw()?;
    let (redirect_uri, challenge) = (notes.settings.connected_uri(), pending.challenge());
    let query = [
        ("client_id", notes.settings.client_id.as_str()),
        ("redirect_uri", &redirect_uri),
        ("resource", RESOURCE),
        ("scope", if wish.history.is_some() { ASK_AND_READ } else { ASK }),
        ("mode", "user_present"),
        ("state", &pending.state),
        ("nonce", &pending.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = Url::parse_with_params(&format!("{}/connect", notes.settings.issuer), query)
        .map_err(|_| Trouble::Wrong("The issuer's address is not a URL"))?;
    visit.kept.lock().await.ask(pending);
    Ok((StatusCode::FOUND, [(LOCATION, url.to_string())]).into_response())
}

/// `GET /connected`: checks the answer and trades the code for tokens. The `access_token_jwt` among them is what Notes later trades
/// for tokens that Iris takes.
pub(crate) async fn finish(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
    Query(answer): Query<CallbackQuery>,
) -> Result<Response, Trouble> {
    let mut kept = visit.kept.lock().await;
    let pending = kept.take_asked(&answer.state);
    let pending = pending.ok_or(Trouble::Wrong("The answer does not belong to a question of this browser"))?;
    // Another issuer's answer must not be taken for this one's (RFC 9207).
    if answer.iss != notes.settings.issuer {
        return Err(Trouble::Wrong("The answer comes from another issuer"));
    }
    if let Some(error) = answer.error {
        let body = json!({ "error": error, "error_description": answer.error_description });
        kept.declined = Some(Answer { status: 200, body });
        return Ok(Redirect::to("/iris#let").into_response());
    }

    let after = redeem(&notes, &answer.code, &pending).await?;
    if let Some(before) = &kept.signed_in {
        // On the page one may answer as another of one's identities. Notes shows one person's notes, so it does not mix two.
        if before.claims.get("sub") != after.claims.get("sub") {
            forget(&notes, after.tokens.refresh_token.as_ref().unwrap_or(&after.tokens.access_token)).await?;
            return Err(Trouble::Wrong("You answered as another identity than the one that is signed in here"));
        }
        // One set of tokens is enough: the new one replaces that of the sign-in.
        if let Some(token) = &before.tokens.refresh_token {
            forget(&notes, token).await?;
        }
    }
    kept.signed_in = Some(after);
    (kept.refreshed, kept.iris_refused, kept.declined) = (None, None, None);
    kept.may_use_iris = true;
    kept.done.insert(Step::Connect);
    let cookie = notes.sessions.renew(&visit)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/iris#ask")).into_response())
}

async fn redeem(notes: &Notes, code: &str, pending: &Pending) -> Result<SignedIn, Trouble> {
    let tokens: Tokens = notes
        .issuer
        .tokens(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &notes.settings.connected_uri()),
            ("code_verifier", &pending.verifier),
            ("client_id", &notes.settings.client_id),
            ("client_secret", &notes.settings.client_secret),
        ])
        .await?;
    let (claims, kid) = id_token::check(notes, &tokens, Some(&pending.nonce)).await?;
    Ok(SignedIn { tokens, claims, kid })
}

async fn forget(notes: &Notes, token: &str) -> Result<(), Trouble> {
    let (id, secret) = (&notes.settings.client_id, &notes.settings.client_secret);
    notes.issuer.revoke(&[("token", token), ("client_id", id), ("client_secret", secret)]).await
}
