//! `/sdk/auth#session=…`: the page on which a person signs in for a backend that has no pages of its own.
//!
//! Promise: the page always asks, whatever was allowed before, because somebody else may have sent the link (threat 140); the browser
//! that answers is the one that opened it; what is allowed is the ordinary sign-in of the app, and is listed and taken back as one.

use super::authorize::questions::{self, Desk};
use super::authorize::signer;
use crate::app::App;
use crate::edge::faults::{ApiError, PageError};
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::json::Json as Body;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::{MaybeSigned, Signed};
use crate::views::{LinkOpen, Name, Said};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::{IdentityId, RedirectUri, Scope, Secret};
use oauth::ask::{Prompt, Proposal, ResponseMode};
use oauth::grants::{CodeAsk, TokenAsk};
use oauth::interaction::Step;
use oauth::token::Tokens;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use vault::sign_in::{Claimed, SignIn};

/// What a backend learns of a person, as far as its app may ask for it.
const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// `GET /sdk/auth`: the token stands in the fragment, so this page only reads it and hands it over.
pub async fn show(State(app): State<App>, cookie: FlowCookie) -> PageResult {
    Ok(cookie.on(page::show(&LinkOpen { frame: page::frame(&app), open: "/sdk/auth/open" })?))
}

#[derive(Deserialize)]
pub struct Claim {
    session_token: String,
}

/// `POST /sdk/auth/open`: the session is this browser's from now on.
pub async fn claim(
    State(app): State<App>,
    source: Source,
    cookie: FlowCookie,
    Body(asked): Body<Claim>,
) -> Result<Response, ApiError> {
    app.limits.pass(Gate::Connect, source, None).map_err(ApiError::too_many)?;
    let claimed = app.vault.claim_sign_in(&Secret::new(asked.session_token), &cookie.browser).await;
    let body = match claimed.map_err(ApiError::vault)? {
        Claimed::Taken(session) => json!({ "next": page_of(session.number) }),
        Claimed::Unknown => json!({
            "error": "invalid_token",
            "sentence": "This link is not whole. Close this window and start again in the app you came from.",
        }),
        Claimed::Over => json!({
            "error": "session_expired",
            "sentence": "This link was used or is too old. Close this window and start again in the app you came from.",
        }),
    };
    Ok(cookie.on(axum::Json(body).into_response()))
}

#[derive(Deserialize)]
pub struct Chosen {
    identity: Option<String>,
}

/// `GET /sdk/auth/s/{number}`
pub async fn ask(
    State(app): State<App>,
    Path(number): Path<String>,
    Query(chosen): Query<Chosen>,
    cookie: FlowCookie,
    MaybeSigned(signed): MaybeSigned,
) -> PageResult {
    let session = found(&app, &number, &cookie).await?;
    let Some(signed) = signed else { return Ok(page::go(&login_path(session.number, false))) };
    let proposal = proposal(&app, &session).await?;
    let signer = signer(&app, &signed).await?;
    let place = page_of(session.number);
    match app.oauth.next_step(&proposal, Some(&signer), None, chosen.identity.as_deref()).await? {
        Step::Ask(ask) => {
            let desk = Desk { action: &place, switch: &place, home: &place, flow: &number, signed: &signed };
            questions::question(&app, &proposal, &ask, &desk).await?.for_backend().show()
        }
        Step::SignIn { again } => Ok(page::go(&login_path(session.number, again))),
        Step::Answer(_) | Step::NoSilence => Err(lost()),
    }
}

#[derive(Deserialize)]
pub struct Decision {
    decision: String,
    #[serde(default)]
    identity: String,
}

/// `POST /sdk/auth/s/{number}`: Allow or Deny.
pub async fn decide(
    State(app): State<App>,
    Path(number): Path<String>,
    cookie: FlowCookie,
    signed: Signed,
    Form(form): Form<Decision>,
) -> PageResult {
    let session = found(&app, &number, &cookie).await?;
    let proposal = proposal(&app, &session).await?;
    let name = Name::new(&proposal.app.name);
    if form.decision != "allow" {
        app.vault.decline_sign_in(&session).await.map_err(refused)?;
        return said(&app, "Nothing was shared.".to_owned(), format!("{name} was told that you said no."));
    }
    let tokens = allowed(&app, &proposal, &signed, &form.identity).await?.ok_or_else(lost)?;
    let identity = IdentityId::from_text(form.identity);
    let told = Secret::new(told(&tokens).to_string());
    let is_first = app.vault.finish_sign_in(&session, &signed.session.account, &identity, &told).await;
    if !is_first.map_err(refused)? {
        return Err(lost());
    }
    said(&app, format!("You are signed in to {name}."), "You can close this window.".to_owned())
}

/// The ordinary sign-in, whose code is redeemed at once and never leaves.
async fn allowed(app: &App, proposal: &Proposal, signed: &Signed, identity: &str) -> Result<Option<Tokens>, PageError> {
    let signer = signer(app, signed).await?;
    let flow = app.oauth.keep_request(Vec::new()).await?;
    let Some(interaction) = app.oauth.find_request(flow.reveal()).await? else { return Ok(None) };
    let answer = app.oauth.approve(&interaction, proposal, &signer, identity, None, None).await?;
    let code = answer.and_then(|answer| answer.fields.into_iter().find(|(name, _)| *name == "code"));
    let Some((_, code)) = code else { return Ok(None) };
    let ask = CodeAsk { code: Secret::new(code), redirect: proposal.redirect.clone(), verifier: None, resource: None };
    match app.oauth.exchange(&proposal.app, TokenAsk::AuthorizationCode(ask)).await {
        Ok(tokens) => Ok(Some(tokens)),
        Err(oauth::refusal::Error::Fault(fault)) => Err(fault.into()),
        Err(oauth::refusal::Error::Refused(_)) => Ok(None),
    }
}

/// What the backend is told: the token that it shows as `user_token`, and who it is.
fn told(tokens: &Tokens) -> serde_json::Value {
    let token = tokens.id_token.as_ref().unwrap_or(&tokens.access_token_jwt);
    let user = tokens.user.as_ref();
    let mut info = json!({ "sub": user.map(|user| user.id.as_str()) });
    if let (Some(members), Some(user)) = (info.as_object_mut(), user) {
        for (name, value) in [("name", &user.display_name), ("email", &user.email)] {
            value.as_ref().map(|value| members.insert(name.to_owned(), value.as_str().into()));
        }
    }
    json!({ "user_token": token.reveal(), "user_info": info })
}

async fn proposal(app: &App, session: &SignIn) -> Result<Proposal, PageError> {
    let client: Option<Arc<oauth::app::App>> = app.oauth.app(session.app.as_str()).await?;
    let client = client.filter(|client| client.disabled_at.is_none()).ok_or_else(lost)?;
    Ok(Proposal {
        redirect: RedirectUri::sent(app.url("/sdk/auth")),
        mode: ResponseMode::Query,
        state: None,
        nonce: None,
        scope: Scope::of(SCOPES).intersection(&client.scopes),
        connector: None,
        target: None,
        challenge: None,
        prompt: Prompt { consent: true, ..Prompt::default() },
        max_age_secs: None,
        wants_passkey: false,
        login_hint: None,
        identity_hint: None,
        hinted_subject: None,
        app: client,
    })
}

/// The session of this page, when this is its browser.
async fn found(app: &App, number: &str, cookie: &FlowCookie) -> Result<SignIn, PageError> {
    let read = i64::from_str_radix(number, 16).ok().filter(|read| format!("{read:x}") == number).ok_or_else(lost)?;
    app.vault.sign_in_for(read, &cookie.browser).await.map_err(refused)?.ok_or_else(lost)
}

fn page_of(number: i64) -> String {
    format!("/sdk/auth/s/{number:x}")
}

fn login_path(number: i64, again: bool) -> String {
    let back: String = url::form_urlencoded::byte_serialize(page_of(number).as_bytes()).collect();
    format!("/login?return_to={back}{}", if again { "&again=1" } else { "" })
}

fn said(app: &App, heading: String, sentence: String) -> PageResult {
    page::show(&Said { frame: page::frame(app), heading, sentence, onward: None })
}

fn lost() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This window is not connected to anything any more.",
        "Close it and start again in the app you came from.",
    )
}

fn refused(error: vault::Error) -> PageError {
    match error {
        vault::Error::Fault(fault) => PageError::fault(&fault),
        vault::Error::Refused(_) => lost(),
    }
}
