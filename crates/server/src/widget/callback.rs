//! `/connect/callback/{provider}`: a service sends the browser back. Each has an address of its own (threat 141).

use super::{page_of, refused};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::MaybeSigned;
use crate::oauth::authorize;
use crate::oauth::authorize::account::Waiting;
use crate::pages::account::connections;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use vault::link::{Outcome, Returned};

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
    if let Some(number) = completed.session {
        return Ok(page::go(&page_of(number)));
    }
    if completed.interaction.is_none() {
        return Ok(page::go(&connections::repaired(&completed.outcome)));
    }
    // The link says whom it is for, and that person is signed in: both were compared.
    let waiting = completed.interaction.as_deref().and_then(|text| serde_json::from_str::<Waiting>(text).ok());
    let (Some(waiting), Some(signed)) = (waiting, &signed.0) else { return Ok(page::go("/account/connections")) };
    match completed.outcome {
        Outcome::Linked(connection) => authorize::go_on_with(&app, signed, waiting, &connection).await,
        // They said no at the service, or it failed: the question is still there.
        Outcome::Granted(_) | Outcome::Declined { .. } | Outcome::Failed { .. } => {
            Ok(page::go(&format!("/signin?flow={}", waiting.flow)))
        }
    }
}
