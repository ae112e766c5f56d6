//! Headers that every answer has (threats 180, 181), and the way a page sets its own.

use crate::app::App;
use crate::views::Headers;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Adds what no handler should have to remember. What a handler has set stays.
pub async fn add(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_redirect = response.status().is_redirection();
    let headers = response.headers_mut();
    keep(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    keep(headers, header::REFERRER_POLICY, "no-referrer");
    keep(headers, header::CACHE_CONTROL, "no-store");
    keep(
        headers,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    // Browsers enforce it on redirects too, and an app's popup would lose its opener on the way to a page that keeps it.
    if !is_redirect {
        keep(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    }
    if app.is_https() {
        keep(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    response
}

/// Sets the headers that a page asks for.
pub fn set_page(headers: &mut HeaderMap, page: &Headers) {
    set(headers, header::CONTENT_SECURITY_POLICY, &page.content_security_policy);
    set(headers, header::REFERRER_POLICY, page.referrer_policy);
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), page.cross_origin_opener_policy);
    set(headers, HeaderName::from_static("permissions-policy"), page.permissions_policy);
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn keep(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
