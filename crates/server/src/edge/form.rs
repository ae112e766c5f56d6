//! Forms of our own pages: urlencoded, small, sent by our own page (threats 100, 183).

use crate::app::App;
use crate::edge::body::{Trouble, whole};
use crate::edge::faults::PageError;
use crate::edge::session::{self, MaybeSigned};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const FORM_BYTES: usize = 64 << 10;

/// A form whose CSRF token is that of the session (or of the flow cookie, where nobody is signed in) and whose `Origin` is ours.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Form<T>, PageError> {
        let (mut parts, body) = request.into_parts();
        if !is_from_our_page(app, &parts.headers) {
            return Err(PageError::stale_form());
        }
        let MaybeSigned(signed) = MaybeSigned::from_request_parts(&mut parts, app).await?;
        let expected = signed.map(|signed| signed.csrf).or_else(|| session::flow_csrf(app, &parts.headers));
        let bytes = whole(body, FORM_BYTES).await.map_err(not_whole)?;
        let fields = fields(&bytes).ok_or_else(unreadable)?;
        let sent = fields.get("csrf").and_then(|value| value.as_str()).unwrap_or_default();
        if !expected.is_some_and(|expected| base::Secret::new(expected).is_same(&base::Secret::new(sent))) {
            return Err(PageError::stale_form());
        }
        let value = serde_json::Value::Object(fields);
        serde_json::from_value(value).map(Form).map_err(|_| unreadable())
    }
}

/// Fields by name; one that occurs more than once becomes a list. Nothing when a name or value is not UTF-8 or holds NUL.
pub fn fields(bytes: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    let mut lists: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for (name, value) in crate::edge::body::pairs(bytes)? {
        if name.contains('\0') || value.contains('\0') {
            return None;
        }
        lists.entry(name).or_default().push(value.into());
    }
    let one_or_many =
        |mut values: Vec<serde_json::Value>| if values.len() == 1 { values.remove(0) } else { values.into() };
    Some(lists.into_iter().map(|(name, values)| (name, one_or_many(values))).collect())
}

/// True when the request says it comes from our own origin, and nothing in it says otherwise.
pub fn is_from_our_page(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site_fits = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    match text("origin") {
        Some(origin) => origin == app.config.issuer && site_fits,
        // Browsers send one of the two on every POST; a client that sends neither has no cookies of a browser to abuse.
        None => {
            text("sec-fetch-site").is_some_and(|site| site == "same-origin") || headers.get(header::COOKIE).is_none()
        }
    }
}

/// The page for a body that could not be taken.
pub fn not_whole(trouble: Trouble) -> PageError {
    if trouble == Trouble::Torn {
        return unreadable();
    }
    too_large()
}

fn too_large() -> PageError {
    PageError::new(StatusCode::PAYLOAD_TOO_LARGE, "That is more than this form takes.", "Shorten it and send it again.")
}

fn unreadable() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "The form could not be read.",
        "Go back, load the page again and send it once more.",
    )
}
