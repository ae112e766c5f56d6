//! What is known of a request before any handler: its id, where it came from, whether it was meant for us.

use crate::app::App;
use crate::config::Network;
use crate::edge::faults::PageError;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::digest::hex;
use base::entropy::draw;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Names one request in answers and logs.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Where a request came from, as far as it can be trusted.
#[derive(Debug, Clone, Copy)]
pub struct Source(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<RequestId, Infallible> {
        Ok(parts.extensions.get::<RequestId>().cloned().unwrap_or_else(|| RequestId(String::new())))
    }
}

impl<S: Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Source, Infallible> {
        Ok(parts.extensions.get::<Source>().copied().unwrap_or(Source(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

tokio::task_local! {
    /// The request that this task answers, so that a log line can name it.
    static CURRENT: RequestId;
}

/// The id of the request that is being answered; empty outside of one.
pub fn current_id() -> String {
    CURRENT.try_with(|id| id.0.clone()).unwrap_or_default()
}

/// Gives the request an id and a source, refuses one that was meant for another host, and answers `X-Request-Id`.
pub async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId(draw::<8>(app.seams.entropy()).map(|bytes| hex(&bytes)).unwrap_or_default());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let source = source_of(request.headers(), peer, &app.config.limits.trusted_proxies);
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(source);
    let mut response = match refuse_host(&app, &request) {
        None => CURRENT.scope(id.clone(), next.run(request)).await,
        Some(refused) => refused,
    };
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// The right-most address that is not one of our proxies (threat 178).
fn source_of(headers: &HeaderMap, peer: Option<IpAddr>, proxies: &[Network]) -> Source {
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let is_trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    if !is_trusted(peer) {
        return Source(peer);
    }
    let listed = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = listed.flat_map(|line| line.split(',')).map(str::trim).collect();
    let untrusted = hops.iter().rev().map(|hop| hop.parse::<IpAddr>());
    for hop in untrusted {
        match hop {
            Ok(address) if is_trusted(address) => {}
            Ok(address) => return Source(address),
            Err(_) => return Source(peer),
        }
    }
    Source(peer)
}

/// Every URL is built from the issuer, never from the request; a request that names another host is not ours (threat 177).
fn refuse_host(app: &App, request: &Request) -> Option<Response> {
    let named = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let sent = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return Some((StatusCode::BAD_REQUEST, "there is more than one Host header\n").into_response());
    }
    let Some(host) = sent.or_else(|| named.clone()) else {
        return Some((StatusCode::BAD_REQUEST, "the Host header is missing\n").into_response());
    };
    let is_ours = host.eq_ignore_ascii_case(&app.host) || is_default_port_of(&host, app);
    if is_ours && named.is_none_or(|named| named.eq_ignore_ascii_case(&host)) {
        return None;
    }
    if is_loopback_name(&host) && is_loopback_name(&app.host) {
        // The page that sends people on takes its looks from where it was opened.
        if request.uri().path().starts_with("/assets/") {
            return None;
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Some(PageError::moved(app, path));
    }
    Some((StatusCode::MISDIRECTED_REQUEST, "this server does not answer for that host\n").into_response())
}

fn is_default_port_of(host: &str, app: &App) -> bool {
    let port = if app.is_https() { ":443" } else { ":80" };
    host.strip_suffix(port).is_some_and(|bare| bare.eq_ignore_ascii_case(&app.host))
}

fn is_loopback_name(host: &str) -> bool {
    let bare = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(bare, _)| bare);
    matches!(bare, "localhost" | "127.0.0.1" | "[::1]")
}
