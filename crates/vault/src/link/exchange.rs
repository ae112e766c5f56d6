//! What a service gives for a code: the token, and whose account it is.

use super::quirks;
use crate::Vault;
use crate::catalogue::Configured;
use crate::connection::Credential;
use crate::provider::{Account, ClientCredentials, Grants, IdentitySource, Inputs, Trouble};
use base::{Fault, Scope, Secret, Time};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// An account that was allowed, not yet kept.
pub(crate) struct Obtained {
    pub account: Account,
    pub credential: Credential,
    pub scopes: Scope,
    pub expires_at: Option<Time>,
    pub can_refresh: bool,
    pub api_base: Option<String>,
    pub inputs: Inputs,
}

/// Why nothing came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The code is not good.
    CodeRefused,
    /// The service refuses this server's own credentials.
    ClientRefused,
    /// Its answer cannot be read, or it cannot be reached.
    Unavailable,
    /// It does not say whose account it is.
    NoAccount,
    /// Its API is at a place that the descriptor does not name.
    HostRefused,
}

impl Failure {
    /// The code on the wire.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Failure::CodeRefused | Failure::NoAccount => "oauth_provider_error",
            Failure::ClientRefused => "connect_config_error",
            Failure::Unavailable => "service_unavailable",
            Failure::HostRefused => "provider_host_refused",
        }
    }

    /// The sentence for the person.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Failure::CodeRefused => "The service did not accept its own answer. Start again.",
            Failure::ClientRefused => "This server is not set up at the service. Tell whoever runs the app.",
            Failure::Unavailable => "The service does not answer right now. Wait a moment and try again.",
            Failure::NoAccount => "The service did not say which account it is. Try again.",
            Failure::HostRefused => {
                "The account is at an address that is not known for this service. Tell whoever runs the app."
            }
        }
    }
}

impl Vault {
    /// Turns a code into a credential and finds out whose it is.
    pub(super) async fn obtain(
        &self,
        configured: &Configured,
        code: &Secret,
        verifier: &Secret,
        asked: &Scope,
        inputs: &Inputs,
        returned: &[(String, String)],
    ) -> Result<std::result::Result<Obtained, Failure>, Fault> {
        let (provider, client) = (&configured.provider, &configured.client);
        let known = ClientCredentials { id: &client.client_id, secret: client.secret.as_ref() };
        let redirect_uri = self.callback(&provider.id);
        let Some(request) = provider.code_request(known, code, &redirect_uri, verifier, inputs) else {
            return Ok(Err(Failure::ClientRefused));
        };
        let Ok(answer) = self.send(&provider.id, &request).await else { return Ok(Err(Failure::Unavailable)) };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let grants = match provider.read_token_answer(answer.status, &body, false) {
            Ok(grants) => grants,
            Err(Trouble::InvalidClient) => {
                self.note_refused_client(configured).await?;
                return Ok(Err(Failure::ClientRefused));
            }
            Err(Trouble::RateLimited | Trouble::Unavailable) => return Ok(Err(Failure::Unavailable)),
            Err(Trouble::InvalidGrant | Trouble::Other) => return Ok(Err(Failure::CodeRefused)),
        };
        let now = self.seams.now();
        let mut inputs = inputs.clone();
        quirks::from_callback(provider, returned, &mut inputs);
        let mut credential = Credential::of([("access_token", grants.access_token.clone())]);
        if let Some(refresh) = &grants.refresh_token {
            credential = credential.with("refresh_token", refresh.clone());
        }
        let Some(account) = self.account_of(configured, &credential, &body, &mut inputs).await else {
            return Ok(Err(Failure::NoAccount));
        };
        let Ok(api_base) = quirks::api_base(provider, &body, &inputs) else { return Ok(Err(Failure::HostRefused)) };
        Ok(Ok(Obtained {
            account,
            scopes: granted(&grants, asked),
            expires_at: expiry(&grants, configured, now),
            can_refresh: grants.refresh_token.is_some() && provider.auth.refresh.is_some(),
            credential,
            api_base,
            inputs,
        }))
    }

    async fn account_of(
        &self,
        configured: &Configured,
        credential: &Credential,
        token_answer: &Value,
        inputs: &mut Inputs,
    ) -> Option<Account> {
        let provider = &configured.provider;
        let told = match provider.identity.as_ref()?.source {
            IdentitySource::Token => token_answer.clone(),
            IdentitySource::IdToken => id_token_claims(token_answer, configured, inputs)?,
            IdentitySource::Url => self.ask_identity(configured, credential, inputs).await?,
        };
        let account = provider.read_account(&told, inputs)?;
        quirks::after_identity(self, provider, credential, &told, inputs).await;
        Some(quirks::whole_account(provider, account, &told, inputs))
    }

    /// Asks the service whose credential this is.
    pub(crate) async fn ask_identity(
        &self,
        configured: &Configured,
        credential: &Credential,
        inputs: &Inputs,
    ) -> Option<Value> {
        let provider = &configured.provider;
        let injection = provider.injection(credential, &configured.client.client_id, inputs)?;
        let request = provider.identity_request(&injection, inputs)?;
        let answer = self.send(&provider.id, &request).await.ok()?;
        if answer.status >= 400 {
            return None;
        }
        serde_json::from_slice(&answer.body).ok()
    }
}

/// The scopes that were granted: what the answer says, else what was asked (RFC 6749 §5.1).
pub(crate) fn granted(grants: &Grants, asked: &Scope) -> Scope {
    match &grants.scope {
        Some(text) => Scope::of(text.split([' ', ',']).filter(|word| !word.is_empty())),
        None => asked.clone(),
    }
}

/// When it runs out. A service that does not say has the lifetime of its descriptor, never *never* (`vault.md` 2.7).
pub(crate) fn expiry(grants: &Grants, configured: &Configured, now: Time) -> Option<Time> {
    let default = configured.provider.auth.refresh.as_ref().map(|refresh| refresh.default_lifetime_secs);
    let own = grants.expires_in_secs.or_else(|| lifetime_in_jwt(&grants.access_token, now));
    own.or(default).map(|secs| now.plus_secs(secs))
}

/// The lifetime that an access token tells by itself, where it is a JWT.
fn lifetime_in_jwt(token: &Secret, now: Time) -> Option<i64> {
    let claims = claims(token.reveal())?;
    claims.get("exp")?.as_i64().map(|exp| exp - now.secs()).filter(|secs| *secs > 0)
}

fn claims(jwt: &str) -> Option<Value> {
    let mut parts = jwt.split('.');
    let (_, body, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

/// The claims of an ID token that came straight from the token endpoint: TLS vouches for them (OIDC Core §3.1.3.7, 6), issuer and audience are
/// checked all the same.
fn id_token_claims(answer: &Value, configured: &Configured, inputs: &Inputs) -> Option<Value> {
    let claims = claims(answer.get("id_token")?.as_str()?)?;
    let issuer = configured.provider.issuer(inputs)?;
    let is_ours = match claims.get("aud")? {
        Value::String(aud) => *aud == configured.client.client_id,
        Value::Array(all) => all.iter().any(|aud| aud.as_str() == Some(&configured.client.client_id)),
        _ => false,
    };
    (claims.get("iss")?.as_str() == Some(&issuer) && is_ours).then_some(claims)
}
