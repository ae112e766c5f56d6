//! `/tokens`: what the token endpoint gave, claim by claim. It shows what an app keeps to itself, because showing it is its purpose.

use super::claims::{self, Explained};
use super::id_token::Parts;
use super::session::{SignedIn, Visit};
use super::tour::Step;
use super::{Notes, Trouble};
use crate::page;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

/// The beginning and the end of a token: enough to tell two apart.
pub(crate) fn short(token: &str) -> String {
    let letters: Vec<char> = token.chars().collect();
    if letters.len() <= 24 {
        return token.to_owned();
    }
    let (head, tail) = (letters.iter().take(12), letters.iter().skip(letters.len() - 6));
    head.chain(&['…']).chain(tail).collect()
}

/// A token on the page.
struct Shown {
    id: &'static str,
    form: &'static str,
    audience: &'static str,
    purpose: &'static str,
    text: String,
    /// Nothing for an opaque one: whoever holds it cannot look inside.
    header: Vec<Explained>,
    claims: Vec<Explained>,
}

impl Shown {
    fn short(&self) -> String {
        short(&self.text)
    }
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage<'a> {
    issuer_host: &'a str,
    kid: &'a str,
    scope: &'a str,
    minutes: i64,
    tokens: Vec<Shown>,
    userinfo: String,
}

/// `GET /tokens`
pub(crate) async fn show(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Response, Trouble> {
    let mut kept = visit.kept.lock().await;
    let Some(signed_in) = kept.signed_in.clone() else { return Ok(Redirect::to("/").into_response()) };
    let userinfo = notes.issuer.userinfo(&signed_in.tokens.access_token).await?;
    kept.done.insert(Step::Tokens);
    let page = TokensPage {
        issuer_host: page::host(&notes.settings.issuer),
        kid: &signed_in.kid,
        scope: &signed_in.tokens.scope,
        minutes: signed_in.tokens.expires_in / 60,
        tokens: tokens(&signed_in),
        userinfo: userinfo.pretty(),
    };
    Ok(page::show(StatusCode::OK, &page, &notes.settings.issuer))
}

fn tokens(signed_in: &SignedIn) -> Vec<Shown> {
    let tokens = &signed_in.tokens;
    let opaque = |id, purpose, text: &str| Shown {
        id,
        form: "Opaque text",
        audience: "–",
        purpose,
        text: text.to_owned(),
        header: Vec::new(),
        claims: Vec::new(),
    };
    let jwt = |id, audience, purpose, text: &str| {
        let parts = Parts::of(text);
        let explained = |of: fn(&Parts) -> &serde_json::Map<String, serde_json::Value>| {
            parts.as_ref().map(|parts| claims::explain(of(parts), id)).unwrap_or_default()
        };
        Shown {
            id,
            form: "Signed JWT",
            audience,
            purpose,
            text: text.to_owned(),
            header: explained(|parts| &parts.header),
            claims: explained(|parts| &parts.claims),
        }
    };
    let id_token = tokens.id_token.as_deref().map(|text| {
        jwt(
            "id_token",
            "this app’s client id",
            "Telling this app who signed in. It is for this app alone: never send it to an API.",
            text,
        )
    });
    let refresh_token = tokens
        .refresh_token
        .as_deref()
        .map(|text| opaque("refresh_token", "Getting new tokens without asking again. It works once.", text));
    let access = opaque(
        "access_token",
        "Calling Procura, for example userinfo. Only Procura can tell what it stands for.",
        &tokens.access_token,
    );
    let twin = jwt(
        "access_token_jwt",
        "the issuer",
        "The same permission in a form that an API can check by itself. Ending one of the twins ends both.",
        &tokens.access_token_jwt,
    );
    id_token.into_iter().chain([access, twin]).chain(refresh_token).collect()
}
