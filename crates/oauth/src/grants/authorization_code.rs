//! Spending an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6).
//!
//! Promise: a code yields at most one set of tokens, whoever races for it. A second try ends the tokens of the first. Client
//! authentication happens before this module.

use super::{CodeAsk, check_resource, check_verifier, verifier_fits};
use crate::OAuth;
use crate::acts;
use crate::app::App;
use crate::claims::Person;
use crate::code::{self, CodeState, Family};
use crate::refusal::{Code, Error, refuse};
use crate::token::{self, Issued, Minted, Tokens};
use base::{Bearer, Time};
use ledger::{EndedBy, Entry, grant, journal};
use std::sync::Arc;

enum Redeemed {
    Fresh(Box<Issued>),
    Guessed,
    Replayed,
}

impl OAuth {
    pub(super) async fn redeem(&self, app: &Arc<App>, ask: CodeAsk) -> Result<Tokens, Error> {
        if let Some(verifier) = &ask.verifier {
            check_verifier(verifier)?;
        }
        let code = Bearer::parse(code::PREFIX, ask.code.reveal()).ok_or_else(unknown)?;
        let (oauth, app_in, now) = (self.clone(), Arc::clone(app), self.seams.now());
        let outcome = self
            .store
            .write_again(move |tx| {
                let (oauth, app) = (&oauth, &app_in);
                let family = code::find(tx, &code)?.filter(|family| family.app == app.id).ok_or_else(unknown)?;
                let entry = |act| {
                    let entry = Entry::new(act, &oauth.seams)?.app(&family.app);
                    let (account, identity) = family.person()?;
                    Ok::<_, Error>(entry.account(account).identity(identity))
                };
                match family.state {
                    CodeState::Issued => {}
                    CodeState::Spent => {
                        if code::end(tx, family.number, EndedBy::Replay.as_str(), now)? {
                            journal::write(tx, &entry(acts::CODE_REPLAYED)?)?;
                        }
                        return Ok(Redeemed::Replayed);
                    }
                    CodeState::Burned | CodeState::None => return Err(unknown()),
                }
                check_time(&family, now)?;
                check_redirect(&family, &ask)?;
                check_resource(tx, &family, ask.resource.as_deref())?;
                if !check_proof(&family, &ask)? {
                    // The app is authenticated, so a wrong verifier is a guess, not a slip: burn the code.
                    code::burn(tx, family.number, now)?;
                    journal::write(tx, &entry(acts::CODE_BURNED)?)?;
                    return Ok(Redeemed::Guessed);
                }
                let person = oauth.live_person(tx, &family)?;
                if !code::take(tx, family.number, now)? {
                    code::end(tx, family.number, EndedBy::Replay.as_str(), now)?;
                    return Ok(Redeemed::Replayed);
                }
                if let Some(allowed) = &family.connector {
                    let written = allowed.write(tx, &family, &oauth.seams, now)?;
                    let detail = serde_json::json!({
                        "resource": written.resource.key, "scope": written.scope.to_string(),
                    });
                    let entry = entry(acts::CONNECTOR_GRANTED)?.grant(&written.grant).target(&written.resource.app);
                    journal::write(tx, &entry.detail(detail))?;
                }
                let issued = oauth.store_tokens(tx, app, family.clone(), person, now)?;
                if let Some(grant) = &family.grant {
                    grant::touch(tx, grant, now)?;
                }
                journal::write(tx, &entry(acts::CODE_REDEEMED)?)?;
                Ok(Redeemed::Fresh(Box::new(issued)))
            })
            .await?;
        match outcome {
            Redeemed::Fresh(issued) => Ok(self.sign(app, *issued).await?),
            Redeemed::Guessed => Err(refuse(Code::InvalidGrant, "the code verifier does not match")),
            Redeemed::Replayed => {
                Err(refuse(Code::InvalidGrant, "the code was already used; its tokens have been ended"))
            }
        }
    }

    /// The person of a live family; the same refusal whatever has ended.
    pub(super) fn live_person(&self, tx: &mut db::Tx, family: &Family) -> Result<Person, Error> {
        let (_, identity) = family.person()?;
        let person = self.claims.person(tx, identity)?;
        person
            .filter(|_| family.is_live())
            .ok_or_else(|| refuse(Code::InvalidGrant, "what the person allowed has ended"))
    }

    /// Stores the first tokens of a family.
    fn store_tokens(
        &self,
        tx: &mut db::Tx,
        app: &App,
        family: Family,
        person: Person,
        now: Time,
    ) -> Result<Issued, Error> {
        let minted = Minted::draw(&self.seams, family.scope.has("offline_access"))?;
        let ttl_secs = self.access_secs(app);
        token::insert_access(tx, &minted.access, family.number, &family.scope, now.plus_secs(ttl_secs))?;
        if let Some(refresh) = &minted.refresh {
            token::insert_refresh(tx, refresh, family.number, self.refresh_until(app, &family, now))?;
        }
        let scope = family.scope.clone();
        Ok(Issued { family, person: Some(person), minted, scope, at: now, ttl_secs, with_nonce: true })
    }
}

fn unknown() -> Error {
    refuse(Code::InvalidGrant, "the code is unknown or expired")
}

fn check_time(family: &Family, now: Time) -> Result<(), Error> {
    if family.code_until.is_none_or(|until| now >= until) || family.has_ended {
        return Err(unknown());
    }
    Ok(())
}

fn check_redirect(family: &Family, ask: &CodeAsk) -> Result<(), Error> {
    if family.redirect.as_deref() != Some(ask.redirect.as_str()) {
        return Err(refuse(Code::InvalidGrant, "the redirect URI differs from the one the code was issued for"));
    }
    Ok(())
}

/// False when a well-formed verifier is wrong.
fn check_proof(family: &Family, ask: &CodeAsk) -> Result<bool, Error> {
    match (&family.challenge, &ask.verifier) {
        (Some(challenge), Some(verifier)) => Ok(verifier_fits(verifier, challenge)),
        (Some(_), None) => Err(refuse(Code::InvalidRequest, "code_verifier is missing")),
        (None, Some(_)) => {
            Err(refuse(Code::InvalidGrant, "code_verifier without a code_challenge in the authorization request"))
        }
        (None, None) => Ok(true),
    }
}
