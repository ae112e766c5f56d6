//! The browser's own secret before anybody is signed in: ceremonies and forms are bound to it (threats 98, 107).

use crate::app::App;
use crate::edge::cookie::Cookie;
use crate::edge::faults::PageError;
use crate::edge::session::csrf;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use base::entropy::draw;
use base::{Digest, Fault, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use people::Flow;

const SECRET_BYTES: usize = 32;
const KEEP_SECS: i64 = 86_400;

/// The flow of this browser; one that had none gets it with the answer.
pub struct FlowCookie {
    pub flow: Flow,
    /// The digest of the browser's secret, for what belongs to one browser.
    pub browser: Digest,
    /// What forms must send back while nobody is signed in.
    pub csrf: String,
    set: Option<HeaderValue>,
}

impl FlowCookie {
    fn of(app: &App, headers: &HeaderMap) -> Result<FlowCookie, Fault> {
        let sent = Cookie::Flow.read(app, headers).filter(|value| is_ours(value)).map(Secret::new);
        let (secret, is_new) = match sent {
            Some(secret) => (secret, false),
            None => (Secret::new(URL_SAFE_NO_PAD.encode(draw::<SECRET_BYTES>(app.seams.entropy())?)), true),
        };
        let set = if is_new { Cookie::Flow.set(app, secret.reveal(), KEEP_SECS) } else { None };
        Ok(FlowCookie { browser: secret.digest(), flow: Flow::of(&secret), csrf: csrf("flow", &secret), set })
    }

    /// The answer, with the cookie if it is new.
    pub fn on(self, mut response: Response) -> Response {
        if let Some(cookie) = self.set {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// A value that we could have set: anything else is replaced.
fn is_ours(value: &str) -> bool {
    URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == SECRET_BYTES)
}

impl FromRequestParts<App> for FlowCookie {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<FlowCookie, PageError> {
        Ok(FlowCookie::of(app, &parts.headers)?)
    }
}
