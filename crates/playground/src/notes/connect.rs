//! Asking whether Notes may use Iris, or a calendar, in the person's name: what goes to `/connect`, and what comes back to `/connected`.
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

const ASK: &str = "resource.access";
const ASK_AND_READ: &str = "resource.access resource.history";

/// What Notes wants to use in people's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Iris,
    Calendar,
}

impl Target {
    /// The key of the resource. To this app a calendar at a service is one like any other.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Target::Iris => "iris:inference",
            Target::Calendar => "calendar:demo",
        }
    }

    /// Where the person goes on after a yes, and after a no.
    fn places(self) -> (&'static str, &'static str) {
        match self {
            Target::Iris => ("/iris#ask", "/iris#let"),
            Target::Calendar => ("/accounts#resource", "/accounts#resource"),
        }
    }
}

/// `POST /iris/begin`: what the page needs to ask in a sheet or a window.
pub(crate) async fn begin(Extension(visit): Extension<Visit>) -> Result<Response, Trouble> {
    let pending = Pending::draw()?;
    let body = json!({ "state": pending.state, "nonce": pending.nonce, "codeChallenge": pending.challenge() });
    visit.kept.lock().await.ask(Target::Iris, pending);
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
    go(&notes, &visit, Target::Iris, if wish.history.is_some() { ASK_AND_READ } else { ASK }).await
}

/// `GET /calendar/connect`: the same question about a calendar. Where no account is linked yet, the issuer sees to that on the way.
pub(crate) async fn leave_for_calendar(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Trouble> {
    go(&notes, &visit, Target::Calendar, "calendar.read").await
}

async fn go(notes: &Notes, visit: &Visit, target: Target, scope: &str) -> Result<Response, Trouble> {
    let pending = Pending::draw()?;
    let (redirect_uri, challenge) = (notes.settings.connected_uri(), pending.challenge());
    let query = [
        ("client_id", notes.settings.client_id.as_str()),
        ("redirect_uri", &redirect_uri),
        ("resource", target.resource()),
        ("scope", scope),
        ("mode", "user_present"),
        ("state", &pending.state),
        ("nonce", &pending.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = Url::parse_with_params(&format!("{}/connect", notes.settings.issuer), query)
        .map_err(|_| Trouble::Wrong("The issuer's address is not a URL"))?;
    visit.kept.lock().await.ask(target, pending);
    Ok((StatusCode::FOUND, [(LOCATION, url.to_string())]).into_response())
}

/// `GET /connected`: checks the answer and trades the code for tokens. The `access_token_jwt` among them is what Notes later trades
/// for tokens that Iris takes, or the proxy.
pub(crate) async fn finish(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
    Query(answer): Query<CallbackQuery>,
) -> Result<Response, Trouble> {
    let mut kept = visit.kept.lock().await;
    let pending = kept.take_asked(&answer.state);
    let (target, pending) =
        pending.ok_or(Trouble::Wrong("The answer does not belong to a question of this browser"))?;
    let (onward, back) = target.places();
    // Another issuer's answer must not be taken for this one's (RFC 9207).
    if answer.iss != notes.settings.issuer {
        return Err(Trouble::Wrong("The answer comes from another issuer"));
    }
    if let Some(error) = answer.error {
        let body = json!({ "error": error, "error_description": answer.error_description });
        kept.declined = Some((target, Answer { status: 200, body, ..Answer::default() }));
        return Ok(Redirect::to(back).into_response());
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
    (kept.refreshed, kept.declined) = (None, None);
    match target {
        Target::Iris => {
            (kept.may_use_iris, kept.iris_refused) = (true, None);
            kept.done.insert(Step::Connect);
        }
        Target::Calendar => kept.accounts.may_use_calendar(),
    }
    let cookie = notes.sessions.renew(&visit)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(onward)).into_response())
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
