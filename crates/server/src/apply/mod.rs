//! `procura apply -f FILE`: organizations, apps and what belongs to them from one manifest.
//!
//! Promise: all of a manifest or nothing of it; applied again it changes nothing and repeats no secret; whatever is wrong is
//! named with its line.

mod calls;
mod connect;
mod manifest;
mod providers;
mod resources;
mod sources;
#[cfg(test)]
mod tests;

use base::{Fault, Seams, Secret};
use calls::{PlannedRule, PlannedSecret};
use connect::{PlannedIssuer, PlannedKey};
use db::{Sealer, Store, Tx};
use manifest::{AppTable, Manifest};
use oauth::app::{self, App, AppKind, Change, NewApp, Overlap, Wish};
use oauth::organization::{self, Actor, Organization};
use providers::PlannedProvider;
use resources::PlannedResource;
use sources::Sources;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

pub use sources::Environment;

/// Why nothing was applied.
#[derive(Debug)]
pub enum ApplyError {
    /// The manifest is wrong: a sentence for each place.
    Manifest(Vec<Mistake>),
    /// We or a dependency broke.
    Fault(Fault),
}

/// A line of the manifest and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub line: usize,
    pub sentence: String,
}

impl ApplyError {
    fn at(line: usize, sentence: impl Into<String>) -> ApplyError {
        ApplyError::Manifest(vec![Mistake { line, sentence: sentence.into() }])
    }
}

impl From<Fault> for ApplyError {
    fn from(fault: Fault) -> ApplyError {
        ApplyError::Fault(fault)
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyError::Manifest(mistakes) => {
                let sentences: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
                f.write_str(&sentences.join("; "))
            }
            ApplyError::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for ApplyError {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

/// The server that a manifest is applied to.
#[derive(Clone, Copy)]
pub struct Server<'a> {
    /// No resource may take its name.
    pub issuer: &'a str,
    /// What secrets at providers are sealed with.
    pub sealer: &'a Sealer,
    /// Hosts that the operator lets through: a descriptor may speak to them by http where they are this computer.
    pub allow: &'a [net::Allowed],
}

/// Applies a manifest and gives the lines to print, `KIND.KEY.FIELD=value` each. `base_dir` is where its `file:` paths begin.
pub async fn run(
    store: &Store,
    seams: &Seams,
    text: &str,
    base_dir: &Path,
    environment: Environment<'_>,
    server: Server<'_>,
) -> Result<Vec<String>, ApplyError> {
    let manifest = Manifest::read(text)?;
    let plan = Plan::make(manifest, &Sources { base_dir, environment }, server)?;
    let seams = seams.clone();
    store.write_again(move |tx| plan.carry_out(tx, &seams)).await
}

/// A manifest with everything it points to.
struct Plan {
    manifest: Manifest,
    apps: Vec<PlannedApp>,
    resources: Vec<PlannedResource>,
    keys: Vec<PlannedKey>,
    issuers: Vec<PlannedIssuer>,
    providers: Vec<PlannedProvider>,
    secrets: Vec<PlannedSecret>,
    rules: Vec<PlannedRule>,
    issuer: String,
    sealer: Sealer,
}

struct PlannedApp {
    place: usize,
    key: String,
    organization: String,
    kind: AppKind,
    client_id: Option<String>,
    secret: Option<Secret>,
    wish: Wish,
}

impl Plan {
    fn make(mut manifest: Manifest, sources: &Sources<'_>, server: Server<'_>) -> Result<Plan, ApplyError> {
        let mut mistakes = Vec::new();
        mistakes.extend(manifest.duplicates());
        let mut apps = Vec::new();
        for (place, table) in std::mem::take(&mut manifest.apps).into_iter().enumerate() {
            match planned(place, table, sources) {
                Ok(app) => apps.push(app),
                Err((field, sentence)) => mistakes.push(manifest.mistake("app", place, field, &sentence)),
            }
        }
        let mut resources = Vec::new();
        for (place, table) in std::mem::take(&mut manifest.resources).into_iter().enumerate() {
            match resources::planned(place, table) {
                Ok(resource) => resources.push(resource),
                Err((field, sentence)) => mistakes.push(manifest.mistake("resource", place, field, &sentence)),
            }
        }
        let mut keys = Vec::new();
        for (place, table) in std::mem::take(&mut manifest.keys).into_iter().enumerate() {
            match connect::planned_key(place, table, sources) {
                Ok(key) => keys.push(key),
                Err((field, sentence)) => mistakes.push(manifest.mistake("app_key", place, field, &sentence)),
            }
        }
        let tables = std::mem::take(&mut manifest.issuers).into_iter().enumerate();
        let issuers = tables.map(|(place, table)| connect::planned_issuer(place, table)).collect();
        let mut providers = Vec::new();
        for (place, table) in std::mem::take(&mut manifest.providers).into_iter().enumerate() {
            match providers::planned(place, table, sources, &server) {
                Ok(provider) => providers.push(provider),
                Err((field, sentence)) => mistakes.push(manifest.mistake("provider", place, field, &sentence)),
            }
        }
        let mut secrets = Vec::new();
        for (place, table) in std::mem::take(&mut manifest.secrets).into_iter().enumerate() {
            match calls::planned_secret(place, table, sources, &server) {
                Ok(secret) => secrets.push(secret),
                Err((field, sentence)) => mistakes.push(manifest.mistake("managed_secret", place, field, &sentence)),
            }
        }
        let mut rules = Vec::new();
        for (place, table) in std::mem::take(&mut manifest.policies).into_iter().enumerate() {
            match calls::planned_rule(place, table) {
                Ok(rule) => rules.push(rule),
                Err((field, sentence)) => mistakes.push(manifest.mistake("policy", place, field, &sentence)),
            }
        }
        if !mistakes.is_empty() {
            return Err(ApplyError::Manifest(mistakes));
        }
        let (issuer, sealer) = (server.issuer.to_owned(), server.sealer.clone());
        Ok(Plan { manifest, apps, resources, keys, issuers, providers, secrets, rules, issuer, sealer })
    }

    fn carry_out(&self, tx: &mut Tx<'_>, seams: &Seams) -> Result<Vec<String>, ApplyError> {
        let (mut lines, mut mistakes, mut organizations) = (Vec::new(), Vec::new(), HashMap::new());
        for (place, table) in self.manifest.organizations.iter().enumerate() {
            match put_organization(tx, seams, &table.key, &table.name) {
                Ok(found) => {
                    lines.push(format!("organization.{}.id={}", table.key, found.id));
                    organizations.insert(table.key.clone(), found);
                }
                Err(error) => mistakes.extend(self.manifest.mistakes("organization", place, error)?),
            }
        }
        let mut owners = HashMap::new();
        for app in &self.apps {
            match put_app(tx, seams, app, &organizations) {
                Ok((found, made)) => {
                    lines.push(format!("app.{}.client_id={}", app.key, found.client_id()));
                    lines.extend(made.map(|secret| format!("app.{}.client_secret={}", app.key, secret.reveal())));
                    owners.insert(app.key.as_str(), found);
                }
                Err(error) => mistakes.extend(self.manifest.mistakes("app", app.place, error)?),
            }
        }
        for resource in &self.resources {
            let Some(owner) = owners.get(resource.app.as_str()) else {
                mistakes.push(self.manifest.mistake("resource", resource.place, "app", "is no app of this file"));
                continue;
            };
            match resources::put(tx, seams, resource, &owner.id, &self.issuer) {
                Ok(()) => lines.push(format!("resource.{}.app={}", resource.key, resource.app)),
                Err(error) => mistakes.extend(self.manifest.mistakes("resource", resource.place, error)?),
            }
        }
        mistakes.extend(self.carry_out_connect(tx, seams, &owners, &mut lines)?);
        mistakes.extend(self.carry_out_calls(tx, seams, &owners, &mut lines)?);
        if mistakes.is_empty() { Ok(lines) } else { Err(ApplyError::Manifest(mistakes)) }
    }
}

impl Plan {
    /// Credentials at providers, keys and identity providers of the apps.
    fn carry_out_connect(
        &self,
        tx: &mut Tx<'_>,
        seams: &Seams,
        owners: &HashMap<&str, App>,
        lines: &mut Vec<String>,
    ) -> Result<Vec<Mistake>, ApplyError> {
        let mut mistakes = Vec::new();
        for provider in &self.providers {
            let owner = match &provider.app {
                None => None,
                Some(key) => {
                    if let Some(owner) = owners.get(key.as_str()) {
                        Some(&owner.id)
                    } else {
                        mistakes.push(self.manifest.mistake(
                            "provider",
                            provider.place,
                            "app",
                            "is no app of this file",
                        ));
                        continue;
                    }
                }
            };
            providers::put(tx, seams, provider, owner, &self.sealer)?;
            lines.push(format!("provider.{}.app={}", provider.id, provider.app.as_deref().unwrap_or("*")));
        }
        for key in &self.keys {
            let Some(owner) = owners.get(key.app.as_str()) else {
                mistakes.push(self.manifest.mistake("app_key", key.place, "app", "is no app of this file"));
                continue;
            };
            match connect::put_key(tx, seams, key, owner) {
                Ok(made) => {
                    lines.push(format!("app_key.{}.app={}", key.key, key.app));
                    lines.extend(made.map(|text| format!("app_key.{}.value={}", key.key, text.reveal())));
                }
                Err(error) => mistakes.push(self.manifest.vault_mistake("app_key", key.place, error)?),
            }
        }
        for issuer in &self.issuers {
            let Some(owner) = owners.get(issuer.app.as_str()) else {
                mistakes.push(self.manifest.mistake("identity_issuer", issuer.place, "app", "is no app of this file"));
                continue;
            };
            match connect::put_issuer(tx, seams, issuer, owner, &self.issuer) {
                Ok(()) => lines.push(format!("identity_issuer.{}.issuer={}", issuer.app, issuer.new.issuer)),
                Err(error) => mistakes.push(self.manifest.vault_mistake("identity_issuer", issuer.place, error)?),
            }
        }
        Ok(mistakes)
    }
}

impl Plan {
    /// Secrets of the apps, and what their calls need.
    fn carry_out_calls(
        &self,
        tx: &mut Tx<'_>,
        seams: &Seams,
        owners: &HashMap<&str, App>,
        lines: &mut Vec<String>,
    ) -> Result<Vec<Mistake>, ApplyError> {
        let mut mistakes = Vec::new();
        for secret in &self.secrets {
            let Some(owner) = owners.get(secret.app.as_str()) else {
                mistakes.push(self.manifest.mistake("managed_secret", secret.place, "app", "is no app of this file"));
                continue;
            };
            match vault::secret::put(tx, seams, &self.sealer, &owner.id, &secret.wish) {
                Ok(_) => lines.push(format!("managed_secret.{}.app={}", secret.wish.slug, secret.app)),
                Err(error) => mistakes.push(self.manifest.vault_mistake("managed_secret", secret.place, error)?),
            }
        }
        for rule in &self.rules {
            let Some(owner) = owners.get(rule.app.as_str()) else {
                mistakes.push(self.manifest.mistake("policy", rule.place, "app", "is no app of this file"));
                continue;
            };
            if let Err(error) = vault::policy::put(tx, seams, &owner.id, &rule.wish) {
                mistakes.push(self.manifest.vault_mistake("policy", rule.place, error)?);
            }
        }
        Ok(mistakes)
    }
}

fn put_organization(tx: &mut Tx<'_>, seams: &Seams, key: &str, name: &str) -> Result<Organization, app::Error> {
    match organization::find_by_key(tx, key)? {
        None => organization::create(tx, seams, &Actor::Operator, Some(key.to_owned()), name),
        Some(found) => {
            organization::rename(tx, seams, &Actor::Operator, &found.id, name)?;
            Ok(found)
        }
    }
}

/// Registers the app, or changes what differs. Gives the secret if one had to be made up.
fn put_app(
    tx: &mut Tx<'_>,
    seams: &Seams,
    planned: &PlannedApp,
    organizations: &HashMap<String, Organization>,
) -> Result<(App, Option<Secret>), app::Error> {
    let stored = match organizations.get(&planned.organization) {
        Some(found) => Some(found.clone()),
        None => organization::find_by_key(tx, &planned.organization)?,
    };
    let owner = stored.ok_or_else(|| app::Error::about("organization", "is no organization of this server"))?;
    if let Some(found) = app::find_by_key(tx, &owner.id, &planned.key)? {
        return change_app(tx, seams, planned, &found);
    }
    let new = NewApp {
        organization: owner.id,
        kind: planned.kind,
        key: Some(planned.key.clone()),
        client_id: planned.client_id.clone(),
        secret: planned.secret.clone(),
    };
    let created = app::create(tx, seams, &Actor::Operator, new, planned.wish.clone())?;
    Ok((created.app, created.secret))
}

fn change_app(
    tx: &mut Tx<'_>,
    seams: &Seams,
    planned: &PlannedApp,
    found: &App,
) -> Result<(App, Option<Secret>), app::Error> {
    if planned.client_id.as_deref().is_some_and(|asked| asked != found.client_id()) {
        return Err(app::Error::about(
            "client_id",
            "the app has another one, which cannot change: give it another key",
        ));
    }
    if planned.kind != found.kind {
        return Err(app::Error::about("type", "the app has another one, which cannot change: give it another key"));
    }
    app::update_if_different(tx, seams, &Actor::Operator, &found.id, planned.wish.clone())?;
    let made = match &planned.secret {
        Some(text) => {
            app::give_secret(tx, seams, &Actor::Operator, found, text.clone())?;
            None
        }
        None if found.is_confidential() && found.live_secrets(seams.now()).next().is_none() => {
            Some(app::rotate_secret(tx, seams, &Actor::Operator, &found.id, Overlap::NONE)?.secret)
        }
        None => None,
    };
    Ok((found.clone(), made))
}

/// What a table asks for, with its secrets and pictures fetched. The error names the field.
fn planned(place: usize, table: AppTable, sources: &Sources<'_>) -> Result<PlannedApp, (&'static str, String)> {
    let kind = match table.kind.as_deref() {
        None => AppKind::Confidential,
        Some(word) => AppKind::parse(word).ok_or(("type", "is public or confidential".to_owned()))?,
    };
    if table.jwks.is_some() {
        return Err(("jwks", "private_key_jwt is not supported by this version".to_owned()));
    }
    if table.jwks_uri.is_some() {
        return Err(("jwks_uri", "private_key_jwt is not supported by this version".to_owned()));
    }
    let secret = table.client_secret.as_deref().map(|text| sources.secret(text)).transpose();
    let secret = secret.map_err(|why| ("client_secret", why))?;
    let branding = table.branding.unwrap_or_default();
    let logo = branding.logo.as_deref().map(|text| sources.picture(text)).transpose();
    let logo = logo.map_err(|why| ("branding.logo", why))?;
    let scopes = table.scopes.unwrap_or_else(|| app::DEFAULT_SCOPES.map(str::to_owned).to_vec());
    let wish = Wish {
        name: Some(table.name),
        // The file does not speak of it, so it stays as somebody wrote it on the pages.
        description: Change::Keep,
        website: Change::to(table.website_url),
        logo: Change::to(logo),
        accent: Change::to(branding.accent),
        redirect_uris: Some(table.redirect_uris),
        post_logout_redirect_uris: Some(table.post_logout_redirect_uris),
        backchannel_logout_uri: Change::to(table.backchannel_logout_uri),
        native: Some(table.native),
        development_mode: Some(table.development_mode),
        background: Some(table.background),
        scopes: Some(scopes),
        require_pkce: Some(table.require_pkce),
        auth_method: table.token_endpoint_auth_method,
        alg: Some(table.id_token_signed_response_alg.unwrap_or_else(|| "RS256".to_owned())),
        access_ttl_secs: Change::to(table.access_token_ttl_secs),
        refresh_idle_secs: Change::to(table.refresh_token_idle_secs),
        refresh_absolute_secs: Change::to(table.refresh_token_absolute_secs),
        refresh_replay_secs: Change::to(table.refresh_replay_window_secs),
        hand_out_tokens: Some(table.hand_out_tokens),
    };
    let (key, organization, client_id) = (table.key, table.organization, table.client_id);
    Ok(PlannedApp { place, key, organization, kind, client_id, secret, wish })
}
