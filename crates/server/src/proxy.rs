//! `ANY /proxy/{x}/{path}`: a call as it is, streaming both ways (`product.md` 4.4).
//!
//! `x` is a grant by its UUID, a resource by its key, or a provider together with a user token (without one: the app's own accounts).
//! A resource takes a delegated token and nothing else; grant and provider never take one. Our refusals carry `Procura-Refusal`, a
//! service's answers never do. Browsers have no business here: there is no CORS.

use crate::app::App;
use crate::edge::alter::{SdkError, bearer, needs, subject};
use crate::edge::limit::Gate;
use crate::edge::request::Source;
use crate::sdk::proxy::waits;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{GrantId, KeyId, Scope, Uuid};
use futures_util::TryStreamExt as _;
use net::Upload;
use std::collections::BTreeMap;
use std::io;
use vault::grants::{ForResource, Wanted};
use vault::proxy::{Answered, CallAsk, Called, Form, Target};
use vault::{Caller, Code, KeyKind};

const REFUSAL: HeaderName = HeaderName::from_static("procura-refusal");

const NEEDED: &str = "proxy:execute";

/// Passes a call on.
pub async fn pass(State(app): State<App>, source: Source, request: Request) -> Response {
    match call(&app, source, request).await {
        Ok(Called::Answer(answered)) => answer(*answered),
        Ok(Called::Waits(pending)) => {
            let response = (StatusCode::ACCEPTED, axum::Json(waits(&pending))).into_response();
            marked(response, Code::ApprovalRequired.as_str())
        }
        Err(refused) => {
            let code = refused.code();
            let mut response = marked(refused.into_response(), code);
            if code == Code::InvalidToken.as_str() {
                let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

async fn call(app: &App, source: Source, request: Request) -> Result<Called, SdkError> {
    let (parts, body) = request.into_parts();
    let rest = parts.uri.path().strip_prefix("/proxy/").unwrap_or_default();
    let (named, path) = rest.split_once('/').ok_or_else(SdkError::not_found)?;
    let path = format!("/{path}");
    let named = percent_encoding::percent_decode_str(named).decode_utf8().map_err(|_| SdkError::not_found())?;
    let (caller, wanted) = if named.contains(':') {
        by_token(app, &named, &parts.headers, source).await?
    } else {
        by_key(app, &named, &parts.headers, source).await?
    };
    let text = |name: &'static str| text(&parts.headers, name);
    let ask = CallAsk {
        wanted,
        method: parts.method.as_str().to_owned(),
        target: Target::Path { path, query: parts.uri.query().map(str::to_owned), host: text("x-procura-host")? },
        reason: text("x-procura-reason")?,
        body: upload(&parts.headers, body),
        headers: parts.headers,
        form: Form::Raw,
    };
    Ok(app.vault.call(&caller, ask).await?)
}

/// Who calls with a key, and the permission that is meant.
async fn by_key(app: &App, named: &str, headers: &HeaderMap, source: Source) -> Result<(Caller, Wanted), SdkError> {
    check_credential(headers)?;
    let caller = bearer(app, headers, source).await?;
    if caller.kind == KeyKind::Publishable {
        return Err(SdkError::new(Code::KeyKindNotAllowed, "a publishable key makes no calls"));
    }
    needs(&caller, NEEDED)?;
    let wanted = wanted(app, &caller, named, headers).await?;
    Ok((caller, wanted))
}

/// Who calls with a delegated token, and the calls that its scopes let through.
async fn by_token(app: &App, key: &str, headers: &HeaderMap, source: Source) -> Result<(Caller, Wanted), SdkError> {
    app.limits.pass(Gate::Sdk, source, None)?;
    let token = crate::edge::bearer::token(headers).map_err(|_| dead())?;
    let used = match app.oauth.use_delegated(&token, key).await {
        Ok(used) => used,
        Err(oauth::refusal::Error::Fault(fault)) => return Err(fault.into()),
        Err(oauth::refusal::Error::Refused(_)) => return Err(dead()),
    };
    let organization = used.organization.ok_or_else(dead)?;
    let named = used.resource.scopes.iter().filter(|scope| used.scope.has(&scope.name));
    let allow = named.flat_map(|scope| scope.allow.iter().cloned()).collect();
    let caller = Caller {
        app: used.source,
        organization,
        key: KeyId::from_text(""),
        kind: KeyKind::App,
        hint: "delegated token".to_owned(),
        scopes: Scope::empty(),
        agent: None,
        source: source.0.to_string(),
        context: BTreeMap::new(),
        rule: None,
    };
    let resource = ForResource { grant: used.grant, owner: used.resource.app, allow };
    Ok((caller, Wanted { resource: Some(resource), ..Wanted::default() }))
}

fn dead() -> SdkError {
    SdkError::new(Code::InvalidToken, "send a delegated token for this resource that is alive")
}

/// A token of ours that is for a resource opens neither a grant nor a provider.
fn check_credential(headers: &HeaderMap) -> Result<(), SdkError> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_jwt = sent.split_once(' ').is_some_and(|(_, token)| token.trim().split('.').count() == 3);
    if is_jwt {
        return Err(SdkError::new(Code::DelegatedTokenRefused, "a grant or provider is called with a key"));
    }
    Ok(())
}

async fn wanted(app: &App, caller: &Caller, named: &str, headers: &HeaderMap) -> Result<Wanted, SdkError> {
    let user_token = text(headers, "x-procura-user-token")?;
    let subject = subject(app, caller, user_token.as_deref()).await?;
    if Uuid::parse(named).is_some() {
        return Ok(Wanted { grant: Some(GrantId::from_text(named)), subject, ..Wanted::default() });
    }
    Ok(Wanted {
        provider: Some(named.to_owned()),
        account: text(headers, "x-procura-account")?,
        label: text(headers, "x-procura-label")?,
        subject,
        ..Wanted::default()
    })
}

/// The one value of a header of ours.
fn text(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, SdkError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refused = || SdkError::invalid(name, "a header occurs twice or is not text");
    if values.next().is_some() {
        return Err(refused());
    }
    // Names of people and accounts are UTF-8.
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| refused())?.trim();
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn upload(headers: &HeaderMap, body: Body) -> Upload {
    let length = headers.get(header::CONTENT_LENGTH);
    let is_sent = headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0");
    if !is_sent {
        return Upload::Nothing;
    }
    Upload::Course(Box::pin(body.into_data_stream().map_err(io::Error::other)))
}

fn answer(answered: Answered) -> Response {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::new(Body::from_stream(answered.body.into_stream()));
    *response.status_mut() = status;
    *response.headers_mut() = answered.headers;
    response
}

fn marked(mut response: Response, code: &'static str) -> Response {
    response.headers_mut().insert(REFUSAL, HeaderValue::from_static(code));
    response
}
