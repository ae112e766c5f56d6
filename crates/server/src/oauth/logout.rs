//! `/logout`: signing out here, or because an app asks (OpenID Connect RP-Initiated Logout §2).
//!
//! Promise: a redirect goes only to a URI that the app registered; without a hint of this very session the person is asked first
//! (threat 112).

use crate::api::people::without_session;
use crate::app::App;
use crate::edge::body::pairs;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::{MaybeSigned, Signed};
use crate::oauth::authorize::{back_to, who};
use crate::views::{Link, Logout, Name, SignedOut};
use axum::body::to_bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use base::RedirectUri;
use oauth::Hinted;
use oauth::app::App as Client;
use serde::Deserialize;
use std::sync::Arc;

/// What an app's request comes to.
struct Asked {
    client: Option<Arc<Client>>,
    hinted: Option<Hinted>,
    onward: Option<String>,
}

/// `GET /logout`
pub async fn open(
    State(app): State<App>,
    source: Source,
    MaybeSigned(signed): MaybeSigned,
    RawQuery(query): RawQuery,
) -> PageResult {
    pass(&app, source)?;
    let fields = pairs(query.unwrap_or_default().as_bytes()).ok_or_else(unreadable)?;
    if let Some((_, flow)) = fields.iter().find(|(name, _)| name == "flow") {
        let stored = app.oauth.find_pairs(flow).await?.ok_or_else(unreadable)?;
        return go_on(&app, signed, stored).await;
    }
    go_on(&app, signed, fields).await
}

/// `POST /logout` from an app (RP-Initiated Logout §2 allows both): kept, then a GET, which carries the Lax cookie.
pub async fn open_by_post(State(app): State<App>, source: Source, request: Request) -> PageResult {
    pass(&app, source)?;
    let bytes = to_bytes(request.into_body(), 16 << 10).await.map_err(|_| unreadable())?;
    let fields = pairs(&bytes).ok_or_else(unreadable)?;
    read(&app, &fields).await?;
    let flow = app.oauth.keep_request(fields).await?;
    Ok(page::go(&format!("/logout?flow={}", flow.reveal())))
}

/// A request is kept while its person decides, so that a stranger may not send them without end.
fn pass(app: &App, source: Source) -> Result<(), PageError> {
    app.limits.pass(Gate::Authorize, source, None).map_err(PageError::too_many)
}

async fn go_on(app: &App, signed: Option<Signed>, fields: Vec<(String, String)>) -> PageResult {
    let asked = read(app, &fields).await?;
    let Some(signed) = signed else { return leave(app, asked) };
    let names_session =
        asked.hinted.as_ref().is_some_and(|hinted| app.oauth.hint_names_session(hinted, &signed.session.grant));
    if names_session {
        app.people.sign_out(&signed.session).await.map_err(PageError::people)?;
        return leave(app, asked);
    }
    let identities = app.people.identities(&signed.session.account).await.map_err(PageError::people)?;
    let name = identities.first().map(|identity| Name::new(&identity.display_name)).unwrap_or_default();
    let flow = if fields.is_empty() { None } else { Some(app.oauth.keep_request(fields).await?.reveal().to_owned()) };
    let view = Logout {
        frame: page::frame(app).with_csrf(&signed.csrf),
        app: asked.client.as_deref().map(who),
        name,
        action: "/logout/confirm".to_owned(),
        flow,
    };
    page::show(&view)
}

#[derive(Deserialize)]
pub struct Confirm {
    #[serde(default)]
    flow: Option<String>,
    #[serde(default)]
    decision: Option<String>,
}

/// `POST /logout/confirm`: the person says so.
pub async fn confirm(State(app): State<App>, signed: Signed, Form(form): Form<Confirm>) -> PageResult {
    let stored = match form.flow.as_deref().filter(|flow| !flow.is_empty()) {
        Some(flow) => app.oauth.find_pairs(flow).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    if form.decision.as_deref() == Some("stay") {
        return Ok(page::go("/account"));
    }
    let asked = read(&app, &stored).await?;
    app.people.sign_out(&signed.session).await.map_err(PageError::people)?;
    leave(&app, asked)
}

/// Reads and checks what an app asked. A redirect URI that is not registered is a page, and nobody is signed out.
async fn read(app: &App, fields: &[(String, String)]) -> Result<Asked, PageError> {
    let one = |wanted: &str| {
        let mut values =
            fields.iter().filter(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.clone());
        let first = values.next();
        if values.next().is_some() { Err(bad("a parameter occurs more than once")) } else { Ok(first) }
    };
    let hinted = match one("id_token_hint")? {
        Some(hint) => Some(
            app.oauth
                .read_id_token_hint(&hint)
                .ok_or_else(|| bad("id_token_hint is not an ID token of this server"))?,
        ),
        None => None,
    };
    let client_id = one("client_id")?;
    if let (Some(hinted), Some(client_id)) = (&hinted, &client_id)
        && hinted.client_id != *client_id
    {
        return Err(bad("id_token_hint was given to another client than client_id"));
    }
    let named = client_id.or_else(|| hinted.as_ref().map(|hinted| hinted.client_id.clone()));
    let client = match &named {
        Some(id) => Some(app.oauth.app(id).await?.ok_or_else(|| bad("client_id is unknown"))?),
        None => None,
    };
    let onward = match one("post_logout_redirect_uri")? {
        None => None,
        Some(uri) => {
            let sent = RedirectUri::sent(uri);
            let is_registered = client.as_ref().is_some_and(|client| client.admits_post_logout(&sent));
            if !is_registered {
                return Err(bad("post_logout_redirect_uri is not registered for this client"));
            }
            Some(with_state(sent.as_str(), one("state")?.as_deref()))
        }
    };
    Ok(Asked { client, hinted, onward })
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let separator = if uri.contains('?') { '&' } else { '?' };
    let state: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
    format!("{uri}{separator}state={state}")
}

/// Forgets the cookie and goes where the app said, or says so.
fn leave(app: &App, asked: Asked) -> PageResult {
    let response: Response = if let Some(onward) = asked.onward {
        page::go(&onward)
    } else {
        let back = asked.client.as_deref().and_then(back_to);
        page::show(&SignedOut {
            frame: page::frame(app),
            onward: back.unwrap_or_else(|| Link::new("Sign in again", "/login")),
        })?
    };
    Ok(without_session(app, response))
}

fn unreadable() -> PageError {
    bad("the request is not readable")
}

fn bad(detail: &'static str) -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "The app sent you here to sign out with a request that doesn’t work.",
        "You are still signed in. You can sign out under your account.",
    )
    .with_action("Your account", "/account")
    .with_detail(detail)
}
