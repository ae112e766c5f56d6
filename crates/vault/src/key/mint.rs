//! Making keys of apps, and taking those that an operator gives.

use super::format::{self, Form};
use super::{Key, Minted, Network, rows, scopes};
use crate::{By, Code, Error, KeyKind, Result, acts, refuse};
use base::{AgentId, KeyId, Scope, Seams, Secret, Time};
use db::Tx;
use ledger::journal;
use serde_json::{Map, Value, json};

/// What a new key may do.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub kind: KeyKind,
    /// The name in a manifest.
    pub key: Option<String>,
    pub name: String,
    pub agent: Option<AgentId>,
    pub scopes: Scope,
    pub networks: Option<Vec<Network>>,
    pub rate_limit_rpm: Option<i64>,
    pub metadata: Map<String, Value>,
    pub parent: Option<KeyId>,
    pub expires_at: Option<Time>,
}

impl NewKey {
    /// A key of an app that may do everything.
    pub fn of_app(name: &str) -> NewKey {
        NewKey {
            kind: KeyKind::App,
            key: None,
            name: name.to_owned(),
            agent: None,
            scopes: scopes::all(),
            networks: None,
            rate_limit_rpm: None,
            metadata: Map::new(),
            parent: None,
            expires_at: None,
        }
    }

    pub(super) fn as_key(&self, by: &By, seams: &Seams, secret: &Secret) -> std::result::Result<Key, base::Fault> {
        let now = seams.now();
        Ok(Key {
            id: KeyId::new(now, seams.entropy())?,
            app: by.app.clone(),
            agent: self.agent.clone(),
            key: self.key.clone(),
            kind: self.kind,
            hint: format::hint(secret),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            scope_version: scopes::VERSION,
            networks: self.networks.clone(),
            rate_limit_rpm: self.rate_limit_rpm,
            metadata: self.metadata.clone(),
            parent: self.parent.clone(),
            created_at: now,
            expires_at: self.expires_at,
            deprecated_at: None,
            grace_until: None,
            revoked_at: None,
            last_used_at: None,
        })
    }
}

/// Makes a key of an app, inside the caller's transaction.
pub fn mint(tx: &mut Tx<'_>, seams: &Seams, by: &By, new: &NewKey) -> Result<Minted> {
    let secret = format::mint(new.kind, seams.entropy())?;
    keep(tx, seams, by, new, secret)
}

/// Makes a key of an agent. Who makes it writes the row of the journal.
pub(crate) fn mint_for_agent(tx: &mut Tx<'_>, seams: &Seams, by: &By, agent: &AgentId, name: &str) -> Result<Minted> {
    let secret = format::mint(KeyKind::Agent, seams.entropy())?;
    let new =
        NewKey { kind: KeyKind::Agent, agent: Some(agent.clone()), scopes: Scope::empty(), ..NewKey::of_app(name) };
    let key = new.as_key(by, seams, &secret)?;
    rows::insert(tx, &key, &secret.digest())?;
    Ok(Minted { key, secret })
}

/// Takes a key whose text is given. One that is known already is the same key, if it is the same app's.
pub fn adopt(tx: &mut Tx<'_>, seams: &Seams, by: &By, new: &NewKey, secret: Secret) -> Result<Minted> {
    let fits = match format::form(secret.reveal()) {
        Some(Form::Classic) => true,
        Some(Form::Scoped(kind)) => kind == new.kind,
        None => false,
    };
    if !fits {
        return Err(refuse(
            Code::InvalidRequest,
            "the value is no key of this kind: alter_rk_ with its checksum, or alter_key_ and 40 characters",
        ));
    }
    if rows::find_by_digest(tx, &secret.digest())?.is_some() {
        return Err(refuse(Code::InvalidRequest, "the value belongs to another key"));
    }
    keep(tx, seams, by, new, secret)
}

fn keep(tx: &mut Tx<'_>, seams: &Seams, by: &By, new: &NewKey, secret: Secret) -> Result<Minted> {
    check(new)?;
    let key = new.as_key(by, seams, &secret)?;
    rows::insert(tx, &key, &secret.digest())?;
    let detail = json!({ "key": key.id.as_str(), "hint": key.hint, "name": key.name });
    journal::write(tx, &by.entry(acts::KEY_MINTED, seams, detail)?)?;
    Ok(Minted { key, secret })
}

fn check(new: &NewKey) -> std::result::Result<(), Error> {
    check_name(&new.name)?;
    if let Some(unknown) = new.scopes.iter().find(|word| !scopes::is_known(word)) {
        return Err(refuse(Code::InvalidRequest, "a scope is unknown").with("scope", unknown));
    }
    if new.kind == KeyKind::Publishable && !scopes::missing(&scopes::of_pages(), &new.scopes).is_empty() {
        return Err(refuse(Code::InvalidRequest, "a publishable key may have no other scope than providers:read"));
    }
    Ok(())
}

/// What a key, an agent or a label may be called.
pub(crate) fn check_name(name: &str) -> std::result::Result<(), Error> {
    let is_legal = !name.trim().is_empty() && name.chars().count() <= 255 && !name.chars().any(char::is_control);
    if is_legal {
        Ok(())
    } else {
        Err(refuse(Code::InvalidRequest, "a name has 1 to 255 characters").with("field", "name"))
    }
}

/// Gives a manifest's key the scopes and the name that the manifest says. False when it had them.
pub fn settle(tx: &mut Tx<'_>, key: &Key, scopes: &Scope, name: &str) -> Result<bool> {
    if key.scopes == *scopes && key.name == name {
        return Ok(false);
    }
    let changed =
        Key { scopes: scopes.clone(), scope_version: super::scopes::VERSION, name: name.to_owned(), ..key.clone() };
    rows::update(tx, &changed)?;
    Ok(true)
}
