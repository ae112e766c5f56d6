//! The rules of an authorization request, one small function each, in the order they are asked.

use super::parse::{self, Asked};
use super::{Answer, Halt, Prompt, Proposal, ResponseMode, Target, connector, target};
use crate::OAuth;
use crate::app::App;
use crate::refusal::Code;
use base::{IdentityId, RedirectUri, Scope};
use std::sync::Arc;

/// The rules as a reader finds them; the book prints this list.
pub const RULES: &[(&str, &str)] = &[
    ("client_id", "known, not disabled, given once; otherwise a page, never a redirect"),
    ("redirect_uri", "given once and byte for byte a registered one; otherwise a page, never a redirect"),
    ("every other field", "given once, without control characters, no longer than it needs to be"),
    ("request, request_uri, registration, authorization_details", "not taken"),
    ("response_type", "absent or code"),
    ("response_mode", "absent, query or form_post"),
    ("scope", "words the app may ask for; absent means the app's default"),
    ("code_challenge", "S256; required for public and Quick apps, and where the owner says so"),
    ("prompt", "none stands alone"),
    ("max_age", "a whole number of seconds"),
    (
        "resource",
        "the key of a resource that is in service; then scope is of that resource, and at /connect it is required",
    ),
    ("mode, presence", "user_present or background"),
    ("id_token_hint", "an ID token of ours, expired or not"),
];

const LONGEST_STATE: usize = 4096;
const LONGEST_FIELD: usize = 2048;
const MOST_SCOPES: usize = 64;

/// Runs every rule. What halts before client and redirect URI are proven is a page.
pub async fn check(oauth: &OAuth, asked: &Asked) -> Result<Proposal, Halt> {
    let app = find_app(oauth, asked).await?;
    let redirect = check_redirect(&app, asked)?;
    let mode = asked.response_mode.as_deref().and_then(response_mode).unwrap_or(ResponseMode::Query);
    let halt = |code: Code, description: &'static str| halt(oauth, &app, &redirect, mode, asked, code, description);

    check_shape(asked).map_err(|description| halt(Code::InvalidRequest, description))?;
    check_unsupported(asked).map_err(|(code, description)| halt(code, description))?;
    if asked.response_type.as_deref().is_some_and(|kind| kind != "code") {
        return Err(halt(Code::UnsupportedResponseType, "only response_type=code is supported"));
    }
    if asked.response_mode.as_deref().is_some_and(|mode| response_mode(mode).is_none()) {
        return Err(halt(Code::InvalidRequest, "response_mode must be query or form_post"));
    }
    let target = match target::check(oauth, &app, asked).await? {
        Ok(target) => target,
        Err((code, description)) => return Err(halt(code, description)),
    };
    let is_connector = target.is_none();
    let connector = match connector::check(oauth, &app, asked, is_connector).await? {
        Ok(connector) => connector,
        Err((code, description)) => return Err(halt(code, description)),
    };
    let scope = match &connector {
        Some(_) => connector::own_scope(&app),
        None => {
            check_scope(&app, asked, target.as_ref()).map_err(|description| halt(Code::InvalidScope, description))?
        }
    };
    let challenge = check_challenge(&app, asked).map_err(|description| halt(Code::InvalidRequest, description))?;
    let prompt = check_prompt(asked).map_err(|description| halt(Code::InvalidRequest, description))?;
    let max_age_secs = check_max_age(asked).map_err(|description| halt(Code::InvalidRequest, description))?;
    let hinted_subject = match &asked.id_token_hint {
        Some(hint) => match oauth.read_id_token_hint(hint) {
            Some(hinted) if hinted.client_id == app.id.as_str() => Some(hinted.subject),
            _ => {
                return Err(halt(
                    Code::InvalidRequest,
                    "id_token_hint is not an ID token of this server for this client",
                ));
            }
        },
        None => None,
    };
    Ok(Proposal {
        redirect,
        mode,
        state: asked.state.clone(),
        nonce: asked.nonce.clone(),
        scope,
        connector,
        target,
        challenge,
        prompt,
        max_age_secs,
        wants_passkey: asked.acr_values.as_deref().is_some_and(|values| values.split(' ').any(|value| value == "phr")),
        login_hint: asked.login_hint.clone(),
        identity_hint: asked.identity_id.clone().map(IdentityId::from_text),
        hinted_subject,
        app,
    })
}

async fn find_app(oauth: &OAuth, asked: &Asked) -> Result<Arc<App>, Halt> {
    if asked.repeated.contains(&"client_id") {
        return Err(Halt::Page("client_id occurs more than once"));
    }
    let Some(client_id) = asked.client_id.as_deref().filter(|id| !id.is_empty()) else {
        return Err(Halt::Page("client_id is missing"));
    };
    let app = oauth.app(client_id).await?;
    app.filter(|app| app.disabled_at.is_none()).ok_or(Halt::Page("client_id is unknown"))
}

fn check_redirect(app: &App, asked: &Asked) -> Result<RedirectUri, Halt> {
    if asked.repeated.contains(&"redirect_uri") {
        return Err(Halt::Page("redirect_uri occurs more than once"));
    }
    let Some(sent) = asked.redirect_uri.as_deref().filter(|uri| !uri.is_empty()) else {
        return Err(Halt::Page("redirect_uri is missing"));
    };
    let sent = RedirectUri::sent(sent);
    if !app.admits_redirect(&sent) {
        return Err(Halt::Page("redirect_uri is not registered for this client"));
    }
    Ok(sent)
}

/// Tells the app, unless nobody has verified it: then a person sees a page and nothing is sent (threat 10).
fn halt(
    oauth: &OAuth,
    app: &App,
    redirect: &RedirectUri,
    mode: ResponseMode,
    asked: &Asked,
    code: Code,
    description: &'static str,
) -> Halt {
    if app.is_quick() {
        return Halt::Page(description);
    }
    // A state with control characters is not sent back (threat 13).
    let state =
        asked.state.clone().filter(|state| !state.chars().any(char::is_control) && state.len() <= LONGEST_STATE);
    Halt::Answer(Answer::refused(oauth, redirect, mode, state, code, description))
}

fn response_mode(text: &str) -> Option<ResponseMode> {
    match text {
        "query" => Some(ResponseMode::Query),
        "form_post" => Some(ResponseMode::FormPost),
        _ => None,
    }
}

fn check_shape(asked: &Asked) -> Result<(), &'static str> {
    if !asked.repeated.is_empty() {
        return Err("a parameter occurs more than once");
    }
    if asked.has_control_characters {
        return Err("a parameter holds a control character");
    }
    if asked.state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err("state is longer than 4096 characters");
    }
    let others = [
        &asked.nonce,
        &asked.login_hint,
        &asked.identity_id,
        &asked.acr_values,
        &asked.prompt,
        &asked.scope,
        &asked.resource,
    ];
    if others.into_iter().flatten().any(|field| field.len() > LONGEST_FIELD) {
        return Err("a parameter is longer than 2048 characters");
    }
    Ok(())
}

fn check_unsupported(asked: &Asked) -> Result<(), (Code, &'static str)> {
    if asked.request.is_some() {
        return Err((Code::RequestNotSupported, "request objects are not supported"));
    }
    if asked.request_uri.is_some() {
        return Err((Code::RequestUriNotSupported, "request_uri is not supported"));
    }
    if asked.registration.is_some() {
        return Err((Code::RegistrationNotSupported, "registration is not supported"));
    }
    if asked.authorization_details.is_some() {
        return Err((Code::InvalidAuthorizationDetails, "authorization_details has no type that is known here"));
    }
    Ok(())
}

/// Unknown and disallowed words are refused, never dropped in silence (seed 002).
fn check_scope(app: &App, asked: &Asked, target: Option<&Target>) -> Result<Scope, &'static str> {
    let Some(text) = &asked.scope else {
        return Ok(app.default_scope());
    };
    let scope = parse::scope(text).ok_or("scope holds a character that scopes may not have")?;
    if scope.len() > MOST_SCOPES {
        return Err("scope has too many words");
    }
    if scope.is_empty() {
        return Ok(app.default_scope());
    }
    let is_of_target = |word: &str| target.is_some_and(|target| target.resource.find_scope(word).is_some());
    let is_allowed = |word: &str| app.scopes.has(word) || (word == "user_id" && !app.is_quick()) || is_of_target(word);
    if !scope.iter().all(is_allowed) {
        return Err("a requested scope is not allowed for this app");
    }
    Ok(scope)
}

/// PKCE with S256 alone (RFC 7636, RFC 9700 §2.1.1).
fn check_challenge(app: &App, asked: &Asked) -> Result<Option<String>, &'static str> {
    let is_required = app.needs_pkce();
    let Some(challenge) = &asked.code_challenge else {
        if asked.code_challenge_method.is_some() {
            return Err("code_challenge_method without code_challenge");
        }
        return if is_required { Err("code_challenge is required for this app") } else { Ok(None) };
    };
    if asked.code_challenge_method.as_deref() != Some("S256") {
        return Err("code_challenge_method must be S256");
    }
    let is_base64url = challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if challenge.len() != 43 || !is_base64url {
        return Err("code_challenge must be 43 base64url characters");
    }
    Ok(Some(challenge.clone()))
}

fn check_prompt(asked: &Asked) -> Result<Prompt, &'static str> {
    let mut prompt = Prompt::default();
    let words = asked.prompt.as_deref().unwrap_or_default().split([' ', '+']).filter(|word| !word.is_empty());
    let mut count = 0;
    for word in words {
        count += 1;
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => {}
        }
    }
    if prompt.none && count > 1 {
        return Err("prompt=none stands alone");
    }
    Ok(prompt)
}

fn check_max_age(asked: &Asked) -> Result<Option<i64>, &'static str> {
    let Some(text) = &asked.max_age else { return Ok(None) };
    let is_number = !text.is_empty() && text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err("max_age must be a whole number of seconds");
    }
    text.parse().map(Some).map_err(|_| "max_age must be a whole number of seconds")
}
