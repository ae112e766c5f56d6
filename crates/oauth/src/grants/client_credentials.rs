//! A token for the app itself (RFC 6749 §4.4): no person, no ID token, no refresh token.

use crate::OAuth;
use crate::acts;
use crate::app::App;
use crate::code::{self, CodeState, Family, NewFamily};
use crate::refusal::{Code, Result, refuse};
use crate::token::{self, Issued, Minted, Tokens};
use base::Scope;
use ledger::{Entry, journal};
use std::sync::Arc;

impl OAuth {
    pub(super) async fn client_credentials(&self, app: &Arc<App>, scope: Option<&str>) -> Result<Tokens> {
        if !app.is_confidential() {
            return Err(refuse(Code::UnauthorizedClient, "only a confidential app can act for itself"));
        }
        // Sign-in scopes speak of a person, and those of resources of what a person allows.
        if scope.is_some_and(|scope| !scope.trim().is_empty()) {
            return Err(refuse(Code::InvalidScope, "a token for the app itself has no scope: leave it out"));
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
                let new = NewFamily::of_client(number, &app.id, &Scope::empty(), now.plus_secs(ttl_secs));
                code::insert(tx, &new)?;
                token::insert_access(tx, &minted.access, number, &new.scope, now.plus_secs(ttl_secs))?;
                journal::write(tx, &Entry::new(acts::CLIENT_TOKEN_ISSUED, &oauth.seams)?.app(&app.id))?;
                Ok(Issued {
                    family: family(new),
                    person: None,
                    minted,
                    scope: Scope::empty(),
                    at: now,
                    ttl_secs,
                    with_nonce: false,
                })
            })
            .await?;
        Ok(self.sign(app, issued).await?)
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
        audience: None,
        has_ended: false,
        grant_has_ended: false,
        session_has_ended: false,
        app_is_off: false,
    }
}
