//! `/connect/callback/{provider}`: a service sends the browser back. Each has an address of its own (threat 141).

use super::{page_of, refused};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::MaybeSigned;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use vault::link::Returned;

/// `GET /connect/callback/{provider}`
pub async fn take(
    State(app): State<App>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    source: Source,
    cookie: FlowCookie,
    signed: MaybeSigned,
) -> PageResult {
    app.limits.pass(Gate::Connect, source, None).map_err(PageError::too_many)?;
    let parameters = crate::edge::body::pairs(query.as_deref().unwrap_or_default().as_bytes()).ok_or_else(|| {
        PageError::new(
            StatusCode::BAD_REQUEST,
            "The answer of the service could not be read.",
            "Close this window and start again in the app you came from.",
        )
    })?;
    let account = signed.0.as_ref().map(|signed| signed.session.account.clone());
    let returned = Returned { provider, parameters };
    let completed =
        app.vault.complete_link(returned, Some(&cookie.browser), account.as_ref()).await.map_err(refused)?;
    match (completed.session, completed.interaction) {
        (Some(number), _) => Ok(page::go(&page_of(number))),
        (None, Some(flow)) => Ok(page::go(&format!("/signin?flow={flow}"))),
        (None, None) => Ok(page::go("/account/connections")),
    }
}
