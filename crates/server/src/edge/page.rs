//! A page as an answer: HTML, status, the headers it asks for.

use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::headers;
use crate::views::{Frame, Page};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base::Fault;

/// Renders a page with status 200.
pub fn show<P: Page>(page: &P) -> Result<Response, PageError> {
    show_with(StatusCode::OK, page, None)
}

/// Renders a page with a status and, where it has an inline script, that script's nonce.
pub fn show_with<P: Page>(status: StatusCode, page: &P, nonce: Option<&str>) -> Result<Response, PageError> {
    let mut response = (status, page.html()?).into_response();
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers::set_page(set, &page.headers(nonce));
    Ok(response)
}

/// The frame of a page at this issuer.
pub fn frame(app: &App) -> Frame {
    Frame::at(&app.host)
}

/// 303 to a path of ours: after a POST nothing is sent twice (threat 11).
pub fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// A path of ours to return to, as a form or query sent it. Anything else is home: this is where open redirects would be.
pub fn own_path(sent: Option<&str>) -> Option<String> {
    let path = sent?;
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/\\")
        && path.len() <= 2048
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_ours.then(|| path.to_owned())
}

/// A page answer or the page that says why not.
pub type PageResult = Result<Response, PageError>;

impl From<Fault> for PageError {
    fn from(fault: Fault) -> PageError {
        PageError::fault(&fault)
    }
}
