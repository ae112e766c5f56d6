//! Deriving a key that may do less, for a shorter time, from nearer (`connect-wire.md` 2.7.2).

use super::mint::check_name;
use super::{Key, Minted, NewKey, format, read_networks, rows, scopes};
use crate::{By, Caller, Code, KeyKind, Result, Vault, acts, refuse};
use base::{Scope, Time};
use ledger::journal;
use serde_json::{Map, Value, json};

/// The longest life of a derived key.
const LONGEST_SECS: i64 = 90 * 86_400;
/// So many derived keys of one key may be usable at once.
const MOST: usize = 1_000;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    pub scopes: Vec<String>,
    pub expires_in: i64,
    pub cidr_allowlist: Option<Vec<String>>,
    pub name: Option<String>,
    pub metadata: Map<String, Value>,
}

impl Vault {
    /// Derives a key from the caller's own.
    pub async fn derive_key(&self, caller: &Caller, wish: Wish) -> Result<Minted> {
        let (vault, caller) = (self.clone(), caller.clone());
        self.store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let parent = rows::find(tx, &caller.app, &caller.key)?.ok_or_else(super::unknown)?;
                parent.check_usable(now)?;
                if rows::children(tx, &parent.id)?.iter().filter(|key| key.is_usable(now)).count() >= MOST {
                    return Err(refuse(Code::InvalidRequest, "too many keys are derived from this one already"));
                }
                let new = new_key(&parent, &caller.scopes, &wish, now)?;
                let secret = format::mint(KeyKind::Derived, vault.seams.entropy())?;
                let by = By::caller(&caller);
                let key = new.as_key(&by, &vault.seams, &secret)?;
                rows::insert(tx, &key, &secret.digest())?;
                let detail = json!({ "key": key.id.as_str(), "parent": parent.id.as_str(), "hint": key.hint });
                journal::write(tx, &by.entry(acts::KEY_DERIVED, &vault.seams, detail)?)?;
                Ok(Minted { key, secret })
            })
            .await
    }
}

/// What the wish means under the parent; nothing may be more than the parent's.
fn new_key(parent: &Key, held: &Scope, wish: &Wish, now: Time) -> Result<NewKey> {
    let asked =
        scopes::read(wish.scopes.iter().map(String::as_str)).filter(|asked| !asked.is_empty()).ok_or_else(|| {
            refuse(Code::InvalidScopeForDerivedKey, "scopes must name at least one scope, and known ones only")
        })?;
    if asked.has(scopes::DERIVE) {
        return Err(refuse(Code::InvalidScopeForDerivedKey, "a derived key cannot derive"));
    }
    let missing = scopes::missing(held, &asked);
    if !missing.is_empty() {
        return Err(refuse(Code::InvalidScopeForDerivedKey, "a derived key may do no more than its parent")
            .with("missing", missing));
    }
    if !(1..=LONGEST_SECS).contains(&wish.expires_in) {
        return Err(refuse(Code::InvalidRequest, "expires_in is from 1 second to 90 days"));
    }
    let until = now.plus_secs(wish.expires_in);
    let parent_until = [parent.expires_at, parent.grace_until].into_iter().flatten().min();
    if parent_until.is_some_and(|parent| parent < until) {
        return Err(refuse(Code::InvalidRequest, "a derived key lives no longer than its parent"));
    }
    let networks = match &wish.cidr_allowlist {
        None => parent.networks.clone(),
        Some(texts) => {
            let asked = read_networks(texts)
                .ok_or_else(|| refuse(Code::InvalidRequest, "cidr_allowlist holds 1 to 100 networks"))?;
            let own = parent.networks.as_ref();
            let is_inside = own.is_none_or(|own| asked.iter().all(|asked| own.iter().any(|own| own.covers(asked))));
            if !is_inside {
                return Err(refuse(Code::InvalidRequest, "a derived key comes from no further away than its parent"));
            }
            Some(asked)
        }
    };
    if json!(wish.metadata).to_string().len() > 8 << 10 {
        return Err(refuse(Code::InvalidRequest, "metadata has at most 8 KiB"));
    }
    let name = wish.name.clone().unwrap_or_else(|| "Derived key".to_owned());
    check_name(&name)?;
    Ok(NewKey {
        kind: KeyKind::Derived,
        key: None,
        name,
        agent: None,
        scopes: asked,
        networks,
        rate_limit_rpm: parent.rate_limit_rpm,
        metadata: wish.metadata.clone(),
        parent: Some(parent.id.clone()),
        expires_at: Some(until),
    })
}
