//! The JWT form of an access token (RFC 9068).

use super::{Issued, jti};
use crate::OAuth;
use crate::app::App;
use base::Fault;
use serde::Serialize;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    cid: &'a str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    quick: bool,
}

/// The claims as JSON. A client's own token names the client as its subject (RFC 9068 §2.2).
pub(super) fn claims(oauth: &OAuth, app: &App, issued: &Issued) -> Result<Vec<u8>, Fault> {
    let family = &issued.family;
    let subject = issued.person.as_ref().map_or(app.client_id(), |person| person.identity.as_str());
    let with_uid = issued.person.as_ref().filter(|_| issued.scope.has("user_id"));
    let claims = Claims {
        iss: &oauth.settings.issuer,
        sub: subject,
        aud: family.audience.as_deref().unwrap_or(&oauth.settings.issuer),
        exp: issued.at.secs() + issued.ttl_secs,
        iat: issued.at.secs(),
        jti: jti(issued.minted.access.number()),
        client_id: app.client_id(),
        cid: app.client_id(),
        scope: issued.scope.to_string(),
        auth_time: family.auth_time.map(base::Time::secs),
        acr: family.acr.as_deref(),
        amr: family.amr.as_deref().map(|amr| amr.split(' ').collect()),
        sid: family.session.as_ref().map(|session| oauth.sid(session, &app.id)),
        uid: with_uid.map(|person| oauth.pairwise_user_id(&person.account, &app.id)),
        quick: app.is_quick(),
    };
    serde_json::to_vec(&claims).map_err(|_| Fault::new("access token: claims do not serialize"))
}
