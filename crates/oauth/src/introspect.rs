//! What a token is, told to its owner (RFC 7662). Anybody else, and any token that is not alive, gets `active: false` (threat 78).

use crate::OAuth;
use crate::app::App;
use crate::code::Family;
use crate::delegated::{self, Delegated};
use crate::resource;
use crate::token::{ACCESS_PREFIX, Access, REFRESH_PREFIX, jti, number_of_jti};
use crate::token::{find_access, find_refresh};
use base::{AppId, Bearer, Fault, Secret};
use db::Tx;
use jose::{Claims, Expect, Kind, verify};
use serde::Serialize;
use serde_json::{Map, Value};

/// The answer. Absent members are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Of delegated tokens alone: what else their claims say.
    #[serde(flatten)]
    pub delegated: Map<String, Value>,
}

/// The claims of a delegated token that have no member of their own.
const DELEGATED_CLAIMS: [&str; 6] = ["sid", "cid", "grant_id", "target_resource", "com_mode", "act"];

/// How a token names its row, once its text or signature is proven.
pub(crate) enum Shown {
    /// A JWT names its audience: this server, or another (RFC 8707).
    Access {
        number: i64,
        opaque: Option<Bearer>,
        audience: Option<String>,
    },
    Refresh(Bearer),
    Delegated {
        number: i64,
        claims: Claims,
    },
}

impl OAuth {
    /// Tells the app what its token is.
    pub async fn introspect(&self, app: &App, token: &Secret) -> Result<Introspection, Fault> {
        let now = self.seams.now();
        match self.shown(token) {
            None => Ok(Introspection::default()),
            Some(Shown::Access { number, opaque, audience }) => {
                let (asking, issuer) = (app.id.clone(), self.settings.issuer.clone());
                let look = move |tx: &mut Tx| {
                    let Some(access) = find_access(tx, number, opaque.as_ref())? else { return Ok(None) };
                    let own = access.family.audience.as_deref().unwrap_or(&issuer);
                    let is_ours = audience.as_deref().is_none_or(|audience| audience == own);
                    let may_know = may_know(tx, &asking, &access.family)?;
                    Ok::<_, Fault>(Some(access).filter(|access| access.is_live(now) && is_ours && may_know))
                };
                let found = self.store.read(look).await?;
                Ok(found.map_or_else(Introspection::default, |access| self.tell_access(access)))
            }
            Some(Shown::Refresh(bearer)) => {
                let found = self.store.read(move |tx| find_refresh(tx, &bearer)).await?;
                let is_live = |refresh: &crate::token::Refresh| {
                    refresh.used_at.is_none()
                        && !refresh.has_ended
                        && now < refresh.expires_at
                        && refresh.family.is_live()
                };
                let found = found.filter(|refresh| is_live(refresh) && refresh.family.app == app.id);
                Ok(found.map_or_else(Introspection::default, |refresh| Introspection {
                    token_type: Some("refresh_token"),
                    ..self.tell(&refresh.family, &refresh.family.scope, refresh.number, refresh.expires_at)
                }))
            }
            Some(Shown::Delegated { number, claims }) => {
                let found = self.store.read(move |tx| delegated::find(tx, number)).await?;
                let is_theirs = |row: &Delegated| row.owner == app.id || row.family.app == app.id;
                let found = found.filter(|row| row.is_live(now) && is_theirs(row));
                Ok(found.map_or_else(Introspection::default, |_| tell_delegated(claims)))
            }
        }
    }

    fn tell_access(&self, access: Access) -> Introspection {
        Introspection {
            token_type: Some("Bearer"),
            aud: Some(access.family.audience.clone().unwrap_or_else(|| self.settings.issuer.clone())),
            jti: Some(jti(access.number)),
            ..self.tell(&access.family, &access.scope, access.number, access.expires_at)
        }
    }

    fn tell(&self, family: &Family, scope: &base::Scope, number: i64, until: base::Time) -> Introspection {
        let subject = family.identity.as_ref().map_or(family.app.as_str(), |identity| identity.as_str());
        Introspection {
            active: true,
            scope: Some(scope.to_string()),
            client_id: Some(family.app.as_str().to_owned()),
            exp: Some(until.secs()),
            iat: Some(base::id::number_time(number).secs()),
            sub: Some(subject.to_owned()),
            iss: Some(self.settings.issuer.clone()),
            auth_time: family.auth_time.map(base::Time::secs),
            acr: family.acr.clone(),
            ..Introspection::default()
        }
    }

    /// Reads what kind of token this is, by prefix or signature; a hint would only be a guess (threat 79).
    pub(crate) fn shown(&self, token: &Secret) -> Option<Shown> {
        let text = token.reveal();
        if text.starts_with(ACCESS_PREFIX) {
            let bearer = Bearer::parse(ACCESS_PREFIX, text)?;
            return Some(Shown::Access { number: bearer.number(), opaque: Some(bearer), audience: None });
        }
        if text.starts_with(REFRESH_PREFIX) {
            return Bearer::parse(REFRESH_PREFIX, text).map(Shown::Refresh);
        }
        let expect = Expect {
            kind: Kind::AccessToken,
            issuer: &self.settings.issuer,
            audience: None,
            now: self.seams.now(),
            allow_expired: false,
        };
        let Ok(claims) = verify(&self.keys.key_set(), text, &expect) else {
            return self.read_delegated(token).map(|(number, claims)| Shown::Delegated { number, claims });
        };
        let number = number_of_jti(claims.text("jti")?)?;
        let audience = Some(claims.audiences().next()?.to_owned());
        Some(Shown::Access { number, opaque: None, audience })
    }

    /// The row of an access token that may be used here: it is opaque, or a JWT for this server (threat 75).
    pub(crate) fn shown_here(&self, token: &Secret) -> Option<(i64, Option<Bearer>)> {
        match self.shown(token)? {
            Shown::Access { number, opaque, audience }
                if audience.as_ref().is_none_or(|audience| *audience == self.settings.issuer) =>
            {
                Some((number, opaque))
            }
            _ => None,
        }
    }

    /// The live access token behind a bearer credential, opaque or JWT.
    pub(crate) async fn live_access(&self, token: &Secret) -> Result<Option<Access>, Fault> {
        let Some((number, opaque)) = self.shown_here(token) else { return Ok(None) };
        let now = self.seams.now();
        let found = self.store.read(move |tx| find_access(tx, number, opaque.as_ref())).await?;
        Ok(found.filter(|access| access.is_live(now)))
    }
}

/// A family's tokens are told to its own app, and to the one at whose resource they are used while that is in service.
fn may_know(tx: &mut Tx, app: &AppId, family: &Family) -> Result<bool, Fault> {
    let Some(audience) = &family.audience else { return Ok(family.app == *app) };
    let found = resource::find_by_audience(tx, audience)?.filter(resource::Resource::is_active);
    Ok(found.is_some_and(|resource| family.app == *app || resource.app == *app))
}

/// A delegated token tells what it says: its signature is ours, and its row has just been found alive.
fn tell_delegated(claims: Claims) -> Introspection {
    let text = |name: &str| claims.text(name).map(str::to_owned);
    let rest = DELEGATED_CLAIMS.iter().filter_map(|name| Some(((*name).to_owned(), claims.get(name)?.clone())));
    Introspection {
        active: true,
        scope: text("scope"),
        client_id: text("client_id"),
        token_type: Some("Bearer"),
        exp: claims.int("exp"),
        iat: claims.int("iat"),
        sub: text("sub"),
        aud: text("aud"),
        iss: text("iss"),
        jti: text("jti"),
        delegated: rest.collect(),
        ..Introspection::default()
    }
}
