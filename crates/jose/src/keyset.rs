//! The keys we publish, as one immutable list.

use crate::jwk::PublicKey;
use serde_json::{Value, json};

/// Public keys, each with its own `kid`.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// A list of keys; of two with the same `kid` the first counts (they are the same key).
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> KeySet {
        let mut set = KeySet::default();
        for key in keys {
            if set.find(key.kid()).is_none() {
                set.0.push(key);
            }
        }
        set
    }

    /// The key of that name. The name is only ever compared: it is no path, no URL and no query.
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.kid() == kid)
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter()
    }

    /// The document at `jwks_uri` (RFC 7517 §5).
    pub fn jwks_json(&self) -> String {
        let keys: Vec<Value> = self.iter().map(PublicKey::jwk).collect();
        json!({ "keys": keys }).to_string()
    }
}
