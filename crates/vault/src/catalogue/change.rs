//! Setting the credentials that this server has at a provider, and an operator's own descriptors.

use super::{ProviderClient, needs_client, rows};
use crate::acts;
use crate::provider::{Inputs, Provider};
use base::{AppId, Fault, Scope, Seams, Secret};
use db::{Sealer, Tx};
use ledger::journal;
use serde_json::json;

/// What is to be known at a provider.
#[derive(Debug, Clone, Default)]
pub struct ClientWish {
    pub client_id: String,
    /// Nothing keeps the one that is there.
    pub secret: Option<Secret>,
    pub scopes_allowed: Option<Scope>,
    pub scopes_default: Option<Scope>,
    pub inputs: Inputs,
}

/// What is wrong with a wish: a sentence that names the field. Nothing when it fits the descriptor.
pub fn check_client(provider: &Provider, wish: &ClientWish) -> Option<String> {
    if needs_client(provider.auth.kind) && wish.client_id.trim().is_empty() {
        return Some("client_id is required for a service that people sign in to".to_owned());
    }
    if let Some(name) = wish.inputs.keys().find(|name| !provider.auth.inputs.iter().any(|input| input.name == **name)) {
        return Some(format!("inputs: {name} is none of this provider's"));
    }
    let is_given = |name: &str| wish.inputs.contains_key(name);
    let mut only_given = provider.clone();
    only_given.auth.inputs.retain(|input| is_given(&input.name));
    if let Some(text) = only_given.check_inputs(&wish.inputs) {
        return Some(format!("inputs: {text}"));
    }
    match (&wish.scopes_allowed, &wish.scopes_default) {
        (Some(allowed), Some(default)) if !allowed.covers(default) => {
            Some("scopes_default holds a scope that scopes_allowed does not".to_owned())
        }
        _ => None,
    }
}

/// Sets the credentials of an app, or of every app. True when something changed.
pub fn set_client(
    tx: &mut Tx<'_>,
    seams: &Seams,
    sealer: &Sealer,
    provider: &str,
    app: Option<&AppId>,
    wish: &ClientWish,
) -> Result<bool, Fault> {
    let now = seams.now();
    let there = rows::find_client(tx, sealer, provider, app.map(AppId::as_str).unwrap_or_default())?;
    let secret = wish.secret.clone().or_else(|| there.as_ref().and_then(|there| there.secret.clone()));
    if let Some(there) = &there {
        let is_same_secret = match (&there.secret, &secret) {
            (Some(own), Some(new)) => own.is_same(new),
            (None, None) => true,
            _ => false,
        };
        let is_same = is_same_secret
            && there.client_id == wish.client_id
            && there.scopes_allowed == wish.scopes_allowed
            && there.scopes_default == wish.scopes_default
            && there.inputs == wish.inputs;
        if is_same {
            return Ok(false);
        }
    }
    let id = match &there {
        Some(there) => there.id.clone(),
        None => format!("pcl_{}", base::Uuid::at(now, seams.entropy())?),
    };
    let sealed = secret.as_ref().map(|secret| rows::seal_secret(sealer, seams.entropy(), &id, secret)).transpose()?;
    let new = ProviderClient {
        id,
        provider: provider.to_owned(),
        app: app.cloned(),
        client_id: wish.client_id.clone(),
        secret,
        scopes_allowed: wish.scopes_allowed.clone(),
        scopes_default: wish.scopes_default.clone(),
        inputs: wish.inputs.clone(),
        created_at: there.map_or(now, |there| there.created_at),
        updated_at: now,
        refused_at: None,
    };
    rows::put_client(tx, &new, sealed.as_deref())?;
    changed(tx, seams, provider, app)?;
    Ok(true)
}

/// Takes the credentials away. What was linked with them cannot be renewed any more. False when there are none.
pub fn remove_client(tx: &mut Tx<'_>, seams: &Seams, provider: &str, app: Option<&AppId>) -> Result<bool, Fault> {
    if !rows::delete_client(tx, provider, app.map(AppId::as_str).unwrap_or_default())? {
        return Ok(false);
    }
    changed(tx, seams, provider, app)?;
    Ok(true)
}

/// Sets an operator's own descriptor; it has been checked. True when something changed.
pub fn set_descriptor(tx: &mut Tx<'_>, seams: &Seams, id: &str, text: &str) -> Result<bool, Fault> {
    if rows::find_descriptor(tx, id)?.as_deref() == Some(text) {
        return Ok(false);
    }
    rows::put_descriptor(tx, id, text, seams.now())?;
    changed(tx, seams, id, None)?;
    Ok(true)
}

/// Takes an operator's own descriptor away. False when there is none.
pub fn remove_descriptor(tx: &mut Tx<'_>, seams: &Seams, id: &str) -> Result<bool, Fault> {
    if !rows::delete_descriptor(tx, id)? {
        return Ok(false);
    }
    changed(tx, seams, id, None)?;
    Ok(true)
}

fn changed(tx: &mut Tx<'_>, seams: &Seams, provider: &str, app: Option<&AppId>) -> Result<(), Fault> {
    rows::raise_version(tx)?;
    let entry = journal::Entry::new(acts::PROVIDER_CHANGED, seams)?.detail(json!({ "provider": provider }));
    let entry = match app {
        Some(app) => entry.app(app),
        None => entry,
    };
    journal::write(tx, &entry)
}
