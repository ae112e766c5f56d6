//! `/{service}/authorize`: the question to the person (RFC 6749 §4.1.1, RFC 7636, RFC 9207).
//!
//! Promise: until client and redirect URI are known, trouble is a page here; after that it goes back with `state` and `iss`.
//! What was asked stays here: the form carries a number, an account and an answer.

use super::account::Account;
use super::bearer::misbehave;
use super::faults::{Failure, Place};
use super::form::Form;
use super::place::{self, Origin};
use super::scope::{self, Scope, Scopes};
use super::service::Service;
use super::stats::Event;
use super::tokens::Approved;
use super::{CLIENT_ID, Fake};
use crate::outside::{now_secs, random};
use crate::page;
use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::Url;

/// A question that waits for its person.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    service: Service,
    redirect_uri: String,
    state: Option<String>,
    challenge: String,
    scopes: Scopes,
    is_answered: bool,
}

/// Where an answer goes.
struct Back<'a> {
    origin: &'a Origin,
    service: Service,
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "fake.html")]
struct AskPage<'a> {
    service: Service,
    own_host: &'a str,
    back: String,
    request: &'a str,
    accounts: [Account; 2],
    chosen: Account,
    scopes: Vec<&'a Scope>,
}

#[derive(Template)]
#[template(path = "fake_trouble.html")]
struct TroublePage<'a> {
    own_host: &'a str,
    sentence: &'a str,
}

/// `GET /{service}/authorize`
pub(super) async fn ask(
    State(fake): State<Fake>,
    Extension(service): Extension<Service>,
    Extension(origin): Extension<Origin>,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(form) = Form::read(query.unwrap_or_default().as_bytes()) else {
        return trouble(&origin, "A parameter of the request stands there twice.");
    };
    let redirect_uri = match redirect_uri(&form) {
        Ok(redirect_uri) => redirect_uri,
        Err(sentence) => return trouble(&origin, sentence),
    };
    let back = Back { origin: &origin, service, redirect_uri, state: form.find("state") };
    if let Err(failure) = misbehave(&fake, Place::Authorize).await {
        return back.refuse(told(&failure), "the fake was told to fail");
    }
    let (challenge, scopes) = match wanted(service, &form) {
        Ok(wanted) => wanted,
        Err((error, description)) => return back.refuse(error, description),
    };
    let pending = Pending {
        service,
        redirect_uri: redirect_uri.to_owned(),
        state: form.find("state").map(str::to_owned),
        challenge,
        scopes,
        is_answered: false,
    };
    let hinted = form.find("login_hint").and_then(Account::find);
    let (is_asked, account) = fake.with(|memory| (!memory.faults.auto_approve, memory.faults.account));
    let account = account.or(hinted).unwrap_or(Account::Ada);
    if is_asked { show(&fake, &origin, pending, account) } else { approve(&fake, &origin, pending, account) }
}

/// `POST /{service}/authorize`
pub(super) async fn answer(
    State(fake): State<Fake>,
    Extension(service): Extension<Service>,
    Extension(origin): Extension<Origin>,
    body: Bytes,
) -> Response {
    let form = Form::read(&body).unwrap_or_default();
    let Some(pending) = form.find("request").and_then(|request| take(&fake, service, request)) else {
        return trouble(
            &origin,
            "This question was answered before, or it is too old. Start again where you came from.",
        );
    };
    let account = form.find("account").and_then(Account::find);
    if let (Some("allow"), Some(account)) = (form.find("decision"), account) {
        return approve(&fake, &origin, pending, account);
    }
    let back = Back { origin: &origin, service, redirect_uri: &pending.redirect_uri, state: pending.state.as_deref() };
    back.refuse("access_denied", "the person said no")
}

/// The redirect URI, once it is sure that this client may be answered there.
fn redirect_uri(form: &Form) -> Result<&str, &'static str> {
    if form.find("client_id") != Some(CLIENT_ID) {
        return Err("The app that sent you is unknown here.");
    }
    let text = form.find("redirect_uri").ok_or("The request does not say where you go back to.")?;
    let url = Url::parse(text).map_err(|_| "The request does not say where you go back to.")?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && place::is_loopback(&url));
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_safe && is_plain { Ok(text) } else { Err("You cannot be sent back to where the request says.") }
}

/// The challenge and the scopes, or why not.
fn wanted(service: Service, form: &Form) -> Result<(String, Scopes), (&'static str, &'static str)> {
    if form.find("response_type") != Some("code") {
        return Err(("unsupported_response_type", "response_type is code"));
    }
    let is_challenge = |text: &&str| {
        text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let challenge = form.find("code_challenge").filter(is_challenge);
    let challenge = challenge.ok_or(("invalid_request", "code_challenge is missing or no digest"))?;
    if form.find("code_challenge_method") != Some("S256") {
        return Err(("invalid_request", "code_challenge_method is S256"));
    }
    let scopes = match form.find("scope") {
        Some(text) => scope::read(service, text).ok_or(("invalid_scope", "a scope is none of this service"))?,
        None => scope::standard(service),
    };
    Ok((challenge.to_owned(), scopes))
}

fn take(fake: &Fake, service: Service, request: &str) -> Option<Pending> {
    fake.with(|memory| {
        let pending = memory.pending.find_mut(request).filter(|pending| !pending.is_answered)?;
        if pending.service != service {
            return None;
        }
        pending.is_answered = true;
        Some(pending.clone())
    })
}

fn show(fake: &Fake, origin: &Origin, pending: Pending, chosen: Account) -> Response {
    let Ok(request) = random() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let page = AskPage {
        service: pending.service,
        own_host: page::host(&origin.0),
        back: Url::parse(&pending.redirect_uri).map(|url| host_of(&url)).unwrap_or_default(),
        request: &request,
        accounts: Account::ALL,
        chosen,
        scopes: pending.service.scopes().iter().filter(|scope| pending.scopes.contains(&scope.name)).collect(),
    };
    let response = page::show_leaving(&page);
    fake.with(|memory| memory.pending.keep(request, pending));
    response
}

fn approve(fake: &Fake, origin: &Origin, pending: Pending, account: Account) -> Response {
    let Pending { service, redirect_uri, state, challenge, scopes, .. } = pending;
    let Ok(code) = random().map(|text| format!("fac_{text}")) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    fake.with(|memory| {
        let most = memory.faults.grant_scope.clone();
        let is_granted = |scope: &&str| most.as_deref().is_none_or(|most| most.split(' ').any(|word| word == *scope));
        let scopes = scopes.into_iter().filter(is_granted).collect();
        let approved = Approved { service, account, scopes, redirect_uri: redirect_uri.clone(), challenge };
        memory.tokens.issue(code.clone(), approved, now_secs());
        memory.stats.count(service, Event::Authorization);
    });
    Back { origin, service, redirect_uri: &redirect_uri, state: state.as_deref() }.go(&[("code", &code)])
}

impl Back<'_> {
    fn refuse(&self, error: &str, description: &str) -> Response {
        self.go(&[("error", error), ("error_description", description)])
    }

    /// The query of the redirect URI stays (RFC 6749 §3.1.2).
    fn go(&self, pairs: &[(&str, &str)]) -> Response {
        let Ok(mut url) = Url::parse(self.redirect_uri) else { return StatusCode::BAD_REQUEST.into_response() };
        let issuer = format!("{}/{}", self.origin.0, self.service.key());
        url.query_pairs_mut()
            .extend_pairs(pairs)
            .extend_pairs(self.state.map(|state| ("state", state)))
            .append_pair("iss", &issuer);
        let headers = [(header::LOCATION, url.as_str()), (header::CACHE_CONTROL, "no-store")];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

/// A failure in the words that authorization endpoints have (RFC 6749 §4.1.2.1).
fn told(failure: &Failure) -> &str {
    match (failure.error.as_str(), failure.status) {
        ("rate_limited", _) => "temporarily_unavailable",
        ("invalid_token", _) => "access_denied",
        (error, _) => error,
    }
}

fn trouble(origin: &Origin, sentence: &str) -> Response {
    let page = TroublePage { own_host: page::host(&origin.0), sentence };
    page::show(StatusCode::BAD_REQUEST, &page, "")
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
