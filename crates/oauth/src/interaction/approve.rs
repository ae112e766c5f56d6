//! The person's decision, and the code it yields.

use super::step::split_email;
use super::{Interaction, rows};
use crate::OAuth;
use crate::acts;
use crate::ask::{Answer, Proposal};
use crate::code::{self, NewFamily};
use crate::connector::Allowed;
use crate::refusal::Code;
use crate::signer::Signer;
use base::{Bearer, ConnectionId, Fault, GrantId, IdentityId, Scope, Time};
use db::Tx;
use ledger::{Act, Entry, Kind, NewGrant, Presence, grant, journal};

impl OAuth {
    /// Allow: opens or widens the sign-in grant and issues the code, in one write. Nothing when the request was decided before, or
    /// the identity is not the signer's. `presence` is the answer to *when*, where the page asked it;
    /// `connection` the linked account that was chosen for a vault resource.
    pub async fn approve(
        &self,
        interaction: &Interaction,
        proposal: &Proposal,
        signer: &Signer,
        identity: &str,
        presence: Option<Presence>,
        connection: Option<ConnectionId>,
    ) -> Result<Option<Answer>, Fault> {
        let Some(persona) = signer.persona(identity) else { return Ok(None) };
        if proposal.hinted_subject.as_deref().is_some_and(|subject| subject != identity) {
            return Ok(None);
        }
        let (scope, _) = split_email(&proposal.scope, persona);
        let consent = Consent::Given { interaction: interaction.number, presence, connection };
        self.issue(proposal, signer, &persona.id, scope, consent).await
    }

    /// Deny: the app is told, nothing is kept but the row in the journal.
    pub async fn deny(
        &self,
        interaction: &Interaction,
        proposal: &Proposal,
        signer: &Signer,
    ) -> Result<Option<Answer>, Fault> {
        let entry = self.entry_of(proposal, signer, acts::SIGN_IN_DENIED, acts::CONNECTOR_DENIED)?;
        let (number, now) = (interaction.number, self.seams.now());
        let is_taken = self
            .store
            .write(move |tx| {
                let is_taken = rows::take(tx, number, now)?;
                if is_taken {
                    journal::write(tx, &entry)?;
                }
                Ok::<_, Fault>(is_taken)
            })
            .await?;
        Ok(is_taken.then(|| self.denied(proposal)))
    }

    /// The row for a decision: about sign-in, or about what is done at another app, whose developers see it too.
    fn entry_of(&self, proposal: &Proposal, signer: &Signer, sign_in: Act, connector: Act) -> Result<Entry, Fault> {
        let act = if proposal.connector.is_some() { connector } else { sign_in };
        let entry = Entry::new(act, &self.seams)?.account(&signer.account).app(&proposal.app.id);
        Ok(match &proposal.connector {
            None => entry,
            Some(asked) => entry.target(&asked.resource.app).detail(serde_json::json!({
                "resource": asked.resource.key, "scope": asked.scope.to_string(),
            })),
        })
    }

    fn denied(&self, proposal: &Proposal) -> Answer {
        let description = "the person did not allow it";
        Answer::refused(
            self,
            &proposal.redirect,
            proposal.mode,
            proposal.state.clone(),
            Code::AccessDenied,
            description,
        )
    }

    /// A code for what was allowed before. Nothing when the grant has ended or narrowed meanwhile.
    pub(super) async fn issue_silently(
        &self,
        proposal: &Proposal,
        signer: &Signer,
        identity: &IdentityId,
        scope: Scope,
    ) -> Result<Option<Answer>, Fault> {
        self.issue(proposal, signer, identity, scope, Consent::Remembered).await
    }

    async fn issue(
        &self,
        proposal: &Proposal,
        signer: &Signer,
        identity: &IdentityId,
        scope: Scope,
        consent: Consent,
    ) -> Result<Option<Answer>, Fault> {
        let (oauth, now) = (self.clone(), self.seams.now());
        let code_until = now.plus_secs(self.settings.code_secs);
        let (proposal_in, signer_in, identity) = (proposal.clone(), signer.clone(), identity.clone());
        let code = self
            .store
            .write_again(move |tx| {
                let (proposal, signer, seams) = (&proposal_in, &signer_in, &oauth.seams);
                if let Consent::Given { interaction, .. } = &consent
                    && !rows::take(tx, *interaction, now)?
                {
                    return Ok(None);
                }
                let session = grant::find(tx, &signer.session)?;
                if !session.is_some_and(|session| session.is_live(now)) {
                    return Ok(None);
                }
                let Some((grant, scope)) = consent.grant(tx, proposal, signer, &identity, &scope, seams, now)? else {
                    return Ok(None);
                };
                let code = Bearer::mint(code::PREFIX, seams.number()?, seams.entropy())?;
                let until = oauth.family_until(&proposal.app, &scope, now);
                let family = NewFamily::of_code(&code, proposal, signer, &identity, &grant, &scope, code_until, until);
                let connector = match (&proposal.connector, &consent) {
                    (Some(asked), Consent::Given { presence, connection, .. }) => {
                        Some(Allowed::new(asked, (*presence).filter(|_| asked.offers_background), connection.as_ref()))
                    }
                    _ => None,
                };
                code::insert(tx, &NewFamily { connector, ..family })?;
                if matches!(consent, Consent::Given { .. }) {
                    let entry = oauth.entry_of(proposal, signer, acts::SIGN_IN_ALLOWED, acts::CONNECTOR_ALLOWED)?;
                    journal::write(tx, &entry.identity(&identity).grant(&grant))?;
                }
                Ok::<_, Fault>(Some(code.secret().clone()))
            })
            .await?;
        Ok(code.map(|code| Answer::granted(self, proposal, &code)))
    }
}

#[derive(Debug, Clone)]
enum Consent {
    /// Given now, on the page of this stored request.
    Given { interaction: i64, presence: Option<Presence>, connection: Option<ConnectionId> },
    /// Given before: the grant must cover it still.
    Remembered,
}

impl Consent {
    /// The sign-in grant, opened or widened, and what the code is good for.
    #[allow(clippy::too_many_arguments)]
    fn grant(
        &self,
        tx: &mut Tx,
        proposal: &Proposal,
        signer: &Signer,
        identity: &IdentityId,
        scope: &Scope,
        seams: &base::Seams,
        now: Time,
    ) -> Result<Option<(GrantId, Scope)>, Fault> {
        let found = grant::find_live(tx, Kind::SignIn, identity, &proposal.app.id, proposal.audience())?;
        match (found, self) {
            (Some(grant), Consent::Remembered) if grant.scope.covers(scope) => Ok(Some((grant.id, scope.clone()))),
            (_, Consent::Remembered) => Ok(None),
            (Some(grant), Consent::Given { .. }) => {
                let covered = grant.scope.union(scope);
                let withheld = grant.withheld.union(&proposal.scope).without(&covered);
                grant::set_scope(tx, &grant.id, &covered, &withheld, now)?;
                // A connector request names no sign-in scope: its code is good for what was allowed before.
                let is_connector = proposal.connector.is_some();
                let good_for = if is_connector { covered.intersection(&proposal.app.scopes) } else { scope.clone() };
                Ok(Some((grant.id, good_for)))
            }
            (None, Consent::Given { .. }) => {
                let new = NewGrant {
                    account: Some(signer.account.clone()),
                    identity: Some(identity.clone()),
                    app: Some(proposal.app.id.clone()),
                    target: proposal.audience().to_owned(),
                    scope: scope.clone(),
                    withheld: proposal.scope.without(scope),
                    ..NewGrant::of(Kind::SignIn, seams)?
                };
                grant::open(tx, &new, now)?;
                Ok(Some((new.id, scope.clone())))
            }
        }
    }
}
