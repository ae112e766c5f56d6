//! A call as it was when it was stopped, and what came of it.

use crate::caller::{Acting, Caller, KeyKind};
use crate::proxy::{Loaded, Plan};
use base::digest::Digest;
use base::{AgentId, AppId, Fault, GrantId, KeyId, OrganizationId, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The exact call, and who made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    pub method: String,
    pub url: String,
    /// Without anything of the credential.
    pub headers: Vec<(String, String)>,
    body_b64: String,
    pub reason: Option<String>,
    grant: String,
    caller: FrozenCaller,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FrozenCaller {
    app: String,
    organization: String,
    key: String,
    kind: String,
    hint: String,
    scopes: String,
    agent: Option<FrozenAgent>,
    source: String,
    context: BTreeMap<String, String>,
    rule: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FrozenAgent {
    id: String,
    name: String,
    by_own_key: bool,
    scopes: BTreeMap<String, Vec<String>>,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body_b64: String,
    pub is_truncated: bool,
    pub ms: u64,
}

impl Frozen {
    /// Takes a call down.
    pub(crate) fn of(
        caller: &Caller,
        loaded: &Loaded,
        plan: &Plan,
        headers: &HeaderMap,
        body: &Bytes,
        reason: Option<&str>,
    ) -> Frozen {
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Frozen {
            method: plan.method.as_str().to_owned(),
            url: plan.url(),
            headers: headers.iter().map(text).collect(),
            body_b64: STANDARD.encode(body),
            reason: reason.map(|text| crate::hand_out::cut(text, 500)),
            grant: loaded.found.grant.id.as_str().to_owned(),
            caller: FrozenCaller {
                app: caller.app.as_str().to_owned(),
                organization: caller.organization.as_str().to_owned(),
                key: caller.key.as_str().to_owned(),
                kind: kind_word(caller.kind).to_owned(),
                hint: caller.hint.clone(),
                scopes: caller.scopes.to_string(),
                agent: caller.agent.as_ref().map(|agent| FrozenAgent {
                    id: agent.id.as_str().to_owned(),
                    name: agent.name.clone(),
                    by_own_key: agent.by_own_key,
                    scopes: agent.scopes.clone(),
                }),
                source: caller.source.clone(),
                context: caller.context.clone(),
                rule: caller.rule.clone(),
            },
        }
    }

    /// The bytes that are sealed, and that the digest is of.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Fault> {
        serde_json::to_vec(self).map_err(|_| Fault::new("approval: its request does not serialize"))
    }

    /// Reads them back.
    pub(crate) fn read(bytes: &[u8]) -> Result<Frozen, Fault> {
        serde_json::from_slice(bytes).map_err(|_| Fault::new("approval: its request is not what was sealed"))
    }

    pub(crate) fn digest(bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }

    /// The body as it was.
    pub fn body(&self) -> Bytes {
        STANDARD.decode(&self.body_b64).unwrap_or_default().into()
    }

    pub(crate) fn header_map(&self) -> HeaderMap {
        let read = |(name, value): &(String, String)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        };
        let mut map = HeaderMap::new();
        for (name, value) in self.headers.iter().filter_map(read) {
            map.append(name, value);
        }
        map
    }

    pub(crate) fn grant(&self) -> GrantId {
        GrantId::from_text(self.grant.clone())
    }

    /// Who made the call. That they may still do so is looked up anew.
    pub(crate) fn caller(&self) -> Result<Caller, Fault> {
        let own = &self.caller;
        let kind = [KeyKind::App, KeyKind::Agent, KeyKind::Derived, KeyKind::Publishable]
            .into_iter()
            .find(|kind| kind_word(*kind) == own.kind)
            .ok_or_else(|| Fault::new("approval: its key is of no kind"))?;
        Ok(Caller {
            app: AppId::from_text(own.app.clone()),
            organization: OrganizationId::from_text(own.organization.clone()),
            key: KeyId::from_text(own.key.clone()),
            kind,
            hint: own.hint.clone(),
            scopes: Scope::of(own.scopes.split(' ').filter(|word| !word.is_empty())),
            agent: own.agent.as_ref().map(|agent| Acting {
                id: AgentId::from_text(agent.id.clone()),
                name: agent.name.clone(),
                by_own_key: agent.by_own_key,
                scopes: agent.scopes.clone(),
            }),
            source: own.source.clone(),
            context: own.context.clone(),
            rule: own.rule.clone(),
        })
    }

    /// What the agent or app that called is named in lists.
    pub fn agent_name(&self) -> Option<&str> {
        self.caller.agent.as_ref().map(|agent| agent.name.as_str())
    }
}

fn kind_word(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::App => "app",
        KeyKind::Agent => "agent",
        KeyKind::Derived => "derived",
        KeyKind::Publishable => "publishable",
    }
}
