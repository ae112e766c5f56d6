//! What comes next for a checked request: an answer, a sign-in, or the question.

use crate::OAuth;
use crate::ask::{Answer, Proposal};
use crate::connector::Standing;
use crate::refusal::Code;
use crate::signer::{Persona, Signer};
use base::{AppId, Fault, IdentityId, Scope, Time};
use ledger::{Grant, Kind, Presence, grant};

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// The app gets its answer at once.
    Answer(Answer),
    /// The person signs in first; `again` although somebody is signed in.
    SignIn { again: bool },
    /// The person is asked.
    Ask(Ask),
    /// An unverified app asked for silence: a page says so, nothing is sent (threat 10).
    NoSilence,
}

/// The question that the consent page puts.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The identity that is preselected.
    pub identity: IdentityId,
    /// What this identity has allowed the app before.
    pub already: Scope,
    /// All that was asked was allowed before: one sentence is enough.
    pub is_remembered: bool,
    pub withheld: Withheld,
    /// What this identity has allowed at the other app, where one is asked about.
    pub standing: Option<Standing>,
}

/// Whether the e-mail address can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    Nothing,
    /// `email` was asked and the chosen identity has no verified address.
    Email,
}

impl OAuth {
    /// Decides what comes next. `began_at` is when the stored request began, if it is one: a sign-in since then is a fresh one.
    /// `chosen` is the identity the person has picked on the page.
    pub async fn next_step(
        &self,
        proposal: &Proposal,
        signer: Option<&Signer>,
        began_at: Option<Time>,
        chosen: Option<&str>,
    ) -> Result<Step, Fault> {
        let is_unverified = proposal.app.is_quick();
        if proposal.prompt.none && is_unverified {
            return Ok(Step::NoSilence);
        }
        let Some(signer) = signer else {
            return Ok(self.sign_in_or(proposal, Code::LoginRequired, "nobody is signed in", false));
        };
        if let Some(why) = needs_fresh_sign_in(proposal, signer, began_at, self.seams.now()) {
            return Ok(self.sign_in_or(proposal, Code::LoginRequired, why, true));
        }
        if proposal.hinted_subject.as_deref().is_some_and(|subject| signer.persona(subject).is_none()) {
            let is_second_try = began_at.is_some_and(|began| signer.auth_time >= began);
            if is_second_try && !is_unverified {
                return Ok(Step::Answer(self.refusal(
                    proposal,
                    Code::LoginRequired,
                    "another person is signed in than id_token_hint names",
                )));
            }
            return Ok(self.sign_in_or(
                proposal,
                Code::LoginRequired,
                "another person is signed in than id_token_hint names",
                true,
            ));
        }
        let grants = self.sign_in_grants(signer, &proposal.app.id, proposal.audience()).await?;
        let Some(persona) = pick(proposal, signer, &grants, chosen) else {
            return Ok(self.sign_in_or(proposal, Code::LoginRequired, "the account has no identity", true));
        };
        let grant = grants.iter().find(|grant| grant.identity.as_ref() == Some(&persona.id));
        let already = grant.map_or_else(Scope::empty, |grant| grant.scope.clone());
        if let Some(asked) = &proposal.connector {
            let standing = self.standing(asked, &persona.id, &proposal.app.id).await?;
            return self.connector_step(proposal, signer, &persona.id, already, standing).await;
        }
        let (needed, withheld) = split_email(&proposal.scope, persona);
        // What is missing must have been asked before and have been missing then too.
        let missing = proposal.scope.without(&needed);
        let is_remembered = proposal.app.may_be_remembered()
            && grant.is_some_and(|grant| {
                grant.scope.covers(&needed) && grant.scope.union(&grant.withheld).covers(&missing)
            });
        let must_show = proposal.prompt.consent || proposal.prompt.select_account || is_unverified;
        if is_remembered && !must_show {
            let identity = persona.id.clone();
            return match self.issue_silently(proposal, signer, &identity, needed).await? {
                Some(answer) => Ok(Step::Answer(answer)),
                None => Ok(self.consent_or_ask(
                    proposal,
                    Ask { identity, already: Scope::empty(), is_remembered: false, withheld, standing: None },
                )),
            };
        }
        let ask = Ask { identity: persona.id.clone(), already, is_remembered, withheld, standing: None };
        Ok(self.consent_or_ask(proposal, ask))
    }

    /// `user_present` is always shown, `background` never is (seed 001, `product.md` 3.3 and 3.5).
    async fn connector_step(
        &self,
        proposal: &Proposal,
        signer: &Signer,
        identity: &IdentityId,
        already: Scope,
        standing: Standing,
    ) -> Result<Step, Fault> {
        let is_shown = proposal.prompt.consent || proposal.prompt.select_account;
        let asked = proposal.connector.as_ref().filter(|asked| asked.mode == Presence::Background && !is_shown);
        if asked.is_some_and(|asked| standing.is_silent_for(asked)) {
            // Nothing is granted here: what there is goes on (threat 127).
            let scope = already.intersection(&proposal.app.scopes);
            if let Some(answer) = self.issue_silently(proposal, signer, identity, scope).await? {
                return Ok(Step::Answer(answer));
            }
        }
        let (identity, is_remembered) = (identity.clone(), !already.is_empty());
        let ask = Ask { identity, already, is_remembered, withheld: Withheld::Nothing, standing: Some(standing) };
        Ok(self.consent_or_ask(proposal, ask))
    }

    fn consent_or_ask(&self, proposal: &Proposal, ask: Ask) -> Step {
        if proposal.is_silent() {
            return Step::Answer(self.refusal(
                proposal,
                Code::ConsentRequired,
                "the person has not allowed all of this before",
            ));
        }
        Step::Ask(ask)
    }

    fn sign_in_or(&self, proposal: &Proposal, code: Code, description: &'static str, again: bool) -> Step {
        if proposal.is_silent() {
            Step::Answer(self.refusal(proposal, code, description))
        } else {
            Step::SignIn { again }
        }
    }

    fn refusal(&self, proposal: &Proposal, code: Code, description: &str) -> Answer {
        Answer::refused(self, &proposal.redirect, proposal.mode, proposal.state.clone(), code, description)
    }

    /// The live sign-in grants of the signer's identities for an app and an audience, the latest first.
    async fn sign_in_grants(&self, signer: &Signer, app: &AppId, audience: &str) -> Result<Vec<Grant>, Fault> {
        let (identities, app, audience) = (signer.identities.clone(), app.clone(), audience.to_owned());
        self.store
            .read(move |tx| {
                let mut grants = Vec::new();
                for persona in &identities {
                    grants.extend(grant::find_live(tx, Kind::SignIn, &persona.id, &app, &audience)?);
                }
                grants.sort_by_key(|grant: &Grant| std::cmp::Reverse(grant.last_used_at.unwrap_or(grant.updated_at)));
                Ok(grants)
            })
            .await
    }
}

/// The scope without `email` where the identity has no verified address, and whether that was so.
pub(super) fn split_email(asked: &Scope, persona: &Persona) -> (Scope, Withheld) {
    if asked.has("email") && !persona.has_verified_email {
        return (asked.without(&Scope::of(["email"])), Withheld::Email);
    }
    (asked.clone(), Withheld::Nothing)
}

fn needs_fresh_sign_in(
    proposal: &Proposal,
    signer: &Signer,
    began_at: Option<Time>,
    now: Time,
) -> Option<&'static str> {
    let is_since_request = began_at.is_some_and(|began| signer.auth_time >= began);
    if proposal.prompt.login && !is_since_request {
        return Some("the app asks for a fresh sign-in");
    }
    let age_ms = now.ms_since(signer.auth_time);
    if proposal.max_age_secs.is_some_and(|max_age| age_ms > max_age.saturating_mul(1000)) && !is_since_request {
        return Some("the sign-in is older than max_age");
    }
    // A recovery code is not a passkey: who can show one may, who cannot gets `acr` 1 after trying.
    if proposal.wants_passkey && signer.acr != "phr" && !is_since_request {
        return Some("the sign-in was weaker than acr_values asks for");
    }
    None
}

/// The identity to preselect: the one chosen, then what the request hints at, then the last one used here, then the first.
fn pick<'a>(proposal: &Proposal, signer: &'a Signer, grants: &[Grant], chosen: Option<&str>) -> Option<&'a Persona> {
    let by_id = |id: &str| signer.persona(id);
    let by_login = |hint: &str| {
        signer.identities.iter().find(|persona| persona.handle.eq_ignore_ascii_case(hint.trim_start_matches('@')))
    };
    proposal
        .hinted_subject
        .as_deref()
        .and_then(by_id)
        .or_else(|| chosen.and_then(by_id))
        .or_else(|| proposal.identity_hint.as_ref().and_then(|id| by_id(id.as_str())))
        .or_else(|| proposal.login_hint.as_deref().and_then(|hint| by_id(hint).or_else(|| by_login(hint))))
        .or_else(|| grants.iter().find_map(|grant| grant.identity.as_ref().and_then(|id| by_id(id.as_str()))))
        .or_else(|| signer.identities.first())
}
