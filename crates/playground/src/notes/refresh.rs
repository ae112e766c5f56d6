//! Refreshing (RFC 6749 §6): new tokens without asking the person, and what happens to whoever tries an old one.

use super::session::{Kept, Refreshed, Replayed, SignedIn, Visit};
use super::tokens::short;
use super::tour::Step;
use super::{Notes, Trouble, id_token};
use crate::outside::now_secs;
use crate::page;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

/// A token that ends sooner than this is not used for a call any more.
const SOON_SECS: i64 = 60;

/// `POST /refresh`
pub(crate) async fn refresh(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
) -> Result<Redirect, Trouble> {
    // The lock is held until the new refresh token is stored: two requests of this browser never spend one token twice.
    let mut kept = visit.kept.lock().await;
    let Some(before) = kept.signed_in.clone() else { return Ok(Redirect::to("/")) };
    let refresh_token = before.tokens.refresh_token.clone().unwrap_or_default();
    match spend(&notes, &refresh_token).await {
        Ok(tokens) => {
            let (claims, kid) = id_token::check(&notes, &tokens, None).await?;
            let after = SignedIn { tokens, claims, kid };
            kept.signed_in = Some(after.clone());
            kept.refreshed = Some(Refreshed { before, after, replayed: None });
            kept.done.insert(Step::Refresh);
            Ok(Redirect::to("/refreshed"))
        }
        // The permission has ended: stop trying, forget the tokens, let the person sign in again.
        Err(Trouble::Refused(answer)) if answer.error() == "invalid_grant" => {
            kept.signed_in = None;
            kept.refreshed = None;
            kept.refused = Some(answer);
            kept.done.insert(Step::TakeBack);
            Ok(Redirect::to("/#take-back"))
        }
        Err(trouble) => Err(trouble),
    }
}

/// The token by which this app says for whom it calls, refreshed when it is about to end. Nothing where nobody is signed in.
pub(super) async fn user_token(notes: &Notes, kept: &mut Kept) -> Result<Option<String>, Trouble> {
    let Some(signed_in) = &kept.signed_in else { return Ok(None) };
    let token = signed_in.tokens.access_token_jwt.clone();
    let ends = id_token::Parts::of(&token).and_then(|parts| parts.claims.get("exp").and_then(Value::as_i64));
    if ends.is_some_and(|ends| ends > now_secs() + SOON_SECS) {
        return Ok(Some(token));
    }
    let renewed = renew(notes, kept).await?;
    Ok(Some(renewed.map_or(token, |renewed| renewed.tokens.access_token_jwt)))
}

/// Spends the refresh token of whoever is signed in. Nothing where there is none.
pub(super) async fn renew(notes: &Notes, kept: &mut Kept) -> Result<Option<SignedIn>, Trouble> {
    let Some(token) = kept.signed_in.as_ref().and_then(|own| own.tokens.refresh_token.clone()) else { return Ok(None) };
    let tokens = spend(notes, &token).await?;
    let (claims, kid) = id_token::check(notes, &tokens, None).await?;
    let renewed = SignedIn { tokens, claims, kid };
    kept.signed_in = Some(renewed.clone());
    Ok(Some(renewed))
}

async fn spend(notes: &Notes, refresh_token: &str) -> Result<super::issuer::Tokens, Trouble> {
    notes
        .issuer
        .tokens(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", &notes.settings.client_id),
            ("client_secret", &notes.settings.client_secret),
        ])
        .await
}

/// `POST /replay`: what a thief would do with a refresh token that has been used.
pub(crate) async fn replay(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
) -> Result<Redirect, Trouble> {
    let mut kept = visit.kept.lock().await;
    let Kept { refreshed, signed_in, .. } = &mut *kept;
    let Some(refreshed) = refreshed.as_mut().filter(|refreshed| refreshed.replayed.is_none()) else {
        return Ok(Redirect::to("/"));
    };
    let old = refreshed.before.tokens.refresh_token.clone().unwrap_or_default();
    let token = match spend(&notes, &old).await {
        Err(Trouble::Refused(answer)) => answer,
        Err(trouble) => return Err(trouble),
        Ok(_) => return Err(Trouble::Wrong("The old refresh token was accepted, which must never happen")),
    };
    let userinfo = notes.issuer.userinfo(&refreshed.after.tokens.access_token).await?;
    refreshed.replayed = Some(Replayed { token, userinfo });
    *signed_in = None;
    Ok(Redirect::to("/refreshed#replayed"))
}

/// One line of what a refresh changed.
struct Change {
    what: &'static str,
    before: String,
    after: String,
    meaning: &'static str,
}

#[derive(Template)]
#[template(path = "refreshed.html")]
struct RefreshedPage {
    changes: Vec<Change>,
    replayed: Option<Replayed>,
}

/// `GET /refreshed`
pub(crate) async fn show(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Response {
    let kept = visit.kept.lock().await;
    let Some(refreshed) = kept.refreshed.clone() else { return Redirect::to("/").into_response() };
    let page = RefreshedPage { changes: changes(&refreshed), replayed: refreshed.replayed };
    page::show(StatusCode::OK, &page, &notes.settings.issuer)
}

fn changes(refreshed: &Refreshed) -> Vec<Change> {
    let (before, after) = (&refreshed.before, &refreshed.after);
    let token = |what, meaning, of: fn(&SignedIn) -> &str| Change {
        what,
        before: short(of(before)),
        after: short(of(after)),
        meaning,
    };
    let claim = |what: &'static str, meaning| {
        let of = |side: &SignedIn| side.claims.get(what).map_or_else(|| "left out".to_owned(), plain);
        Change { what, before: of(before), after: of(after), meaning }
    };
    vec![
        token("refresh_token", "The old one died as the new one was made.", |side| {
            side.tokens.refresh_token.as_deref().unwrap_or_default()
        }),
        token("access_token", "A new one. The old one lives until its time is over.", |side| &side.tokens.access_token),
        token("id_token", "A new one, signed again.", |side| side.tokens.id_token.as_deref().unwrap_or_default()),
        claim("sub", "Still the same identity."),
        claim("iat", "When the ID token was made: now."),
        claim("exp", "An hour from now."),
        claim("auth_time", "When you last proved who you are. A refresh proves nothing, so it stays."),
        claim("nonce", "Belonged to the sign-in, so a refresh has none."),
    ]
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
