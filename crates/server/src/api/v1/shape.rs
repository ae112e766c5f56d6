//! What the API shows of a thing. Secrets and digests have no place here.

use crate::app::App;
use ledger::Grant;
use ledger::journal::Told;
use oauth::Delegation;
use oauth::app::{App as Registered, AppSecret};
use oauth::organization::{Member, Organization};
use oauth::resource::Resource;
use people::account::Account;
use people::identity::Identity;
use serde_json::{Value, json};
use vault::subject::Issuer;

/// An app as a list shows it.
pub fn app(server: &App, app: &Registered) -> Value {
    json!({
        "client_id": app.client_id(),
        "organization_id": app.organization.as_ref().map(base::OrganizationId::as_str),
        "key": app.key,
        "name": app.name,
        "description": app.description,
        "type": app.kind.as_str(),
        "website_url": app.website,
        "redirect_uris": app.redirect_uris.iter().map(base::RedirectUri::as_str).collect::<Vec<_>>(),
        "post_logout_redirect_uris": app.post_logout_redirect_uris.iter().map(base::RedirectUri::as_str).collect::<Vec<_>>(),
        "backchannel_logout_uri": app.backchannel_logout_uri,
        "native": app.native,
        "development_mode": app.development_mode,
        "background": app.background,
        "scopes": app.scopes.iter().collect::<Vec<_>>(),
        "require_pkce": app.require_pkce,
        "token_endpoint_auth_method": app.auth_method.as_str(),
        "id_token_signed_response_alg": app.alg.as_str(),
        "access_token_ttl_secs": app.access_ttl_secs,
        "refresh_token_idle_secs": app.refresh_idle_secs,
        "refresh_token_absolute_secs": app.refresh_absolute_secs,
        "refresh_replay_window_secs": app.refresh_replay_secs,
        "hand_out_tokens": app.hand_out_tokens,
        "branding": {
            "logo_url": app.logo.as_ref().map(|logo| server.url(&format!("/logos/{logo}"))),
            "accent": app.accent,
        },
        "created_at": app.created_at.iso(),
        "updated_at": app.updated_at.iso(),
        "disabled_at": app.disabled_at.map(base::Time::iso),
    })
}

/// An app by itself, with what is known of its secrets.
pub fn whole_app(server: &App, found: &Registered) -> Value {
    let mut shown = app(server, found);
    if let Some(members) = shown.as_object_mut() {
        members.insert("secrets".to_owned(), found.secrets.iter().map(secret).collect());
    }
    shown
}

fn secret(secret: &AppSecret) -> Value {
    json!({
        "id": secret.id.to_string(),
        "hint": secret.hint,
        "created_at": secret.created_at.iso(),
        "expires_at": secret.expires_at.map(base::Time::iso),
    })
}

/// An organization.
pub fn organization(organization: &Organization) -> Value {
    json!({
        "id": organization.id.as_str(),
        "key": organization.key,
        "name": organization.name,
        "personal": organization.personal_of.is_some(),
        "created_at": organization.created_at.iso(),
    })
}

/// Somebody of an organization.
pub fn member(member: &Member) -> Value {
    json!({
        "account_id": member.account.as_str(),
        "role": member.role.as_str(),
        "joined_at": member.joined_at.iso(),
    })
}

/// A person's account.
pub fn user(account: &Account, identities: &[Identity]) -> Value {
    json!({
        "account_id": account.id.as_str(),
        "is_operator": account.is_operator,
        "created_at": account.created_at.iso(),
        "disabled_at": account.disabled_at.map(base::Time::iso),
        "identities": identities.iter().map(identity).collect::<Vec<_>>(),
    })
}

fn identity(identity: &Identity) -> Value {
    json!({
        "sub": identity.id.as_str(),
        "handle": identity.handle,
        "name": identity.display_name,
        "email": identity.email,
        "is_primary": identity.is_primary,
        "created_at": identity.created_at.iso(),
    })
}

/// A permission that an app has.
pub fn grant(grant: &Grant) -> Value {
    json!({
        "id": grant.id.as_str(),
        "kind": grant.kind.as_str(),
        "sub": grant.identity.as_ref().map(base::IdentityId::as_str),
        "target": Some(&grant.target).filter(|target| !target.is_empty()),
        "scope": grant.scope.to_string(),
        "created_at": grant.created_at.iso(),
        "last_used_at": grant.last_used_at.map(base::Time::iso),
        "expires_at": grant.expires_at.map(base::Time::iso),
    })
}

/// What an app offers to other apps.
pub fn resource(resource: &Resource) -> Value {
    json!({
        "id": resource.id.as_str(),
        "key": resource.key,
        "client_id": resource.app.as_str(),
        "organization_id": resource.organization.as_str(),
        "name": resource.name,
        "description": resource.description,
        "audience": resource.audience,
        "runtime_endpoint": resource.runtime_endpoint,
        "allow_chains": resource.allow_chains,
        "open_audience": resource.open_audience,
        "scopes": resource.scopes,
        "status": resource.status(),
        "created_at": resource.created_at.iso(),
        "updated_at": resource.updated_at.iso(),
        "paused_at": resource.paused_at.map(base::Time::iso),
    })
}

/// A grant on a resource, with the app that holds it.
pub fn delegation(held: &Delegation) -> Value {
    json!({
        "id": held.id.as_str(),
        "client_id": held.source.as_str(),
        "sub": held.identity.as_ref().map(base::IdentityId::as_str),
        "scope": held.scope.to_string(),
        "mode": held.presence.as_str(),
        "suspended": held.is_suspended,
        "created_at": held.created_at.iso(),
        "last_used_at": held.last_used_at.map(base::Time::iso),
    })
}

/// Who vouches for an app's people, besides this server.
pub fn issuer(issuer: &Issuer) -> Value {
    json!({
        "client_id": issuer.app.as_str(),
        "issuer": issuer.issuer,
        "audience": issuer.audience,
        "jwks_uri": issuer.jwks_uri,
        "subject_claim": issuer.subject_claim,
        "email_claim": issuer.email_claim,
        "name_claim": issuer.name_claim,
        "groups_claim": issuer.groups_claim,
        "created_at": issuer.created_at.iso(),
        "updated_at": issuer.updated_at.iso(),
    })
}

/// A row of the journal.
pub fn told(told: &Told) -> Value {
    json!({
        "id": told.number.to_string(),
        "at": told.at.iso(),
        "act": told.act,
        "account_id": told.account.as_ref().map(base::AccountId::as_str),
        "sub": told.identity.as_ref().map(base::IdentityId::as_str),
        "client_id": told.app.as_ref().map(base::AppId::as_str),
        "target_client_id": told.target.as_ref().map(base::AppId::as_str),
        "organization_id": told.organization.as_ref().map(base::OrganizationId::as_str),
        "grant_id": told.grant.as_ref().map(base::GrantId::as_str),
        "source": told.source,
        "detail": told.detail,
    })
}
