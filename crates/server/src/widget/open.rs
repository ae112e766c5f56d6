//! `/sdk/oauth/connect#session=…`: the token stands in the fragment, so the first page only reads it and hands it over.

use super::page_of;
use crate::app::App;
use crate::edge::faults::ApiError;
use crate::edge::flow::FlowCookie;
use crate::edge::json::Json as Body;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::views::LinkOpen;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::Secret;
use serde::Deserialize;
use serde_json::json;
use vault::session::{Opening, Transport};

/// `GET /sdk/oauth/connect`
pub async fn show(State(app): State<App>, cookie: FlowCookie) -> PageResult {
    Ok(cookie.on(page::show(&LinkOpen { frame: page::frame(&app), open: "/sdk/oauth/connect/open" })?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    session_token: String,
    /// The window was opened by the app and can still speak to it.
    has_opener: bool,
}

/// `POST /sdk/oauth/connect/open`: the session is this browser's from now on. The origin in the answer is where errors may be told.
pub async fn claim(
    State(app): State<App>,
    source: Source,
    cookie: FlowCookie,
    Body(asked): Body<Claim>,
) -> Result<Response, ApiError> {
    app.limits.pass(Gate::Connect, source, None).map_err(ApiError::too_many)?;
    let transport = if asked.has_opener { Transport::Popup } else { Transport::Redirect };
    let opening = app.vault.claim_session(&Secret::new(asked.session_token), &cookie.browser, transport).await;
    let body = match opening.map_err(ApiError::vault)? {
        Opening::Taken(session) => json!({ "next": page_of(session.number) }),
        Opening::Unknown => json!({
            "error": "invalid_token",
            "sentence": "This link is not whole. Close this window and start again in the app you came from.",
        }),
        Opening::Over(session) => json!({
            "error": "session_expired",
            "origin": session.origin,
            "session": session.mark(),
            "sentence": "This link was used or is too old. Close this window and start again in the app you came from.",
        }),
        Opening::Elsewhere => json!({
            "error": "session_expired",
            "sentence": "This link was opened in another browser. Close this window and start again in the app you came from.",
        }),
    };
    Ok(cookie.on(axum::Json(body).into_response()))
}
