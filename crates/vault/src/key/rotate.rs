//! Putting a new key in the place of an old one, which goes on working for a while.

use super::{Key, Minted, NewKey, format, rows};
use crate::{By, Caller, Code, Result, Vault, acts, refuse};
use base::{KeyId, Seams};
use db::Tx;
use ledger::journal;
use serde_json::json;

/// The longest overlap.
const MOST_DAYS: i64 = 30;

/// Rotates a key inside the caller's transaction. What was derived from the old one ends with it.
pub fn rotate(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &KeyId, overlap_days: i64) -> Result<Minted> {
    if !(0..=MOST_DAYS).contains(&overlap_days) {
        return Err(refuse(Code::InvalidRequest, "overlap_days is from 0 to 30"));
    }
    let now = seams.now();
    let old = rows::find(tx, &by.app, id)?.ok_or_else(super::revoke::gone)?;
    if old.revoked_at.is_some() {
        return Err(refuse(Code::KeyAlreadyRevoked, "the key has been revoked"));
    }
    if old.grace_until.is_some() || !old.is_usable(now) {
        return Err(refuse(Code::InvalidRequest, "the key is over, or was rotated already"));
    }
    let until = now.plus_secs(overlap_days * 86_400);
    rows::set_grace(tx, &old.id, until)?;
    rows::set_deprecated(tx, &old.id, Some(now))?;
    rows::forget_name(tx, &old.id)?;
    for child in rows::children(tx, &old.id)? {
        rows::set_grace(tx, &child.id, until)?;
    }
    let secret = format::mint(old.kind, seams.entropy())?;
    let key = same_as(&old).as_key(by, seams, &secret)?;
    rows::insert(tx, &key, &secret.digest())?;
    let detail = json!({ "key": old.id.as_str(), "successor": key.id.as_str(), "overlap_days": overlap_days });
    journal::write(tx, &by.entry(acts::KEY_ROTATED, seams, detail)?)?;
    Ok(Minted { key, secret })
}

fn same_as(old: &Key) -> NewKey {
    NewKey {
        kind: old.kind,
        key: old.key.clone(),
        name: old.name.clone(),
        agent: old.agent.clone(),
        scopes: old.scopes.clone(),
        networks: old.networks.clone(),
        rate_limit_rpm: old.rate_limit_rpm,
        metadata: old.metadata.clone(),
        parent: old.parent.clone(),
        expires_at: old.expires_at,
    }
}

impl Vault {
    /// Rotates the caller's own key, or one derived from it.
    pub async fn rotate_key(&self, caller: &Caller, id: KeyId, overlap_days: i64) -> Result<Minted> {
        let (vault, caller) = (self.clone(), caller.clone());
        self.store
            .write_again(move |tx| {
                super::revoke::check_own(tx, &caller, &id)?;
                rotate(tx, &vault.seams, &By::caller(&caller), &id, overlap_days)
            })
            .await
    }
}
