//! The keys we publish, as one immutable list.

use crate::jwk::PublicKey;
use crate::proven::Proven;
use serde_json::{Value, json};
use std::sync::Arc;

/// Public keys, each with its own `kid`.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    /// Goes with the list: another list has proven nothing yet.
    proven: Arc<Proven>,
}

impl KeySet {
    /// A list of keys; of two with the same `kid` the first counts (they are the same key).
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> KeySet {
        let mut set = KeySet::default();
        for key in keys {
            if set.find(key.kid()).is_none() {
                set.keys.push(key);
            }
        }
        set
    }

    /// The key of that name. The name is only ever compared: it is no path, no URL and no query.
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter()
    }

    /// Which tokens these keys are known to have signed.
    pub(crate) fn proven(&self) -> &Proven {
        &self.proven
    }

    /// The document at `jwks_uri` (RFC 7517 §5).
    pub fn jwks_json(&self) -> String {
        let keys: Vec<Value> = self.iter().map(PublicKey::jwk).collect();
        json!({ "keys": keys }).to_string()
    }
}
