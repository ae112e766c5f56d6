//! Our own tokens as proof of a person at Connect (`product.md` 4.1): an app's backend shows what its person got here.
//!
//! Promise: only what introspection would call alive proves anything; a delegated token, an opaque one, a client's own and one that
//! is meant for another server never do.

use crate::OAuth;
use crate::token::{find_access, number_of_jti};
use base::{AccountId, AppId, Fault, IdentityId, Secret};
use db::Tx;
use jose::{Claims, Expect, Kind, verify};
use ledger::grant::{self, Kind as Node};

/// So many sessions of one account are looked through.
const MOST_SESSIONS: u32 = 200;
const MOST_GRANTS: u32 = 1_000;

/// Whom a token of ours speaks of, and to which app it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPerson {
    pub app: AppId,
    pub account: AccountId,
    pub identity: IdentityId,
}

/// A person's name and address, where the app may know them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldProfile {
    pub name: Option<String>,
    pub email: Option<String>,
}

impl OAuth {
    /// The person behind an `access_token_jwt` or an `id_token` of ours, while it is alive.
    pub async fn token_person(&self, token: &Secret) -> Result<Option<TokenPerson>, Fault> {
        let oauth = self.clone();
        if let Some(claims) = self.claims_of(token, Kind::AccessToken, Some(&self.settings.issuer)) {
            let Some(number) = claims.text("jti").and_then(number_of_jti) else { return Ok(None) };
            return self.store.read(move |tx| oauth.behind_access(tx, number)).await;
        }
        let Some(claims) = self.claims_of(token, Kind::IdToken, None) else { return Ok(None) };
        self.store.read(move |tx| oauth.behind_id_token(tx, &claims)).await
    }

    fn claims_of(&self, token: &Secret, kind: Kind, audience: Option<&str>) -> Option<Claims> {
        let expect =
            Expect { kind, issuer: &self.settings.issuer, audience, now: self.seams.now(), allow_expired: false };
        verify(&self.keys.key_set(), token.reveal(), &expect).ok()
    }

    fn behind_access(&self, tx: &mut Tx, number: i64) -> Result<Option<TokenPerson>, Fault> {
        let now = self.seams.now();
        let Some(access) = find_access(tx, number, None)?.filter(|access| access.is_live(now)) else { return Ok(None) };
        let Some(identity) = access.family.identity else { return Ok(None) };
        self.known(tx, access.family.app, identity)
    }

    /// An ID token has no row: it is alive while its session and the permission that it came from are.
    fn behind_id_token(&self, tx: &mut Tx, claims: &Claims) -> Result<Option<TokenPerson>, Fault> {
        let told = || Some((claims.audiences().next()?, claims.text("sub")?, claims.text("sid")?, claims.int("iat")?));
        let Some((client_id, subject, sid, iat)) = told() else { return Ok(None) };
        let (app, identity) = (AppId::from_text(client_id), IdentityId::from_text(subject));
        let Some(person) = self.known(tx, app.clone(), identity.clone())? else { return Ok(None) };
        let (now, sessions) =
            (self.seams.now(), grant::list_of_account(tx, &person.account, Node::Session, MOST_SESSIONS)?);
        let has_session = sessions.iter().any(|session| session.is_live(now) && self.sid(&session.id, &app) == sid);
        let allowed = grant::list_of_account(tx, &person.account, Node::SignIn, MOST_GRANTS)?;
        let is_allowed = allowed.iter().any(|allowed| {
            let is_own = allowed.identity.as_ref() == Some(&identity) && allowed.app.as_ref() == Some(&app);
            is_own && allowed.is_live(now) && allowed.created_at.secs() <= iat
        });
        Ok(Some(person).filter(|_| has_session && is_allowed))
    }

    /// The person, while the identity exists and its account is not disabled.
    fn known(&self, tx: &mut Tx, app: AppId, identity: IdentityId) -> Result<Option<TokenPerson>, Fault> {
        let person = self.claims.person(tx, &identity)?;
        Ok(person.map(|person| TokenPerson { app, account: person.account, identity }))
    }

    /// What the person lets the token's app know of them.
    pub async fn profile_of(&self, of: &TokenPerson) -> Result<ToldProfile, Fault> {
        let (oauth, of) = (self.clone(), of.clone());
        self.store
            .read(move |tx| {
                let now = oauth.seams.now();
                let Some(person) = oauth.claims.person(tx, &of.identity)? else { return Ok(ToldProfile::default()) };
                let allowed = grant::find_live(tx, Node::SignIn, &of.identity, &of.app, "")?;
                let scope = allowed.filter(|grant| grant.is_live(now)).map(|grant| grant.scope).unwrap_or_default();
                Ok(ToldProfile {
                    name: Some(person.display_name).filter(|_| scope.has("profile")),
                    email: person.email.filter(|_| scope.has("email")),
                })
            })
            .await
    }

    /// Signs who stands behind a call, for a third party: ES256, under a key of our published set.
    pub async fn sign_assertion(&self, claims: Vec<u8>) -> Result<String, Fault> {
        self.sign_one(jose::Alg::Es256, Kind::IdentityAssertion, claims).await
    }
}
