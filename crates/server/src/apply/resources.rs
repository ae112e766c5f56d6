//! The `[[resource]]` tables of a manifest.

use super::manifest::ResourceTable;
use base::{AppId, Seams};
use db::Tx;
use oauth::app::{self, Change};
use oauth::organization::Actor;
use oauth::resource::{self, NewResource, ScopeWish, Wish};

/// A resource as a manifest declares it.
pub(super) struct PlannedResource {
    pub(super) place: usize,
    pub(super) key: String,
    /// The key of the app that offers it.
    pub(super) app: String,
    wish: Wish,
}

/// What a table asks for. The error names the field.
pub(super) fn planned(place: usize, table: ResourceTable) -> Result<PlannedResource, (&'static str, String)> {
    let is_vault = match table.kind.as_deref() {
        None | Some("app") => false,
        Some("vault") => true,
        Some(_) => return Err(("kind", "is app or vault".to_owned())),
    };
    if is_vault != table.provider.is_some() {
        return Err(("provider", "is there for a resource of kind vault, and for no other".to_owned()));
    }
    if is_vault && table.audience.is_some() {
        return Err(("audience", "is set by this server for a resource of kind vault".to_owned()));
    }
    if !is_vault && table.audience.is_none() {
        return Err(("audience", "is required".to_owned()));
    }
    let scopes = table.scopes.into_iter().map(|scope| ScopeWish {
        name: scope.name,
        text: scope.text,
        risk: scope.risk,
        provider_scopes: scope.provider_scopes,
        allow: scope.allow,
    });
    let wish = Wish {
        name: Some(table.name),
        description: Change::to(table.description),
        audience: table.audience,
        runtime_endpoint: Change::to(table.runtime_endpoint),
        allow_chains: Some(table.allow_chains),
        open_audience: Some(table.open_audience),
        scopes: Some(scopes.collect()),
        provider: table.provider,
    };
    Ok(PlannedResource { place, key: table.key, app: table.app, wish })
}

/// Registers the resource, or changes what differs. `issuer` is this server.
pub(super) fn put(
    tx: &mut Tx<'_>,
    seams: &Seams,
    planned: &PlannedResource,
    owner: &AppId,
    issuer: &str,
) -> Result<(), app::Error> {
    let wish = planned.wish.clone();
    match resource::find_by_key(tx, &planned.key)? {
        Some(found) if found.app != *owner => Err(app::Error::about("key", "belongs to another app")),
        Some(found) => resource::update_if_different(tx, seams, &Actor::Operator, issuer, &found.id, wish).map(|_| ()),
        None => {
            let new = NewResource { app: owner.clone(), key: planned.key.clone() };
            resource::create(tx, seams, &Actor::Operator, issuer, new, wish).map(|_| ())
        }
    }
}
