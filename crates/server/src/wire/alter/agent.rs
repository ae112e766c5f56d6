//! Agents and their keys.

use base::Time;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use vault::agent::{Agent, Created, Scopes};
use vault::key::Key;

/// `POST /sdk/agents`
#[derive(Debug, Deserialize)]
pub struct NewAgent {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub display_name: Option<String>,
    pub scopes: Option<Scopes>,
    pub policy: Option<Map<String, Value>>,
    pub metadata: Option<Map<String, Value>>,
}

/// `PATCH /sdk/agents/{id}`. A name that is `null` is taken away, one that is absent stays.
#[derive(Debug, Deserialize)]
pub struct ChangedAgent {
    #[serde(default, deserialize_with = "present")]
    pub display_name: Option<Option<String>>,
    pub scopes: Option<Scopes>,
    pub policy: Option<Map<String, Value>>,
    pub metadata: Option<Map<String, Value>>,
    pub status: Option<String>,
}

#[allow(clippy::option_option)] // absent, null and a text are three things
fn present<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(reader).map(Some)
}

/// `AgentInfo`
pub fn info(agent: &Agent, now: Time) -> Value {
    let mut shown = json!({
        "id": agent.id.as_str(),
        "name": agent.name,
        "type": agent.kind.as_str(),
        "status": agent.status().as_str(),
        "version": agent.version,
        "created_at": agent.created_at.iso(),
        "scopes": agent.effective_scopes(now),
        "policy": agent.policy,
        "metadata": agent.metadata,
        "stored_legacy_managed_secret_names": [],
    });
    if let Some(members) = shown.as_object_mut() {
        let mut add = |name: &str, value: Option<Value>| value.map(|value| members.insert(name.to_owned(), value));
        add("display_name", agent.display_name.clone().map(Value::from));
        add("last_used_at", agent.last_used_at.map(|at| at.iso().into()));
        if let Some((scopes, from)) = agent.announced(now) {
            add("scopes_pending", Some(json!(scopes)));
            add("scopes_applies_at", Some(from.iso().into()));
        }
    }
    shown
}

/// `AgentInfo` with the first key, which a repeated request does not get again.
pub fn created(made: &Created, now: Time) -> Value {
    let mut shown = info(&made.agent, now);
    if let Some(members) = shown.as_object_mut() {
        members.insert("api_key".to_owned(), json!(made.secret.as_ref().map(base::Secret::reveal)));
        members.insert("key_id".to_owned(), made.key.id.as_str().into());
    }
    shown
}

/// `AgentKey`
pub fn key(key: &Key) -> Value {
    let mut shown = json!({
        "key_id": key.id.as_str(),
        "key_prefix": key.hint,
        "name": key.name,
        "created_at": key.created_at.iso(),
    });
    if let Some(members) = shown.as_object_mut() {
        let times =
            [("deprecated_at", key.deprecated_at), ("revoked_at", key.revoked_at), ("last_used_at", key.last_used_at)];
        for (name, at) in times {
            at.map(|at| members.insert(name.to_owned(), at.iso().into()));
        }
    }
    shown
}
