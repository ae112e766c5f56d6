//! `resource` that names an audience (RFC 8707): an ordinary sign-in whose JWT is for another server, such as an MCP one.

use super::parse::Asked;
use crate::OAuth;
use crate::app::App;
use crate::refusal::Code;
use crate::resource::{self, Resource};
use base::Fault;
use std::sync::Arc;

/// For whom the token will be.
#[derive(Debug, Clone)]
pub struct Target {
    pub resource: Resource,
    /// The app that offers it.
    pub owner: Arc<App>,
}

type Wrong = (Code, &'static str);

/// The audience that a request names. Nothing when it names none, or a resource by its key.
pub(super) async fn check(oauth: &OAuth, app: &App, asked: &Asked) -> Result<Result<Option<Target>, Wrong>, Fault> {
    let Some(audience) = asked.resource.clone().filter(|_| !asked.needs_resource) else { return Ok(Ok(None)) };
    let named = audience.clone();
    let found = oauth.store.read(move |tx| resource::find_by_audience(tx, &named)).await?;
    let Some(resource) = found.filter(|resource| resource.key != audience) else { return Ok(Ok(None)) };
    let owner = oauth.app(resource.app.as_str()).await?;
    let is_open = resource.open_audience || app.organization.as_ref() == Some(&resource.organization);
    match owner {
        Some(owner) if is_open && resource.is_active() && !app.is_quick() => Ok(Ok(Some(Target { resource, owner }))),
        _ => Ok(Err((Code::InvalidTarget, "the resource does not exist or is not active"))),
    }
}

/// True when two ways of writing an audience mean the same: clients add or leave out a lone slash at the end.
pub(crate) fn is_same(own: &str, asked: &str) -> bool {
    own == asked || own.strip_suffix('/') == Some(asked) || asked.strip_suffix('/') == Some(own)
}
