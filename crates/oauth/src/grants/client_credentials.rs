//! A token for the app itself (RFC 6749 §4.4): no person, no ID token, no refresh token; scopes of the app's own resources.

use super::ClientAsk;
use crate::OAuth;
use crate::acts;
use crate::app::App;
use crate::ask::is_same;
use crate::code::{self, CodeState, Family, NewFamily};
use crate::refusal::{Code, Result, refuse};
use crate::resource::{self, Resource};
use crate::token::{self, Issued, Minted, Tokens};
use base::Scope;
use db::Tx;
use ledger::{Entry, journal};
use std::sync::Arc;

impl OAuth {
    pub(super) async fn client_credentials(&self, app: &Arc<App>, ask: ClientAsk) -> Result<Tokens> {
        if !app.is_confidential() {
            return Err(refuse(Code::UnauthorizedClient, "only a confidential app can act for itself"));
        }
        let (oauth, app_in, now) = (self.clone(), Arc::clone(app), self.seams.now());
        let ttl_secs = self.access_secs(app);
        let issued = self
            .store
            .write_again(move |tx| {
                let (oauth, app) = (&oauth, &app_in);
                let minted = Minted::draw(&oauth.seams, false)?;
                let number = oauth.seams.number()?;
                if crate::app::find(tx, &app.id)?.is_none_or(|app| app.disabled_at.is_some()) {
                    return Err(crate::app::unknown_client());
                }
                let (scope, audience) = own(tx, app, &ask)?;
                let until = now.plus_secs(ttl_secs);
                let new = NewFamily { audience, ..NewFamily::of_client(number, &app.id, &scope, until) };
                code::insert(tx, &new)?;
                token::insert_access(tx, &minted.access, number, &new.scope, until)?;
                journal::write(tx, &Entry::new(acts::CLIENT_TOKEN_ISSUED, &oauth.seams)?.app(&app.id))?;
                Ok(Issued { family: family(new), person: None, minted, scope, at: now, ttl_secs, with_nonce: false })
            })
            .await?;
        Ok(self.sign(app, issued).await?)
    }
}

/// What the app asks of its own resources, and for which of them. Sign-in scopes speak of a person, and those of other apps of
/// what a person allows.
fn own(tx: &mut Tx, app: &App, ask: &ClientAsk) -> Result<(Scope, Option<String>)> {
    let text = ask.scope.as_deref().unwrap_or_default();
    if text.trim().is_empty() && ask.resource.is_none() {
        return Ok((Scope::empty(), None));
    }
    let mut owned = resource::find_active_of_app(tx, &app.id)?;
    let mut audience = None;
    if let Some(asked) = &ask.resource {
        owned.retain(|resource| resource.key == *asked || is_same(&resource.audience, asked));
        let Some(named) = owned.first() else {
            return Err(refuse(Code::InvalidTarget, "the resource is none of this app's own, or is not active"));
        };
        audience = Some(named.audience.clone());
    }
    let is_own = |word: &str| owned.iter().any(|resource: &Resource| resource.find_scope(word).is_some());
    match Scope::parse(text) {
        Some(scope) if scope.iter().all(is_own) => Ok((scope, audience)),
        _ => Err(refuse(Code::InvalidScope, "scope names something else than what this app's own resources offer")),
    }
}

fn family(new: NewFamily) -> Family {
    Family {
        number: new.number,
        state: CodeState::None,
        app: new.app,
        account: None,
        identity: None,
        grant: None,
        session: None,
        scope: new.scope,
        asked_scope: new.asked_scope,
        redirect: None,
        challenge: None,
        nonce: None,
        auth_time: None,
        amr: None,
        acr: None,
        code_until: None,
        connector: None,
        audience: new.audience,
        has_ended: false,
        grant_has_ended: false,
        session_has_ended: false,
        app_is_off: false,
    }
}
