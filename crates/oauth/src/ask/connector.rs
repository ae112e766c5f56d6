//! The part of a request that speaks of another app: `resource`, its `scope`, `mode`, `presence` (seed 000, `product.md` 3.2).

use super::parse::{self, Asked};
use crate::OAuth;
use crate::app::App;
use crate::refusal::Code;
use crate::resource::{self, Resource};
use base::{Fault, Scope};
use ledger::Presence;
use std::sync::Arc;

/// What one app asks to do at another.
#[derive(Debug, Clone)]
pub struct Connector {
    pub resource: Resource,
    /// The app that offers the resource.
    pub owner: Arc<App>,
    /// Scopes of the resource; at least one.
    pub scope: Scope,
    /// Whether the person is to be asked, or nothing may be shown.
    pub mode: Presence,
    /// The page offers *also when I am away*.
    pub offers_background: bool,
}

type Wrong = (Code, &'static str);

/// Reads what is asked of a resource; nothing when the request is about sign-in alone.
/// `is_key` is false when what is named is an audience.
pub(super) async fn check(
    oauth: &OAuth,
    app: &App,
    asked: &Asked,
    is_key: bool,
) -> Result<Result<Option<Connector>, Wrong>, Fault> {
    let Some(key) = asked.resource.as_ref().filter(|_| is_key) else {
        let is_missing = asked.needs_resource;
        return Ok(if is_missing { Err((Code::InvalidRequest, "resource is missing")) } else { Ok(None) });
    };
    if app.is_quick() {
        return Ok(Err((Code::UnauthorizedClient, "an unregistered app cannot ask for what another app offers")));
    }
    let key = key.clone();
    let found = oauth.store.read(move |tx| resource::find_by_key(tx, &key)).await?.filter(Resource::is_active);
    let owner = match &found {
        Some(resource) => oauth.app(resource.app.as_str()).await?,
        None => None,
    };
    let (Some(resource), Some(owner)) = (found, owner) else {
        return Ok(Err((Code::InvalidTarget, "the resource does not exist or is not active")));
    };
    Ok(read(app, asked, resource, owner).map(Some))
}

fn read(app: &App, asked: &Asked, resource: Resource, owner: Arc<App>) -> Result<Connector, Wrong> {
    let scope = asked.scope.as_deref().map_or(Some(Scope::empty()), parse::scope);
    let scope = scope.filter(|scope| !scope.is_empty());
    let scope = scope.ok_or((Code::InvalidScope, "scope names at least one scope of the resource"))?;
    if !resource.scope().covers(&scope) {
        return Err((Code::InvalidScope, "the resource does not define every requested scope"));
    }
    let word = |field: &Option<String>, sentence: &'static str| match field {
        None => Ok(Presence::UserPresent),
        Some(word) => Presence::parse(word).ok_or((Code::InvalidRequest, sentence)),
    };
    let mode = word(&asked.mode, "mode must be user_present or background")?;
    let presence = word(&asked.presence, "presence must be user_present or background")?;
    let offers_background = app.background || presence == Presence::Background;
    Ok(Connector { resource, owner, scope, mode, offers_background })
}

/// The sign-in scope that a connector request implies: the app must know for whom it acts.
pub(super) fn own_scope(app: &App) -> Scope {
    app.scopes.intersection(&Scope::of(["openid"]))
}
