//! CORS for one origin: the issuer's, whose page `/connect/runtime` carries requests of the source app here.
//!
//! Promise: any other origin finds no header of ours. Credentials are never allowed; the runtime sends none.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

/// The origin that may read answers.
#[derive(Debug, Clone)]
pub(crate) struct Cors(String);

/// Who sends a request, as far as CORS is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// The runtime's browser asks whether it may.
    Preflight,
    /// The runtime.
    Runtime,
    /// Anybody else.
    Stranger,
}

impl Cors {
    pub(crate) fn of(issuer: &str) -> Cors {
        Cors(issuer.to_owned())
    }

    pub(crate) fn visit(&self, method: &Method, headers: &HeaderMap) -> Visit {
        let mut origins = headers.get_all(ORIGIN).iter();
        let is_runtime = origins.next().is_some_and(|origin| origin == &self.0) && origins.next().is_none();
        match (is_runtime, method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)) {
            (true, true) => Visit::Preflight,
            (true, false) => Visit::Runtime,
            (false, _) => Visit::Stranger,
        }
    }

    /// The answer to a preflight (Fetch §3.2.2): a POST, as the runtime sends it.
    pub(crate) fn preflight<B: From<String>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(String::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, accept"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        self.mark(Visit::Preflight, headers);
        response
    }

    /// Every answer depends on who asked, so that a cache cannot give a stranger's answer to the runtime.
    pub(crate) fn mark(&self, visit: Visit, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if visit == Visit::Stranger {
            return;
        }
        if let Ok(origin) = HeaderValue::from_str(&self.0) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }
}
