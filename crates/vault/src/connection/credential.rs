//! A credential as it is sealed: named secrets, kept as JSON.

use base::{Fault, Secret};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What opens an account elsewhere. Names: `access_token`, `refresh_token`, `id_token`; `key`, `application_key`; `user`, `password`;
/// `access_key_id`, `secret_key`, `session_token`.
#[derive(Debug, Clone, Default)]
pub struct Credential(BTreeMap<String, Secret>);

impl Credential {
    /// A credential of named secrets.
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, Secret)>) -> Credential {
        Credential(parts.into_iter().map(|(name, secret)| (name.to_owned(), secret)).collect())
    }

    /// The secret with this name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// What calls carry.
    pub fn access_token(&self) -> Option<&Secret> {
        self.get("access_token")
    }

    /// What renews it. Never leaves but for the token endpoint.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.get("refresh_token")
    }

    /// The same with a part set anew.
    #[must_use]
    pub fn with(mut self, name: &str, secret: Secret) -> Credential {
        self.0.insert(name.to_owned(), secret);
        self
    }

    /// Every secret inside, for finding them in what comes back.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.values()
    }

    pub(super) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let plain: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, secret)| (name.as_str(), secret.reveal())).collect();
        serde_json::to_vec(&plain).map(Zeroizing::new).map_err(|_| Fault::new("credential: does not serialize"))
    }

    pub(super) fn from_json(bytes: &[u8]) -> Result<Credential, Fault> {
        let plain: BTreeMap<String, String> =
            serde_json::from_slice(bytes).map_err(|_| Fault::new("credential: is not what was sealed"))?;
        Ok(Credential(plain.into_iter().map(|(name, text)| (name, Secret::new(text))).collect()))
    }
}
