//! Asking the issuer what a token is (RFC 7662), each time: what was ended a second ago is refused.

use crate::door::Door;
use crate::refused::Refused;
use base::Secret;
use serde_json::{Map, Value};

/// The way to the issuer and this server's own credentials there.
pub(crate) struct Introspection {
    pub(crate) door: Door,
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
}

impl Introspection {
    /// The claims of a live token. What they say is still to be judged.
    pub(crate) async fn claims(&self, token: &Secret) -> Result<Map<String, Value>, Refused> {
        if token.is_empty() || token.reveal().len() > jose::verify::LONGEST_TOKEN {
            return Err(Refused::token("the token is empty or longer than 16 KiB"));
        }
        let answer = self.door.introspect(&self.client_id, &self.secret, token).await.map_err(|trouble| {
            tracing::warn!("token introspect: {trouble}");
            Refused::unavailable(trouble)
        })?;
        if answer.get("active") != Some(&Value::Bool(true)) {
            return Err(Refused::token("the token is not active"));
        }
        Ok(answer)
    }
}
