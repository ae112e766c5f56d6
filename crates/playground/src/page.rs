//! A page of a sample app as an answer, with the headers that keep it from being abused.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// Renders a page. `issuer` is the one other origin that its forms and scripts may reach.
pub(crate) fn show<P: Template>(status: StatusCode, page: &P, issuer: &str) -> Response {
    answer(
        status,
        page,
        &format!("script-src 'self'; frame-src 'none'; connect-src 'self' {issuer}; form-action 'self' {issuer}"),
    )
}

/// Renders a page that runs the issuer's browser library: its script, and its pages in frames.
pub(crate) fn show_with_library<P: Template>(page: &P, issuer: &str) -> Response {
    let own = format!(
        "script-src 'self' {issuer}; frame-src {issuer}; connect-src 'self' {issuer}; form-action 'self' {issuer}"
    );
    answer(StatusCode::OK, page, &own)
}

/// Renders a page whose form may lead anywhere: browsers hold every later redirect to `form-action`, so it says nothing of forms.
pub(crate) fn show_leaving<P: Template>(page: &P) -> Response {
    answer(StatusCode::OK, page, "")
}

fn answer<P: Template>(status: StatusCode, page: &P, own: &str) -> Response {
    let Ok(html) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let policy = format!(
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'self'; font-src 'self'; img-src 'self'; {own}"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Somebody typed 127.0.0.1: cookies and redirect URIs belong to one name, so the browser is sent to it. A name that is made to point here
/// (DNS rebinding) gets no further either.
pub(crate) async fn at_home(State(origin): State<Arc<str>>, request: Request, next: Next) -> Response {
    let asked = request.headers().get(header::HOST).and_then(|asked| asked.to_str().ok());
    if asked == Some(host(&origin)) {
        return next.run(request).await;
    }
    let path = request.uri().path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    Redirect::temporary(&format!("{origin}{path}")).into_response()
}

/// Host and port of an origin, as people read it.
pub(crate) fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
