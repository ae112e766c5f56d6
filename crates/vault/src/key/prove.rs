//! Who calls: from the headers of a request to a [`Caller`].
//!
//! Promise: nothing about a key is told before its text is proven; what narrows a request (its scopes, its rule, its agent) is taken
//! from what was signed.

use super::sign_check::{Signed, is_signed};
use super::{Key, format, nonce, rows, scopes};
use crate::agent::{self, Agent, Status};
use crate::{Acting, Caller, Code, Error, KeyKind, Result, Vault, refuse};
use base::{AgentId, OrganizationId, Scope, Secret, Time, Uuid};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// How often it is noted that a key is used.
const SEEN_EVERY_SECS: i64 = 60;
const LONGEST_CONTEXT: usize = 4_096;
const LONGEST_RULE: usize = 4_096;

/// A key that was shown, and where from.
#[derive(Debug, Clone)]
pub struct Shown {
    pub key: Key,
    pub secret: Secret,
    pub source: IpAddr,
}

/// Who calls, and what the answer should say of the key.
#[derive(Debug, Clone)]
pub struct Proof {
    pub caller: Caller,
    /// The agent behind an agent's own key is suspended: it may ask who it is, and nothing else.
    pub is_suspended: bool,
}

impl Vault {
    /// The key with this text, if it may be used from there. Whose app it is the caller finds out before it goes on.
    pub async fn shown_key(&self, secret: Secret, source: IpAddr) -> Result<Shown> {
        if format::form(secret.reveal()).is_none() {
            return Err(super::unknown());
        }
        let digest = secret.digest();
        let found = self.store.read(move |tx| rows::find_by_digest(tx, &digest)).await?;
        let key = found.ok_or_else(super::unknown)?;
        key.check_usable(self.seams.now())?;
        if !key.admits(source) {
            return Err(refuse(Code::IpNotAllowed, "the key may not be used from this address"));
        }
        Ok(Shown { key, secret, source })
    }

    /// Who made a signed request. It is heard once.
    pub async fn prove_signed(&self, shown: Shown, organization: OrganizationId, signed: &Signed<'_>) -> Result<Proof> {
        let now = self.seams.now();
        if !is_signed(&shown.secret, signed) {
            return Err(refuse(Code::InvalidSignature, "the signature does not fit the request"));
        }
        if !is_timely(signed.timestamp, now) {
            return Err(refuse(
                Code::InvalidSignature,
                "the timestamp is more than five minutes from this server's clock",
            )
            .with("server_time", now.secs()));
        }
        if !is_nonce(signed.nonce) {
            return Err(refuse(Code::InvalidSignature, "the nonce has 16 to 128 visible characters"));
        }
        let narrowed = narrow(&shown.key.allowed(), signed.scope_constraints)?;
        let rule = rule(signed.request_rule)?;
        let context = context(signed.actor_context)?;
        let named = Uuid::parse(&signed.caller.to_ascii_lowercase()).map(|id| AgentId::from_text(id.as_str()));
        self.spend(&shown.key, signed.nonce, now).await?;
        let mut proof = self.proof(shown, organization, narrowed, named).await?;
        proof.caller.rule = rule;
        proof.caller.context = context;
        if !signed.caller.is_empty() && proof.caller.agent.is_none() && is_label(signed.caller) {
            proof.caller.context.entry("caller".to_owned()).or_insert_with(|| signed.caller.to_owned());
        }
        Ok(proof)
    }

    /// Who shows a key as a bearer credential, without a signature. A key that may stand in a page proves nothing there.
    pub async fn prove_bearer(&self, shown: Shown, organization: OrganizationId) -> Result<Proof> {
        if shown.key.kind == KeyKind::Publishable {
            return Err(refuse(Code::KeyKindNotAllowed, "a publishable key may not call here"));
        }
        let (now, key) = (self.seams.now(), shown.key.clone());
        if is_stale(&key, now) {
            self.store.write(move |tx| rows::see(tx, &key, now)).await?;
        }
        let held = shown.key.allowed();
        self.proof(shown, organization, held, None).await
    }

    async fn spend(&self, key: &Key, said: &str, now: Time) -> Result<()> {
        let (vault, key, said) = (self.clone(), key.clone(), said.to_owned());
        let is_new = self
            .store
            .write_again(move |tx| {
                let is_new = nonce::take(tx, &vault.seams, &key.id, &said, now)?;
                if is_new && is_stale(&key, now) {
                    rows::see(tx, &key, now)?;
                }
                Ok::<_, Error>(is_new)
            })
            .await?;
        if is_new { Ok(()) } else { Err(refuse(Code::NonceReused, "the request was heard already")) }
    }

    async fn proof(
        &self,
        shown: Shown,
        organization: OrganizationId,
        scopes: Scope,
        named: Option<AgentId>,
    ) -> Result<Proof> {
        let (agent, is_suspended) = self.acting(&shown.key, named).await?;
        let key = shown.key;
        let caller = Caller {
            app: key.app.clone(),
            organization,
            key: key.id,
            kind: key.kind,
            hint: key.hint,
            scopes,
            agent,
            source: shown.source.to_string(),
            context: BTreeMap::new(),
            rule: None,
        };
        Ok(Proof { caller, is_suspended })
    }

    /// The agent that acts, and whether its own key may still ask who it is though it is suspended.
    async fn acting(&self, key: &Key, named: Option<AgentId>) -> Result<(Option<Acting>, bool)> {
        let Some(id) = key.agent.clone().or_else(|| named.clone()) else { return Ok((None, false)) };
        let (app, by_own_key, asked) = (key.app.clone(), key.agent.is_some(), id.clone());
        if by_own_key && named.is_some_and(|named| named != id) {
            return Err(refuse(
                Code::CallerAgentMismatch,
                "the key belongs to another agent than X-Alter-Caller names",
            ));
        }
        let found = self.store.read(move |tx| agent::find(tx, &app, &asked)).await?;
        let unresolved = || refuse(Code::CallerAgentUnresolved, "X-Alter-Caller names no agent of this app");
        let found = match found {
            Some(found) => found,
            None if by_own_key => return Err(super::unknown()),
            None => return Err(unresolved()),
        };
        match (found.status(), by_own_key) {
            (Status::Active, _) => {}
            (Status::Inactive, true) => return Ok((Some(acting(&found, true, self.seams.now())), true)),
            (Status::Revoked, true) => return Err(refuse(Code::AgentRevoked, "the agent has been revoked")),
            (Status::Inactive, false) => return Err(refuse(Code::AgentInactive, "the agent is suspended")),
            (Status::Revoked, false) => return Err(unresolved()),
        }
        Ok((Some(acting(&found, by_own_key, self.seams.now())), false))
    }
}

fn acting(agent: &Agent, by_own_key: bool, now: Time) -> Acting {
    Acting { id: agent.id.clone(), name: agent.name.clone(), by_own_key, scopes: agent.effective_scopes(now).clone() }
}

fn is_stale(key: &Key, now: Time) -> bool {
    key.last_used_at.is_none_or(|at| now.ms_since(at) >= SEEN_EVERY_SECS * 1000)
}

/// Seconds since the epoch, in digits and nothing else.
fn is_timely(timestamp: &str, now: Time) -> bool {
    let is_digits = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let said = timestamp.parse::<i64>().ok().filter(|_| is_digits);
    said.is_some_and(|said| (said - now.secs()).abs() <= nonce::TOLERANCE_SECS)
}

fn is_nonce(nonce: &str) -> bool {
    (16..=128).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_label(text: &str) -> bool {
    text.chars().count() <= 255 && !text.chars().any(char::is_control)
}

/// What the request gives up of its key. It can only become less.
fn narrow(held: &Scope, constraints: &str) -> Result<Scope> {
    if constraints.is_empty() {
        return Ok(held.clone());
    }
    let refused =
        || refuse(Code::ConstraintNotNarrowing, "X-Alter-Scope-Constraints must name scopes that the key has");
    let asked = scopes::read(constraints.split(',').map(str::trim)).ok_or_else(refused)?;
    let missing = scopes::missing(held, &asked);
    if missing.is_empty() { Ok(asked) } else { Err(refused().with("missing", missing)) }
}

/// The rule that a request brings along: base64url of `{"rule_type", "rule_body"}`. What it means, policies judge.
fn rule(sent: &str) -> Result<Option<Value>> {
    if sent.is_empty() {
        return Ok(None);
    }
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(sent).ok().filter(|_| sent.len() <= LONGEST_RULE)?;
        let rule: Value = serde_json::from_slice(&bytes).ok()?;
        let is_rule =
            rule.get("rule_type").is_some_and(Value::is_string) && rule.get("rule_body").is_some_and(Value::is_object);
        is_rule.then_some(rule)
    };
    read().map(Some).ok_or_else(|| refuse(Code::InvalidRequest, "X-Alter-Request-Rule cannot be read"))
}

/// What the client says of its run (2.3): few short texts.
fn context(sent: &str) -> Result<BTreeMap<String, String>> {
    if sent.is_empty() {
        return Ok(BTreeMap::new());
    }
    let read = || {
        let members: Map<String, Value> = serde_json::from_str(sent).ok().filter(|_| sent.len() <= LONGEST_CONTEXT)?;
        let texts = members.into_iter().map(|(name, value)| {
            let value = value.as_str().filter(|value| value.chars().count() <= 512 && !value.contains('\0'))?;
            (name.chars().count() <= 64 && !name.contains('\0')).then(|| (name, value.to_owned()))
        });
        texts.collect::<Option<BTreeMap<_, _>>>().filter(|texts| texts.len() <= 20)
    };
    read().ok_or_else(|| refuse(Code::InvalidRequest, "X-Alter-Context is an object of at most 20 short texts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_can_only_take_away() {
        let held = Scope::of(["grants:write", "tokens:retrieve"]);
        assert_eq!(narrow(&held, "").unwrap(), held);
        assert_eq!(narrow(&held, "grants:read").unwrap(), Scope::of(["grants:read"]));
        for wider in ["grants:admin", "proxy:execute", "grants:read,agents:read", "everything", ","] {
            assert_eq!(narrow(&held, wider).unwrap_err().code(), Some(Code::ConstraintNotNarrowing), "{wider}");
        }
    }

    #[test]
    fn a_timestamp_is_within_five_minutes_of_now() {
        let now = Time::from_secs(1_000);
        for (said, is_good) in [("700", true), ("1300", true), ("699", false), ("1301", false)] {
            assert_eq!(is_timely(said, now), is_good, "{said}");
        }
        for nonsense in ["", "+1000", " 1000", "1000.0", "١٠٠٠", "99999999999999999999", "-1000"] {
            assert!(!is_timely(nonsense, now), "{nonsense}");
        }
    }

    #[test]
    fn a_context_that_is_too_large_or_no_object_of_texts_is_refused() {
        assert_eq!(context(r#"{"tool":"\u00e9"}"#).unwrap().get("tool").map(String::as_str), Some("é"));
        let many: Map<String, Value> = (0..21).map(|number| (number.to_string(), Value::from("x"))).collect();
        let long = Value::from("x".repeat(513));
        for sent in [
            "[]",
            "{",
            r#"{"a":1}"#,
            &serde_json::json!(many).to_string(),
            &serde_json::json!({ "a": long }).to_string(),
        ] {
            assert_eq!(context(sent).unwrap_err().code(), Some(Code::InvalidRequest));
        }
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_refused() {
        let good = URL_SAFE_NO_PAD.encode(r#"{"rule_type":"content_match","rule_body":{}}"#);
        assert!(rule(&good).unwrap().is_some());
        for sent in ["e30", "!!", "e30=", &URL_SAFE_NO_PAD.encode("[]")] {
            assert_eq!(rule(sent).unwrap_err().code(), Some(Code::InvalidRequest), "{sent}");
        }
    }
}
