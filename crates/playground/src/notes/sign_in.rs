//! Signing in: the authorization code flow of OpenID Connect with PKCE, for an app with a server. This file and `id_token.rs` are
//! all that an app needs; most languages have a library that does the same.

use super::session::{Pending, SignedIn, Visit};
use super::tour::Step;
use super::{Notes, Trouble, id_token};
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::Url;

/// What Notes asks for: who you are, name and picture, e-mail address, and to stay signed in.
const SCOPE: &str = "openid profile email offline_access";

/// `GET /sign-in`: sends the browser to the issuer.
pub(crate) async fn start(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Redirect, Trouble> {
    let pending = Pending::draw()?;
    let redirect_uri = notes.settings.redirect_uri();
    let challenge = pending.challenge();
    let query = [
        ("response_type", "code"),
        ("client_id", &notes.settings.client_id),
        ("redirect_uri", &redirect_uri),
        ("scope", SCOPE),
        ("state", &pending.state),
        ("nonce", &pending.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let endpoint = &notes.issuer.metadata().await?.authorization_endpoint;
    let url =
        Url::parse_with_params(endpoint, query).map_err(|_| Trouble::Wrong("The issuer's address is not a URL"))?;
    visit.kept.lock().await.pending = Some(pending);
    Ok(Redirect::to(url.as_str()))
}

/// What the issuer sends back through the browser.
#[derive(Deserialize)]
pub(crate) struct CallbackQuery {
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) iss: String,
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) error_description: String,
}

/// `GET /callback`: checks the answer, then trades the code for tokens, from server to server.
pub(crate) async fn finish(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
    Query(answer): Query<CallbackQuery>,
) -> Result<Response, Trouble> {
    let mut kept = visit.kept.lock().await;
    // Taken out: an answer is accepted once, and only in the browser that asked.
    let pending = kept.pending.take().filter(|pending| pending.state == answer.state);
    let pending = pending.ok_or(Trouble::Wrong("The answer does not belong to a sign-in of this browser"))?;
    // Another issuer's answer must not be taken for this one's (RFC 9207).
    if answer.iss != notes.settings.issuer {
        return Err(Trouble::Wrong("The answer comes from another issuer"));
    }
    if let Some(error) = answer.error {
        return Err(Trouble::Declined { error, description: answer.error_description });
    }

    let tokens = notes
        .issuer
        .tokens(&[
            ("grant_type", "authorization_code"),
            ("code", &answer.code),
            ("redirect_uri", &notes.settings.redirect_uri()),
            ("code_verifier", &pending.verifier),
            ("client_id", &notes.settings.client_id),
            ("client_secret", &notes.settings.client_secret),
        ])
        .await?;
    let (claims, kid) = id_token::check(&notes, &tokens, Some(&pending.nonce)).await?;

    kept.signed_in = Some(SignedIn { tokens, claims, kid });
    kept.refreshed = None;
    kept.refused = None;
    kept.done.extend([Step::Identity, Step::SignIn]);
    let cookie = notes.sessions.renew(&visit)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(&kept.tour())).into_response())
}
