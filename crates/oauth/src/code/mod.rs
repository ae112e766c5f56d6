//! Authorization codes and the families of tokens they buy (RFC 6749 §4.1.2, RFC 9700 §2.1.1).
//!
//! A code is the first state of a family: one row, from the decision to the end of the last token, so that a code shown again
//! finds what it bought and ends it.

mod rows;

pub(crate) use rows::{burn, delete, end, end_all, family, find, insert, over_after, take};

use crate::ask::Proposal;
use crate::connector::Allowed;
use crate::signer::Signer;
use base::{AccountId, AppId, Bearer, Fault, GrantId, IdentityId, Scope, Time};

pub(crate) const PREFIX: &str = "pac_";

/// What an authorization yields, before its first token.
#[derive(Debug, Clone)]
pub(crate) struct NewFamily {
    pub number: i64,
    pub code_digest: Option<base::Digest>,
    pub app: AppId,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    pub grant: Option<GrantId>,
    pub session: Option<GrantId>,
    pub scope: Scope,
    pub asked_scope: Scope,
    pub redirect: Option<String>,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub auth_time: Option<Time>,
    pub amr: Option<String>,
    pub acr: Option<String>,
    pub code_until: Option<Time>,
    pub until: Time,
    pub connector: Option<Allowed>,
    /// For whom its JWTs are, where not for this server (RFC 8707).
    pub audience: Option<String>,
}

impl NewFamily {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn of_code(
        code: &Bearer,
        proposal: &Proposal,
        signer: &Signer,
        identity: &IdentityId,
        grant: &GrantId,
        scope: &Scope,
        code_until: Time,
        until: Time,
    ) -> NewFamily {
        NewFamily {
            number: code.number(),
            code_digest: Some(*code.digest()),
            app: proposal.app.id.clone(),
            account: Some(signer.account.clone()),
            identity: Some(identity.clone()),
            grant: Some(grant.clone()),
            session: Some(signer.session.clone()),
            scope: scope.clone(),
            asked_scope: proposal.scope.clone(),
            redirect: Some(proposal.redirect.as_str().to_owned()),
            challenge: proposal.challenge.clone(),
            nonce: proposal.nonce.clone(),
            auth_time: Some(signer.auth_time),
            amr: Some(signer.amr.clone()),
            acr: Some(signer.acr.clone()),
            code_until: Some(code_until),
            until,
            connector: None,
            audience: proposal.target.as_ref().map(|target| target.resource.audience.clone()),
        }
    }

    /// A family without a code and without a person (RFC 6749 §4.4).
    pub(crate) fn of_client(number: i64, app: &AppId, scope: &Scope, until: Time) -> NewFamily {
        NewFamily {
            number,
            code_digest: None,
            app: app.clone(),
            account: None,
            identity: None,
            grant: None,
            session: None,
            scope: scope.clone(),
            asked_scope: scope.clone(),
            redirect: None,
            challenge: None,
            nonce: None,
            auth_time: None,
            amr: None,
            acr: None,
            code_until: None,
            until,
            connector: None,
            audience: None,
        }
    }
}

/// What has become of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeState {
    /// There never was one (client credentials).
    None,
    Issued,
    Spent,
    Burned,
}

/// A family with what it hangs on, as one statement found it.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub number: i64,
    pub state: CodeState,
    pub app: AppId,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    pub grant: Option<GrantId>,
    pub session: Option<GrantId>,
    pub scope: Scope,
    pub asked_scope: Scope,
    pub redirect: Option<String>,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub auth_time: Option<Time>,
    pub amr: Option<String>,
    pub acr: Option<String>,
    pub code_until: Option<Time>,
    /// What the person allowed at another app, until the code is redeemed.
    pub connector: Option<Allowed>,
    pub audience: Option<String>,
    pub has_ended: bool,
    pub grant_has_ended: bool,
    pub session_has_ended: bool,
    pub app_is_off: bool,
}

impl Family {
    /// True while tokens of the family may be used: nothing it hangs on has ended. Signing out ends what is not `offline_access`.
    pub(crate) fn is_live(&self) -> bool {
        let has_signed_out = self.session_has_ended && !self.scope.has("offline_access");
        !(self.has_ended || self.grant_has_ended || self.app_is_off || has_signed_out)
    }

    /// When the family began: its number tells.
    pub(crate) fn began_at(&self) -> Time {
        base::id::number_time(self.number)
    }

    pub(crate) fn person(&self) -> Result<(&AccountId, &IdentityId), Fault> {
        match (&self.account, &self.identity) {
            (Some(account), Some(identity)) => Ok((account, identity)),
            _ => Err(Fault::new("families: no person where one must be")),
        }
    }
}
