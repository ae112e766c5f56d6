//! Which app is calling a protocol endpoint: its credentials read once, its registration checked, before anything is spent.

use crate::app::App;
use crate::edge::body::{self, Fields};
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use crate::edge::request::Source;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use base::Secret;
use oauth::app::{Credentials, Presented, authenticate, unknown_client};
use std::sync::Arc;

/// An authenticated app and the rest of its request.
pub struct Client {
    pub app: Arc<oauth::app::App>,
    pub fields: Fields,
    pub headers: HeaderMap,
}

/// Reads the body and authenticates the app by its registered method (RFC 6749 §2.3).
pub async fn authenticated(app: &App, gate: Gate, request: Request) -> Result<Client, OAuthError> {
    let (mut parts, sent) = request.into_parts();
    let Ok(source) = Source::from_request_parts(&mut parts, app).await;
    app.limits.pass(gate, source, None)?;
    let (headers, mut fields) = body::read(Request::from_parts(parts, sent)).await?;
    let basic = basic(&headers)?;
    let tried_basic = basic.is_some();
    let refused = |error: oauth::refusal::Error| {
        let error = OAuthError::from(error);
        if tried_basic { error.with_basic_challenge() } else { error }
    };
    if fields.take("client_assertion").is_some() | fields.take("client_assertion_type").is_some() {
        return Err(refused(unknown_client()));
    }
    let credentials = credentials(basic, &mut fields)?;
    // For this source alone: whoever knows a public id must not be able to use up the app's share for everybody.
    app.limits.pass(gate, source, Some(&format!("{} {}", credentials.client_id, source.0)))?;
    let known = app.oauth.app(&credentials.client_id).await?;
    let known = known.ok_or_else(|| refused(unknown_client()))?;
    authenticate(&known, &credentials, app.seams.now()).map_err(refused)?;
    check_quick_origin(&known, &headers)?;
    Ok(Client { app: known, fields, headers })
}

/// What stands in `Authorization`. Another scheme than Basic is not a client's.
fn basic(headers: &HeaderMap) -> Result<Option<Credentials>, OAuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let invalid = || OAuthError::from(unknown_client()).with_basic_challenge();
    if values.next().is_some() {
        return Err(OAuthError::invalid_request("there is more than one Authorization header"));
    }
    let text = value.to_str().map_err(|_| invalid())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(invalid());
    }
    Credentials::basic(encoded.trim()).map(Some).ok_or_else(invalid)
}

/// One method and one client id, wherever they stand; two methods at once are refused (threat 38).
fn credentials(basic: Option<Credentials>, fields: &mut Fields) -> Result<Credentials, OAuthError> {
    let (id, secret) = (fields.take("client_id"), fields.take("client_secret").map(Secret::new));
    match (basic, id, secret) {
        (Some(_), _, Some(_)) => Err(OAuthError::invalid_request("the client authenticates in two ways at once")),
        (Some(basic), Some(id), None) if basic.client_id != id => {
            Err(OAuthError::invalid_request("client_id differs from the one in the Authorization header"))
        }
        (Some(basic), _, None) => Ok(basic),
        (None, Some(client_id), Some(secret)) => Ok(Credentials { client_id, method: Presented::Post(secret) }),
        (None, Some(client_id), None) => Ok(Credentials { client_id, method: Presented::None }),
        (None, None, _) => Err(unknown_client().into()),
    }
}

/// A page of another site cannot speak for a Quick app. A missing `Origin` proves nothing and is no ground to refuse (threats 37, 52).
fn check_quick_origin(known: &oauth::app::App, headers: &HeaderMap) -> Result<(), OAuthError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let is_own = known.origins().iter().any(|own| origin.as_bytes() == own.as_str().as_bytes());
    if known.is_quick() && !is_own { Err(unknown_client().into()) } else { Ok(()) }
}
