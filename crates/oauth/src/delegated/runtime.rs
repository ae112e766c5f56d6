//! What the runtime frame may do with a delegated token, asked before it does anything (`product.md` 3.9).
//!
//! Promise: destinations come from the registration, never from a message (threat 136); only a page of the source app may embed
//! the frame (threat 135).

use super::find;
use crate::OAuth;
use crate::introspect::Shown;
use crate::refusal::{Code, Error, refuse};
use crate::resource::{self, namespace};
use base::{Fault, Origin, Secret, Time};
use ledger::Presence;

/// What the frame was told.
#[derive(Debug, Clone)]
pub struct RuntimeAsk {
    /// The origin of the page around the frame.
    pub parent_origin: String,
    /// The resource: by its key, the part before `:`, or its owner's client id.
    pub target: String,
    /// Where the page believes requests will go.
    pub target_origin: String,
    /// `user_present` or `background`.
    pub mode: Option<String>,
}

/// Where the frame sends requests, and until when.
#[derive(Debug, Clone)]
pub struct RuntimeTarget {
    pub endpoint: String,
    pub expires_at: Time,
    pub subject: String,
    /// The source app.
    pub source: String,
    pub target_resource: String,
    /// The requests are calls at an account elsewhere.
    pub is_vault: bool,
}

impl OAuth {
    /// Checks that the frame may use the token as it was told to.
    pub async fn check_runtime(&self, token: &Secret, ask: RuntimeAsk) -> Result<RuntimeTarget, Error> {
        let invalid = || refuse(Code::InvalidToken, "the delegated token is unknown, expired or has ended");
        let Some(Shown::Delegated { number, .. }) = self.shown(token) else {
            let expired = refuse(Code::TokenExpired, "the delegated token has expired: exchange another");
            return Err(if self.has_expired(token) { expired } else { invalid() });
        };
        let now = self.seams.now();
        let found = self.store.read(move |tx| {
            let Some(row) = find(tx, number)?.filter(|row| row.is_live(now)) else { return Ok::<_, Fault>(None) };
            let is_vault = resource::find(tx, &row.resource)?.is_some_and(|resource| resource.is_vault());
            Ok(Some((row, is_vault)))
        });
        let (row, is_vault) = found.await?.ok_or_else(invalid)?;
        let source = self.app(row.family.app.as_str()).await?.ok_or_else(invalid)?;
        // An opaque origin is written `null` and is no origin of anybody.
        if !Origin::parse(&ask.parent_origin).is_some_and(|origin| source.has_origin(&origin)) {
            return Err(refuse(Code::OriginNotAllowed, "the page around the frame is not one of the app's"));
        }
        let is_meant = [Some(row.key.as_str()), namespace(&row.key), Some(row.owner.as_str())]
            .contains(&Some(ask.target.as_str()));
        if !is_meant {
            return Err(refuse(Code::InvalidTarget, "the token is for another target"));
        }
        // An account elsewhere is reached through this server's own proxy.
        let own = is_vault.then(|| format!("{}/proxy/{}", self.settings.issuer, row.key));
        let endpoint = own
            .or(row.runtime_endpoint)
            .ok_or_else(|| refuse(Code::InvalidTarget, "the resource has no runtime endpoint"))?;
        if Origin::of(&endpoint).is_none_or(|own| own.as_str() != ask.target_origin) {
            return Err(refuse(Code::TargetOriginMismatch, "targetOrigin is not where the resource's runtime is"));
        }
        check_mode(row.presence, ask.mode.as_deref())?;
        let (_, identity) = row.family.person()?;
        Ok(RuntimeTarget {
            endpoint,
            expires_at: row.expires_at,
            subject: identity.as_str().to_owned(),
            source: row.family.app.as_str().to_owned(),
            target_resource: row.key,
            is_vault,
        })
    }
}

/// A page that says nobody is there needs a token that was allowed for that.
fn check_mode(own: Presence, asked: Option<&str>) -> Result<(), Error> {
    match asked.map_or(Some(Presence::UserPresent), Presence::parse) {
        None => Err(refuse(Code::InvalidRequest, "mode must be user_present or background")),
        Some(Presence::Background) if own == Presence::UserPresent => {
            Err(refuse(Code::AccessDenied, "the token may be used only while the person is there"))
        }
        Some(_) => Ok(()),
    }
}
