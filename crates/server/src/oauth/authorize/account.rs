//! A resource that is an account elsewhere: which of the person's accounts it is, and linking one when there is none (`product.md` 3.3).
//!
//! The person presses Allow once: where an account has to be linked first, what they chose waits with the link and is done when they
//! come back.

use super::Decision;
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::session::Signed;
use crate::views::Name;
use crate::widget;
use base::{ConnectionId, Digest, IdentityId};
use oauth::ask::{Connector, Proposal};
use serde::{Deserialize, Serialize};
use vault::Subject;
use vault::connection::Connection;
use vault::link::Purpose;
use vault::provider::Inputs;

/// What waits while an account is linked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub flow: String,
    pub identity: String,
    pub when: Option<String>,
}

/// The person's accounts that the request can be about, newest first. Nothing for a resource of an app.
pub(super) async fn accounts(
    app: &App,
    asked: &Connector,
    signed: &Signed,
    identity: &IdentityId,
) -> Result<Vec<Connection>, PageError> {
    let Some(provider) = &asked.resource.provider else { return Ok(Vec::new()) };
    let subject = Subject::Identity { account: signed.session.account.clone(), identity: identity.clone() };
    let needed = asked.resource.provider_scopes(&asked.scope);
    let all = app.vault.accounts_of(&asked.resource.app, &subject, provider).await?;
    Ok(all.into_iter().filter(|own| own.is_well() && own.scopes.covers(&needed)).collect())
}

/// The name of the service that the request is about. Nothing for a resource of an app.
pub(super) async fn service(app: &App, asked: &Connector) -> Result<Option<Name>, PageError> {
    let Some(id) = &asked.resource.provider else { return Ok(None) };
    let known = app.vault.provider(id).await?;
    Ok(Some(Name::new(known.as_ref().map_or(id, |provider| &provider.name))))
}

/// The account that the form names, or the only one there is.
pub(super) fn chosen(accounts: &[Connection], form: &Decision) -> Option<ConnectionId> {
    match (&form.connection, accounts) {
        (Some(named), accounts) => accounts.iter().find(|own| own.id.as_str() == named).map(|own| own.id.clone()),
        (None, [only]) => Some(only.id.clone()),
        (None, _) => None,
    }
}

/// Where the person has to go first: to the service, when Allow is about an account that is not linked yet.
pub(super) async fn must_link(
    app: &App,
    signed: &Signed,
    proposal: &Proposal,
    form: &Decision,
    browser: &Digest,
) -> Result<Option<String>, PageError> {
    let Some(asked) = proposal.connector.as_ref().filter(|asked| asked.resource.is_vault()) else { return Ok(None) };
    if form.answer != "allow" {
        return Ok(None);
    }
    let identities = app.people.identities(&signed.session.account).await.map_err(PageError::people)?;
    let Some(identity) = identities.into_iter().map(|own| own.id).find(|id| id.as_str() == form.identity) else {
        return Ok(None);
    };
    let wants_other = form.connection.as_deref() == Some("new");
    let accounts = accounts(app, asked, signed, &identity).await?;
    if !wants_other && chosen(&accounts, form).is_some() {
        return Ok(None);
    }
    let provider = asked.resource.provider.as_deref().unwrap_or_default();
    let configured = app.vault.configured_as(&asked.resource.app, provider).await?;
    let configured = configured.ok_or_else(widget::not_set_up)?;
    let scopes = configured.default_scopes().union(&asked.resource.provider_scopes(&asked.scope));
    let waiting = Waiting { flow: form.flow.clone(), identity: form.identity.clone(), when: form.when.clone() };
    let purpose = Purpose {
        app: asked.resource.app.clone(),
        subject: Subject::Identity { account: signed.session.account.clone(), identity },
        session: None,
        interaction: serde_json::to_string(&waiting).ok(),
        connection: None,
    };
    let begun = app.vault.begin_link(purpose, &configured, &scopes, Inputs::new(), browser).await;
    begun.map(Some).map_err(widget::refused)
}
