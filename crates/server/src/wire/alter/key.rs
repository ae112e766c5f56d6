//! Keys of apps.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use vault::key::{DeriveWish, Key, Minted};

/// `POST /sdk/keys/derive`
#[derive(Debug, Deserialize)]
pub struct Derive {
    pub scopes: Vec<String>,
    pub expires_in: i64,
    pub cidr_allowlist: Option<Vec<String>>,
    pub name: Option<String>,
    pub metadata: Option<Map<String, Value>>,
}

impl From<Derive> for DeriveWish {
    fn from(sent: Derive) -> DeriveWish {
        DeriveWish {
            scopes: sent.scopes,
            expires_in: sent.expires_in,
            cidr_allowlist: sent.cidr_allowlist,
            name: sent.name,
            metadata: sent.metadata.unwrap_or_default(),
        }
    }
}

/// `POST /sdk/keys/{id}/rotate`
#[derive(Debug, Deserialize)]
pub struct Rotate {
    pub overlap_days: Option<i64>,
}

/// `APIKeyInfo`
pub fn info(key: &Key) -> Value {
    let mut shown = json!({
        "id": key.id.as_str(),
        "name": key.name,
        "key_prefix": key.hint,
        "key_type": key.kind.as_str(),
        "scopes": key.allowed().iter().collect::<Vec<_>>(),
        "scope_version": key.scope_version,
        "created_at": key.created_at.iso(),
    });
    if let Some(members) = shown.as_object_mut() {
        let mut add = |name: &str, value: Option<Value>| value.map(|value| members.insert(name.to_owned(), value));
        let networks = key.networks.as_ref();
        add("cidr_allowlist", networks.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().into()));
        add("rate_limit_rpm", key.rate_limit_rpm.map(Value::from));
        add("parent_key_id", key.parent.as_ref().map(|parent| parent.as_str().into()));
        for (name, at) in [
            // A key that was rotated ends when its overlap does.
            ("expires_at", [key.expires_at, key.grace_until].into_iter().flatten().min()),
            ("deprecated_at", key.deprecated_at),
            ("revoked_at", key.revoked_at),
            ("last_used_at", key.last_used_at),
        ] {
            add(name, at.map(|at| at.iso().into()));
        }
    }
    shown
}

/// `APIKeyInfo` with the text of the key.
pub fn minted(minted: &Minted) -> Value {
    let mut shown = info(&minted.key);
    if let Some(members) = shown.as_object_mut() {
        members.insert("api_key".to_owned(), minted.secret.reveal().into());
    }
    shown
}
