//! The ID token (OIDC Core §2, §12.2).

use super::Issued;
use crate::OAuth;
use crate::app::App;
use crate::claims::Person;
use base::{Fault, Scope};
use serde::Serialize;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    azp: &'a str,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    at_hash: String,
    #[serde(flatten)]
    profile: Profile<'a>,
}

/// The claims of a person that a scope opens (OIDC Core §5.4). What is absent is left out.
#[derive(Debug, Clone, Serialize)]
pub struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

impl<'a> Profile<'a> {
    pub(crate) fn of(person: &'a Person, scope: &Scope) -> Profile<'a> {
        let (profile, email) = (scope.has("profile"), person.email.as_deref().filter(|_| scope.has("email")));
        Profile {
            name: profile.then_some(person.display_name.as_str()),
            preferred_username: profile.then_some(person.handle.as_str()),
            picture: person.picture.as_deref().filter(|_| profile),
            email,
            // Only a proven address is ever told.
            email_verified: email.map(|_| true),
        }
    }
}

/// The claims as JSON. `auth_time` is that of the sign-in, however often the token is refreshed (threat 84).
pub(super) fn claims(oauth: &OAuth, app: &App, issued: &Issued, person: &Person) -> Result<Vec<u8>, Fault> {
    let family = &issued.family;
    let claims = Claims {
        iss: &oauth.settings.issuer,
        sub: person.identity.as_str(),
        aud: app.client_id(),
        azp: app.client_id(),
        exp: issued.at.secs() + issued.ttl_secs,
        iat: issued.at.secs(),
        auth_time: family.auth_time.map(base::Time::secs),
        nonce: family.nonce.as_deref().filter(|_| issued.with_nonce),
        acr: family.acr.as_deref(),
        amr: family.amr.as_deref().map(|amr| amr.split(' ').collect()),
        sid: family.session.as_ref().map(|session| oauth.sid(session, &app.id)),
        at_hash: jose::at_hash(app.alg, issued.minted.access.secret().reveal()),
        profile: Profile::of(person, &issued.scope),
    };
    serde_json::to_vec(&claims).map_err(|_| Fault::new("id token: claims do not serialize"))
}
