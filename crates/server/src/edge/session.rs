//! Who is signed in: the session behind the cookie, and the CSRF token that its forms carry.

use crate::app::App;
use crate::edge::cookie::Cookie;
use crate::edge::faults::{ApiError, PageError};
use crate::edge::page::own_path;
use crate::edge::request::Source;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use base::{Digest, Fault, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use people::{Session, Visit};

/// A page's visitor who is signed in. Others are sent to sign in and come back.
pub struct Signed {
    pub session: Session,
    /// What this session's forms must send back.
    pub csrf: String,
}

/// A script's visitor who is signed in. Others get 401.
pub struct ApiSigned(pub Session);

/// A visitor who may be signed in.
pub struct MaybeSigned(pub Option<Signed>);

/// Where the request comes from, for devices and the journal.
pub struct Visitor(pub Visit);

impl FromRequestParts<App> for MaybeSigned {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<MaybeSigned, PageError> {
        Ok(MaybeSigned(find(app, &parts.headers).await?))
    }
}

impl FromRequestParts<App> for Signed {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Signed, PageError> {
        if let Some(signed) = find(app, &parts.headers).await? {
            return Ok(signed);
        }
        // A form's answer cannot be sent again after signing in; its page can be opened again.
        let here = match parts.method {
            Method::GET => parts.uri.path_and_query().map(ToString::to_string),
            _ => page_of_form(app, &parts.headers),
        };
        let back = own_path(here.as_deref()).unwrap_or_else(|| "/account".to_owned());
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        Err(PageError::onward(format!("/login?return_to={back}")))
    }
}

/// The page of ours that held a form: browsers name it, since pages with a form send `Referrer-Policy: same-origin`.
fn page_of_form(app: &App, headers: &HeaderMap) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    referer.strip_prefix(&app.config.issuer).map(str::to_owned)
}

impl FromRequestParts<App> for ApiSigned {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ApiSigned, ApiError> {
        let signed = find(app, &parts.headers).await?;
        signed.map(|signed| ApiSigned(signed.session)).ok_or_else(ApiError::unauthorized)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Visitor, Self::Rejection> {
        let Ok(Source(address)) = Source::from_request_parts(parts, state).await;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Visitor(Visit::new(address.to_string(), agent)))
    }
}

/// Who is signed in as far as a frame may see it: by the cookie made for frames, on http by the session's own, which no other
/// site's frame is sent.
pub async fn in_frame(app: &App, headers: &HeaderMap) -> Result<Option<Signed>, Fault> {
    if !app.is_https() {
        return find(app, headers).await;
    }
    let Some(cookie) = Cookie::Embed.read(app, headers).map(Secret::new) else { return Ok(None) };
    let session = app.people.check_embedded_session(cookie.reveal()).await?;
    Ok(session.map(|session| Signed { session, csrf: csrf("embed", &cookie) }))
}

async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Signed>, Fault> {
    let Some(cookie) = Cookie::Session.read(app, headers).map(Secret::new) else { return Ok(None) };
    let session = app.people.check_session(cookie.reveal()).await?;
    Ok(session.map(|session| Signed { session, csrf: csrf("session", &cookie) }))
}

/// The CSRF token of a browser in which nobody is signed in, bound to its flow cookie.
pub fn flow_csrf(app: &App, headers: &HeaderMap) -> Option<String> {
    Cookie::Flow.read(app, headers).map(|flow| csrf("flow", &Secret::new(flow)))
}

/// A token that only whoever holds the cookie can name, and from which the cookie cannot be told.
pub fn csrf(kind: &str, cookie: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(format!("procura csrf {kind}\n{}", cookie.reveal()).as_bytes()).bytes())
}
