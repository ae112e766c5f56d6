//! Who the person is, at this moment (OIDC Core §5.3).

use crate::OAuth;
use crate::refusal::{Code, Result, refuse};
use crate::token::find_access;
use crate::token::id_token::Profile;
use base::Secret;
use serde::Serialize;

/// The answer, filtered by the scope of the token. What is absent is left out.
#[derive(Debug, Clone, Serialize)]
pub struct UserInfo {
    pub sub: String,
    pub iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

impl OAuth {
    /// Tells the bearer of a live access token with `openid` (threat 76) whose it is.
    pub async fn userinfo(&self, token: &Secret) -> Result<UserInfo> {
        let invalid = || refuse(Code::InvalidToken, "the access token is unknown, expired or has ended");
        let (number, opaque) = self.shown_here(token).ok_or_else(invalid)?;
        let (oauth, now) = (self.clone(), self.seams.now());
        self.store
            .read(move |tx| {
                let access = find_access(tx, number, opaque.as_ref())?
                    .filter(|access| access.is_live(now))
                    .ok_or_else(invalid)?;
                if !access.scope.has("openid") {
                    return Err(refuse(
                        Code::InsufficientScope,
                        "the access token was issued without the scope openid",
                    ));
                }
                let (_, identity) = access.family.person()?;
                let person = oauth.claims.person(tx, identity)?.ok_or_else(invalid)?;
                let profile = Profile::of(&person, &access.scope);
                let owned = |text: Option<&str>| text.map(str::to_owned);
                Ok(UserInfo {
                    sub: person.identity.as_str().to_owned(),
                    iss: oauth.settings.issuer.clone(),
                    name: owned(profile.name),
                    preferred_username: owned(profile.preferred_username),
                    picture: owned(profile.picture),
                    email: owned(profile.email),
                    email_verified: profile.email_verified,
                    user_id: access
                        .scope
                        .has("user_id")
                        .then(|| oauth.pairwise_user_id(&person.account, &access.family.app)),
                })
            })
            .await
    }

    /// True while the access token behind this credential is alive (session check of the Quick SDK).
    pub async fn is_alive(&self, token: &Secret) -> std::result::Result<bool, base::Fault> {
        Ok(self.live_access(token).await?.is_some_and(|access| access.family.identity.is_some()))
    }
}
