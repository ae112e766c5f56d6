//! Trying the credentials at a provider: a code that nobody gave tells whether it knows us.

use super::{Configured, Vault};
use crate::provider::{ClientCredentials, Trouble};
use base::Secret;
use serde_json::Value;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tested {
    /// The code is refused, and not who sent it.
    Accepted,
    /// It does not know these credentials.
    Refused,
    /// It was not reached; why, in a sentence.
    Unreachable(&'static str),
    /// It answered something that tells neither.
    Unclear(u16),
    /// It is one to which nobody is sent, or what it needs to be found is missing.
    Untestable,
}

/// Neither a code nor a verifier of anybody's.
const NO_CODE: &str = "procura-test-of-credentials";
const NO_VERIFIER: &str = "procura-test-of-credentials-that-is-long-enough";

impl Vault {
    /// Asks the token endpoint with a code that cannot be good. Nobody's account is touched.
    pub async fn test_provider(&self, configured: &Configured) -> Tested {
        let (provider, client) = (&configured.provider, &configured.client);
        let known = ClientCredentials { id: &client.client_id, secret: client.secret.as_ref() };
        let (code, verifier) = (Secret::new(NO_CODE), Secret::new(NO_VERIFIER));
        let redirect_uri = self.callback(&provider.id);
        let request = provider.code_request(known, &code, &redirect_uri, &verifier, &client.inputs);
        let Some(request) = request.filter(|_| provider.auth.kind.is_oauth()) else { return Tested::Untestable };
        let answer = match self.send(&provider.id, &request).await {
            Ok(answer) => answer,
            Err(trouble) => return Tested::Unreachable(trouble.sentence()),
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        match provider.read_token_answer(answer.status, &body, false) {
            Err(Trouble::InvalidGrant) => Tested::Accepted,
            Err(Trouble::InvalidClient) => Tested::Refused,
            Err(Trouble::RateLimited | Trouble::Unavailable | Trouble::Other) | Ok(_) => Tested::Unclear(answer.status),
        }
    }
}
