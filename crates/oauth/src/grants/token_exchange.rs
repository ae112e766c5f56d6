//! Token exchange (RFC 8693, seed 000): what a person allowed, as a short-lived token for the other app.
//!
//! Promise: the checks run in the order of `product.md` 3.6, inside the one write that stores the token. Each refusal about a
//! proven person is a row of the journal that they, the source's and the target's developers see.

use crate::OAuth;
use crate::acts;
use crate::app::App;
use crate::code::Family;
use crate::connector;
use crate::delegated::{self, Claims, DelegatedToken, LONGEST_SECS, NewDelegated};
use crate::introspect::Shown;
use crate::refusal::{Code, Error, Refusal, refuse};
use crate::resource::{self, Resource};
use crate::token::{find_access, jti};
use base::{AppId, Fault, GrantId, ResourceId, Scope, Secret, Time};
use db::Tx;
use jose::Kind;
use ledger::{Act, Entry, Grant, Presence, grant, journal};
use serde_json::{Value, json};
use std::sync::Arc;

/// The only type of token that an exchange yields (RFC 8693 §3).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";
/// How deep `act` may nest.
const MOST_ACTORS: usize = 3;
const LONGEST_ACTOR: usize = 4096;

/// RFC 8693 §2.1, with the seeds' `actor`.
#[derive(Debug, Clone)]
pub struct ExchangeAsk {
    pub subject_token: Secret,
    pub subject_token_type: Option<String>,
    pub requested_token_type: Option<String>,
    /// Key or audience of the resource.
    pub resource: Option<String>,
    /// The same, by the other name.
    pub audience: Option<String>,
    /// Absent means all that was allowed; empty is refused.
    pub scope: Option<String>,
    pub has_actor_token: bool,
    /// What the caller says of itself: kept in the journal, believed nowhere.
    pub actor: Option<String>,
}

/// What the subject token proved.
struct Subject {
    family: Family,
    expires_at: Time,
    /// In a chain, the delegated token that is passed on.
    link: Option<Link>,
}

struct Link {
    number: i64,
    resource: ResourceId,
    scope: Scope,
    presence: Presence,
    act: Value,
}

enum Exchanged {
    Yes(Box<Stored>),
    /// Told in the journal, so the transaction holds.
    No(Refusal),
}

/// What is signed once the transaction is committed.
struct Stored {
    claims: Claims,
    owner: AppId,
    scope: Scope,
    mode: Presence,
    at: Time,
}

impl OAuth {
    /// Exchanges a subject token of this app for a delegated token.
    pub async fn exchange_token(&self, app: &Arc<App>, ask: ExchangeAsk) -> Result<DelegatedToken, Error> {
        check_shape(app, &ask)?;
        // The signature is checked before the write begins: one writer at a time has better things to do.
        let shown = self.shown(&ask.subject_token).ok_or_else(dead_subject)?;
        let (oauth, app_in, now) = (self.clone(), Arc::clone(app), self.seams.now());
        let outcome = self.store.write_again(move |tx| oauth.exchange_in(tx, &app_in, &ask, &shown, now)).await?;
        let stored = match outcome {
            Exchanged::Yes(stored) => stored,
            Exchanged::No(refusal) => return Err(refusal.into()),
        };
        let owner = self.app(stored.owner.as_str()).await?;
        let owner = owner.ok_or_else(no_target)?;
        let token = self.sign_one(owner.alg, Kind::Delegated, stored.claims.json()?).await?;
        Ok(DelegatedToken {
            token: Secret::new(token),
            expires_in_secs: stored.claims.exp - stored.at.secs(),
            scope: stored.scope,
            audience: stored.claims.aud,
            target_resource: stored.claims.target_resource,
            mode: stored.mode,
        })
    }

    fn exchange_in(
        &self,
        tx: &mut Tx,
        app: &App,
        ask: &ExchangeAsk,
        shown: &Shown,
        now: Time,
    ) -> Result<Exchanged, Error> {
        let subject = self.subject(tx, app, shown, now)?;
        let (_, identity) = subject.family.person()?;
        if self.claims.person(tx, identity)?.is_none() {
            return Err(dead_subject());
        }
        let found = named(tx, ask)?;
        match self.exchange_for(tx, app, ask, &subject, found.as_ref(), now) {
            Ok(stored) => Ok(Exchanged::Yes(Box::new(stored))),
            Err(Error::Refused(refusal)) => {
                let mut entry = self.entry(acts::EXCHANGE_REFUSED, app, &subject)?;
                if let Some(resource) = &found {
                    entry = entry.target(&resource.app);
                }
                let detail = json!({
                    "resource": found.as_ref().map(|resource| &resource.key),
                    "error": refusal.code.as_str(),
                    "reason": refusal.description,
                });
                journal::write(tx, &entry.detail(detail))?;
                Ok(Exchanged::No(refusal))
            }
            Err(fault) => Err(fault),
        }
    }

    fn exchange_for(
        &self,
        tx: &mut Tx,
        app: &App,
        ask: &ExchangeAsk,
        subject: &Subject,
        found: Option<&Resource>,
        now: Time,
    ) -> Result<Stored, Error> {
        let resource = found.filter(|resource| resource.is_active()).ok_or_else(no_target)?;
        if let Some(link) = &subject.link {
            check_link(app, resource, link)?;
        }
        let asked = asked_scope(ask, resource)?;
        let source = &subject.family.app;
        let (_, identity) = subject.family.person()?;
        let grant = connector::find(tx, identity, source, &resource.key)?
            .filter(|grant| grant.is_live(now) && resource.is_agreed_in(grant))
            .ok_or_else(|| refuse(Code::AccessDenied, "the person has not allowed this app to use the resource"))?;
        let allowed = grant.scope.intersection(&resource.scope());
        let scope = narrowed(asked, &allowed, subject.link.as_ref())?;
        let mode = mode(app, &grant, subject.link.as_ref())?;
        let mut until = now.plus_secs(LONGEST_SECS).min(subject.expires_at);
        until = grant.expires_at.map_or(until, |end| until.min(end));
        if mode == Presence::UserPresent {
            let session = live_session(tx, &subject.family, now)?;
            until = session.expires_at.map_or(until, |end| until.min(end));
        }
        let number = self.seams.number()?;
        delegated::insert(
            tx,
            &NewDelegated {
                number,
                family: subject.family.number,
                grant: &grant.id,
                resource: &resource.id,
                subject: subject.link.as_ref().map(|link| link.number),
                presence: mode,
                until,
            },
        )?;
        grant::touch(tx, &grant.id, now)?;
        let detail = json!({
            "resource": resource.key, "scope": scope.to_string(), "mode": mode.as_str(),
            "is_chain": subject.link.is_some(), "actor": ask.actor,
        });
        let entry = self.entry(acts::TOKEN_EXCHANGED, app, subject)?.grant(&grant.id).target(&resource.app);
        journal::write(tx, &entry.detail(detail))?;
        let claims = Claims {
            iss: self.settings.issuer.clone(),
            sub: identity.as_str().to_owned(),
            aud: resource.audience.clone(),
            exp: until.secs(),
            iat: now.secs(),
            jti: jti(number),
            sid: subject.family.session.as_ref().map(|session| self.sid(session, source)),
            cid: source.as_str().to_owned(),
            client_id: app.client_id().to_owned(),
            scope: scope.to_string(),
            grant_id: grant.id.as_str().to_owned(),
            target_resource: resource.key.clone(),
            com_mode: mode.as_str(),
            act: subject.link.as_ref().map(|link| json!({ "sub": app.client_id(), "act": link.act })),
        };
        Ok(Stored { claims, owner: resource.app.clone(), scope, mode, at: now })
    }

    /// Reads the subject token: an `access_token_jwt` of this app, or in a chain a delegated token (threats 118, 120).
    fn subject(&self, tx: &mut Tx, app: &App, shown: &Shown, now: Time) -> Result<Subject, Error> {
        match shown {
            Shown::Access { number, opaque: None, audience } if audience.as_ref() == Some(&self.settings.issuer) => {
                let access = find_access(tx, *number, None)?.filter(|access| access.is_live(now));
                let access = access.ok_or_else(dead_subject)?;
                if access.family.app != app.id {
                    return Err(foreign_subject());
                }
                if access.family.identity.is_none() {
                    return Err(refuse(Code::InvalidGrant, "the subject token speaks for no person"));
                }
                Ok(Subject { family: access.family, expires_at: access.expires_at, link: None })
            }
            Shown::Delegated { number, claims } => {
                let row = delegated::find(tx, *number)?.filter(|row| row.is_live(now)).ok_or_else(dead_subject)?;
                if row.owner != app.id {
                    return Err(foreign_subject());
                }
                let scope = claims.text("scope").and_then(Scope::parse).unwrap_or_else(Scope::empty);
                let act = claims.get("act").cloned().unwrap_or_else(|| json!({ "sub": row.family.app.as_str() }));
                let link = Link { number: *number, resource: row.resource, scope, presence: row.presence, act };
                Ok(Subject { family: row.family, expires_at: row.expires_at, link: Some(link) })
            }
            Shown::Access { opaque: None, .. } => {
                Err(refuse(Code::InvalidGrant, "the subject token is for another audience than this server"))
            }
            Shown::Access { .. } | Shown::Refresh(_) => Err(refuse(
                Code::InvalidGrant,
                "the subject token is the opaque one: send the access_token_jwt of the same answer",
            )),
        }
    }

    fn entry(&self, act: Act, app: &App, subject: &Subject) -> Result<Entry, Fault> {
        let (account, identity) = subject.family.person()?;
        let source = &subject.family.app;
        let entry = Entry::new(act, &self.seams)?.account(account).identity(identity);
        // In a chain the source app's developers see what became of their token; the target's own app acts.
        Ok(entry.app(if subject.link.is_some() { source } else { &app.id }))
    }
}

fn check_shape(app: &App, ask: &ExchangeAsk) -> Result<(), Error> {
    let invalid = |sentence| Err(refuse(Code::InvalidRequest, sentence));
    if app.is_quick() {
        return Err(refuse(Code::UnauthorizedClient, "an unregistered app cannot exchange tokens"));
    }
    if ask.has_actor_token {
        return invalid("actor_token is not supported: the acting client is the authenticated one");
    }
    if ask.subject_token_type.as_deref().is_some_and(|kind| ![ACCESS_TOKEN_TYPE, JWT_TYPE].contains(&kind)) {
        return invalid("subject_token_type must be the access_token or jwt type of RFC 8693");
    }
    if ask.requested_token_type.as_deref().is_some_and(|kind| kind != ACCESS_TOKEN_TYPE) {
        return invalid("requested_token_type can only be the access_token type of RFC 8693");
    }
    if ask.actor.as_ref().is_some_and(|actor| actor.len() > LONGEST_ACTOR) {
        return invalid("actor is longer than 4096 bytes");
    }
    if ask.resource.is_none() && ask.audience.is_none() {
        return invalid("resource is missing");
    }
    Ok(())
}

/// The resource that the request names; by two names it must be the same one (threat 123).
fn named(tx: &mut Tx, ask: &ExchangeAsk) -> Result<Option<Resource>, Fault> {
    let mut found = None;
    for name in [&ask.resource, &ask.audience].into_iter().flatten() {
        let Some(resource) = resource::find_named(tx, name)? else { return Ok(None) };
        if found.as_ref().is_some_and(|other: &Resource| other.id != resource.id) {
            return Ok(None);
        }
        found = Some(resource);
    }
    Ok(found)
}

/// Passing on is for the app that the token was made out to, where its resource allows that (threat 120).
fn check_link(app: &App, resource: &Resource, link: &Link) -> Result<(), Error> {
    if resource.id != link.resource {
        return Err(refuse(Code::InvalidTarget, "a delegated token can only be exchanged for its own resource"));
    }
    if resource.app != app.id {
        return Err(foreign_subject());
    }
    if !resource.allow_chains {
        return Err(refuse(Code::InvalidGrant, "the resource does not allow its tokens to be passed on"));
    }
    if depth(&link.act) >= MOST_ACTORS {
        return Err(refuse(Code::InvalidGrant, "the token has been passed on too often"));
    }
    Ok(())
}

fn depth(act: &Value) -> usize {
    let mut depth = 0;
    let mut next = Some(act);
    while let Some(actor) = next.filter(|actor| actor.is_object()) {
        depth += 1;
        next = actor.get("act");
    }
    depth
}

/// The scope that was asked for; nothing when none was named.
fn asked_scope(ask: &ExchangeAsk, resource: &Resource) -> Result<Option<Scope>, Error> {
    let Some(text) = &ask.scope else { return Ok(None) };
    let scope = Scope::parse(text).filter(|scope| !scope.is_empty());
    let scope = scope.ok_or_else(|| refuse(Code::InvalidScope, "scope is empty or holds a character it may not"))?;
    if !resource.scope().covers(&scope) {
        return Err(refuse(Code::InvalidScope, "the resource does not define every requested scope"));
    }
    Ok(Some(scope))
}

/// Never more than was allowed; in a chain, less than the token that is passed on (threat 119).
fn narrowed(asked: Option<Scope>, allowed: &Scope, link: Option<&Link>) -> Result<Scope, Error> {
    let scope = asked.unwrap_or_else(|| allowed.clone());
    if scope.is_empty() || !allowed.covers(&scope) {
        return Err(refuse(Code::InvalidScope, "the person has not allowed every requested scope"));
    }
    if link.is_some_and(|link| !link.scope.covers(&scope) || scope.covers(&link.scope)) {
        return Err(refuse(Code::InvalidScope, "a token that is passed on must have fewer scopes than the one before"));
    }
    Ok(scope)
}

/// *Also when I am away* is for apps that can keep a secret (threat 129).
fn mode(app: &App, grant: &Grant, link: Option<&Link>) -> Result<Presence, Error> {
    match link {
        Some(link) if link.presence == Presence::Background && !app.is_confidential() => {
            Err(refuse(Code::UnauthorizedClient, "a public app cannot act while the person is away"))
        }
        Some(link) => Ok(link.presence),
        None if app.is_confidential() => Ok(grant.presence.unwrap_or(Presence::UserPresent)),
        None => Ok(Presence::UserPresent),
    }
}

/// The session that the subject token came from, alive (threat 128).
fn live_session(tx: &mut Tx, family: &Family, now: Time) -> Result<Grant, Error> {
    let away = || refuse(Code::AccessDenied, "the person is signed out, and allowed this only while they are there");
    let id: &GrantId = family.session.as_ref().ok_or_else(away)?;
    grant::find(tx, id)?.filter(|session| session.is_live(now)).ok_or_else(away)
}

fn dead_subject() -> Error {
    refuse(Code::InvalidGrant, "the subject token is unknown, expired or has ended")
}

fn foreign_subject() -> Error {
    refuse(Code::InvalidGrant, "the subject token was issued to another app")
}

fn no_target() -> Error {
    refuse(Code::InvalidTarget, "the resource does not exist or is not active")
}
