//! The claims of a delegated token (RFC 8693 §4, RFC 9068 §2.2, seed 000's reference).

use base::Fault;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    /// The session as the source app knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The source app: the one that the person allowed it.
    pub cid: String,
    /// Who asked for this token: the source app, or in a chain the app that passes it on.
    pub client_id: String,
    pub scope: String,
    pub grant_id: String,
    pub target_resource: String,
    pub com_mode: &'static str,
    /// Who acts for whom, the last one outermost; only in a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
}

impl Claims {
    pub(crate) fn json(&self) -> Result<Vec<u8>, Fault> {
        serde_json::to_vec(self).map_err(|_| Fault::new("delegated token: claims do not serialize"))
    }
}
