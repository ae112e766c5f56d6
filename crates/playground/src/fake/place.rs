//! Where the fake is, as its caller sees it: whatever name of this computer it was asked by.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use url::{Host, Url};

/// `http://127.0.0.1:8463`
#[derive(Debug, Clone)]
pub(super) struct Origin(pub(super) Arc<str>);

/// Answers names of this computer alone: one that is made to point here (DNS rebinding) gets nothing.
pub(super) async fn only_here(mut request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(origin) = host.and_then(origin_of) else {
        return (StatusCode::MISDIRECTED_REQUEST, "ask by a name of this computer\n").into_response();
    };
    request.extensions_mut().insert(Origin(origin.into()));
    next.run(request).await
}

fn origin_of(host: &str) -> Option<String> {
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.query().is_none();
    (is_plain && is_loopback(&url)).then(|| url.origin().ascii_serialization())
}

/// True when the host of a URL is this computer.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_computer_are_answered() {
        assert_eq!(origin_of("localhost:8463").as_deref(), Some("http://localhost:8463"));
        assert_eq!(origin_of("127.0.0.1:9").as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!(origin_of("[::1]:9").as_deref(), Some("http://[::1]:9"));
        for strange in
            ["evil.test", "localhost.evil.test", "10.0.0.1:9", "a@localhost", "localhost/x", "localhost?x", ""]
        {
            assert_eq!(origin_of(strange), None, "{strange}");
        }
    }
}
