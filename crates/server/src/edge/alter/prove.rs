//! Who calls: the layer before every signed route, and the bearer form for the proxy.

use super::SdkError;
use super::body::Sent;
use super::rates::{Left, USUAL};
use crate::app::App;
use crate::edge::body::{Trouble, whole};
use crate::edge::limit::Gate;
use crate::edge::request::{RequestId, Source};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::Secret;
use std::sync::Arc;
use vault::key::sign_check::Signed;
use vault::key::{Proof, Shown};
use vault::{Caller, Code, Error, refuse};

/// More than any call of the API is; a proxied body is JSON too.
const BODY_BYTES: usize = 1 << 20;
/// Where a suspended agent may still ask who it is.
const ME: &str = "/sdk/agents/me";

/// The caller of a signed request, proven before the handler runs.
pub struct Calling(pub Caller);

impl FromRequestParts<App> for Calling {
    type Rejection = SdkError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Calling, SdkError> {
        parts.extensions.get::<Caller>().cloned().map(Calling).ok_or_else(SdkError::not_found)
    }
}

/// The caller of a request that the layer has let through.
pub fn caller_of(request: &Request) -> Option<&Caller> {
    request.extensions().get::<Caller>()
}

/// What an answer should say of the key, whatever became of the call.
#[derive(Default)]
struct Told {
    is_deprecated: bool,
    left: Option<Left>,
}

/// Lets through only requests that a key of this server signed, each once.
pub async fn signed(State(app): State<App>, id: RequestId, source: Source, request: Request, next: Next) -> Response {
    let mut told = Told::default();
    let mut response = match admitted(&app, source, request, &mut told).await {
        Ok(request) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let headers = response.headers_mut();
    if told.is_deprecated {
        headers.insert(HeaderName::from_static("x-alter-key-deprecated"), HeaderValue::from_static("true"));
    }
    if let Some(left) = told.left {
        left.tell(headers);
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-correlation-id"), value);
    }
    response
}

async fn admitted(app: &App, source: Source, request: Request, told: &mut Told) -> Result<Request, SdkError> {
    app.limits.pass(Gate::Sdk, source, None)?;
    let (mut parts, body) = request.into_parts();
    let body = whole(body, BODY_BYTES).await.map_err(|trouble| match trouble {
        Trouble::TooLarge => SdkError::new(Code::RequestTooLarge, "the body is larger than 1 MiB"),
        Trouble::Torn => SdkError::new(Code::InvalidRequest, "the body did not arrive whole"),
    })?;
    let key = one(&parts.headers, "x-api-key")?;
    if key.is_empty() {
        return Err(SdkError::new(Code::InvalidKey, "the key is missing").with("hint", "send it in x-api-key"));
    }
    let shown = app.vault.shown_key(Secret::new(key), source.0).await?;
    told.is_deprecated = shown.key.is_deprecated();
    told.left = pass(app, &shown)?;
    let organization = owner(app, &shown).await?;
    let signed = read(&parts, &body)?;
    let proof = app.vault.prove_signed(shown, organization, &signed).await?;
    let is_asking_who = parts.method == Method::GET && parts.uri.path() == ME;
    parts.extensions.insert(able(proof, is_asking_who)?);
    parts.extensions.insert(Sent(body));
    Ok(Request::from_parts(parts, axum::body::Body::empty()))
}

/// The caller, unless its agent is suspended and asks for more than who it is.
fn able(proof: Proof, is_asking_who: bool) -> Result<Caller, Error> {
    if proof.is_suspended && !is_asking_who {
        return Err(refuse(Code::AgentInactive, "the agent is suspended").with("hint", "its app can resume it"));
    }
    Ok(proof.caller)
}

/// The organization of the key's app, which has to be in service.
async fn owner(app: &App, shown: &Shown) -> Result<base::OrganizationId, Error> {
    let found: Option<Arc<oauth::app::App>> = app.oauth.apps.get(shown.key.app.as_str()).await?;
    let found = found.filter(|found| found.disabled_at.is_none());
    let inactive = || refuse(Code::KeyNotActive, "the key's app is not in service");
    found.and_then(|found| found.organization.clone()).ok_or_else(inactive)
}

fn pass(app: &App, shown: &Shown) -> Result<Option<Left>, SdkError> {
    let counted = shown.key.parent.as_ref().unwrap_or(&shown.key.id);
    let limit = shown.key.rate_limit_rpm.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(USUAL);
    app.rates
        .pass(counted, limit, app.seams.now())
        .map_err(|over| SdkError::too_many("api_key", Some(over.limit), over.retry_after_secs))
}

fn read<'a>(parts: &'a Parts, body: &'a [u8]) -> Result<Signed<'a>, SdkError> {
    let header = |name: &str| one(&parts.headers, name);
    Ok(Signed {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        body,
        timestamp: header("x-alter-timestamp")?,
        nonce: header("x-alter-nonce")?,
        content_sha256: header("x-alter-content-sha256")?,
        signature: header("x-alter-signature")?,
        signature_v2: header("x-alter-signature-v2")?,
        scope_constraints: header("x-alter-scope-constraints")?,
        request_rule: header("x-alter-request-rule")?,
        caller: header("x-alter-caller")?,
        caller_type: header("x-alter-caller-type")?,
        actor_id: header("x-alter-actor-id")?,
        actor_context: header("x-alter-context")?,
    })
}

/// The one value of a header, empty when it is not there. Of two, neither is known to be the signed one.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SdkError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok("") };
    let refused = || SdkError::new(Code::InvalidSignature, "a header occurs twice or is not text");
    if values.next().is_some() {
        return Err(refused());
    }
    value.to_str().map_err(|_| refused())
}

/// Who calls the proxy: `Authorization: Bearer` with a key of an app or an agent. Nothing is signed, so that bodies can stream.
pub async fn bearer(app: &App, headers: &HeaderMap, source: Source) -> Result<Caller, SdkError> {
    app.limits.pass(Gate::Sdk, source, None)?;
    let missing = || SdkError::new(Code::InvalidKey, "send a key as a Bearer credential");
    let text = one(headers, header::AUTHORIZATION.as_str())?;
    let (scheme, key) = text.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let shown = app.vault.shown_key(Secret::new(key.trim()), source.0).await?;
    pass(app, &shown)?;
    let organization = owner(app, &shown).await?;
    let proof = app.vault.prove_bearer(shown, organization).await?;
    Ok(able(proof, false)?)
}
