//! What a person does on the page of a session about a secret: lets the agent in at what they hold, brings a key, or replaces one.

use super::{Next, Session, Status, rows};
use crate::caller::Subject;
use crate::connection::{self, Connection};
use crate::grants::{self, Granted, Holder, On, Operation};
use crate::link::Outcome;
use crate::refusal::{Code, Result, refuse};
use crate::secret::{self, Inject, KeyHolder, ManagedSecret, OWN, is_key};
use crate::webhook;
use crate::{Vault, acts};
use base::{AppId, ConnectionId, Fault, GrantId, Scope, Secret, Time};
use db::Tx;
use ledger::grant::{self, Grant, Kind, NewGrant};
use ledger::journal;
use serde_json::json;

/// What the page asks (`path` on the wire).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretPath {
    /// The person holds what is needed and is asked whether it may be used.
    FastPath,
    /// The person brings a key of their own.
    KeyEntry,
    /// The person replaces the key that they brought.
    Repair,
}

impl SecretPath {
    pub(super) fn of(is_repair: bool, is_held: bool) -> SecretPath {
        match (is_repair, is_held) {
            (true, _) => SecretPath::Repair,
            (false, true) => SecretPath::FastPath,
            (false, false) => SecretPath::KeyEntry,
        }
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SecretPath::FastPath => "fast_path",
            SecretPath::KeyEntry => "key_entry",
            SecretPath::Repair => "repair",
        }
    }
}

/// The secret of a session, and what its page asks now.
#[derive(Debug, Clone)]
pub struct AtSecret {
    pub secret: ManagedSecret,
    pub path: SecretPath,
}

/// What came of a choice at a secret.
enum Came {
    Granted(Box<Granted>),
    /// The session is over, or what was to be used is gone: the page says what there is now.
    Nothing,
}

const NO_KEY: &str = "The key is missing, or is not written as keys are.";

impl Vault {
    /// The secret of a session, and what its page asks now. Nothing for sessions about providers.
    pub async fn at_secret(&self, session: &Session) -> Result<Option<AtSecret>> {
        let Some(terms) = session.terms.secret.clone() else { return Ok(None) };
        let (own, now) = (session.clone(), self.seams.now());
        self.store
            .read(move |tx| {
                let secret = of_session(tx, &own, &terms.id)?;
                let held = usable(tx, &own.app, &secret, &own.subject, own.terms.label.as_deref(), now)?;
                let path = SecretPath::of(own.terms.repair.is_some(), held.is_some());
                Ok(Some(AtSecret { secret, path }))
            })
            .await
    }

    /// The person lets in whoever asks, at what they hold already. The permission itself stays as it is.
    pub(super) async fn approve_at_secret(&self, session: &Session) -> Result<Next> {
        let (vault, number) = (self.clone(), session.number);
        let came = self.store.write_again(move |tx| approve(tx, &vault, number)).await?;
        self.note_came(session, came).await
    }

    /// Keeps a key that the person brings, and lets in whoever asks with it. The key is not tried: a secret names no harmless call.
    pub(super) async fn keep_key_for_secret(&self, session: &Session, parts: Vec<(String, Secret)>) -> Result<Next> {
        let Some(at) = self.at_secret(session).await? else { return Ok(Next::Page) };
        let Some(key) = key_in(&at.secret.inject, &parts) else { return Ok(Next::Again(NO_KEY)) };
        let (vault, number) = (self.clone(), session.number);
        let came = self.store.write_again(move |tx| keep(tx, &vault, number, &key)).await?;
        self.note_came(session, came).await
    }

    async fn note_came(&self, session: &Session, came: Came) -> Result<Next> {
        if let (Came::Granted(granted), [slug]) = (came, session.terms.providers.as_slice()) {
            super::note_outcome(self, session.number, slug, &Outcome::Granted(granted)).await?;
        }
        Ok(Next::Page)
    }
}

/// The key out of what was typed: one line, or name and password.
fn key_in(inject: &Inject, parts: &[(String, Secret)]) -> Option<Secret> {
    let part = |name: &str| parts.iter().find(|(own, _)| own == name).map(|(_, secret)| secret);
    let key = match inject {
        Inject::Header(_) | Inject::Query(_) | Inject::Bearer => part("key")?.clone(),
        Inject::Basic => {
            let (user, password) = (part("user")?.reveal(), part("password")?.reveal());
            if user.is_empty() || user.contains(':') || password.is_empty() {
                return None;
            }
            Secret::new(format!("{user}:{password}"))
        }
    };
    Some(key).filter(is_key)
}

fn of_session(tx: &mut Tx<'_>, session: &Session, id: &str) -> Result<ManagedSecret> {
    let found = secret::find(tx, id)?.filter(|found| found.app == session.app);
    found.ok_or_else(|| refuse(Code::SecretNotFound, "this secret has been removed"))
}

/// The session as it is now, while it can still be answered, and its secret.
fn open_still(tx: &mut Tx<'_>, number: i64, now: Time) -> Result<Option<(Session, ManagedSecret)>> {
    let Some(session) = rows::find(tx, number)?.filter(|own| own.status(now) == Status::Pending) else {
        return Ok(None);
    };
    let Some(terms) = session.terms.secret.clone() else { return Ok(None) };
    let secret = of_session(tx, &session, &terms.id)?;
    Ok(Some((session, secret)))
}

/// What somebody may use of a secret now: the permission of this label first, else the newest that has none, else the newest.
pub(super) fn usable(
    tx: &mut Tx<'_>,
    app: &AppId,
    secret: &ManagedSecret,
    subject: &Subject,
    label: Option<&str>,
    now: Time,
) -> std::result::Result<Option<(Grant, Connection)>, Fault> {
    let mut all = Vec::new();
    for (grant_id, connection_id) in grants::usable_of(tx, app, &subject.owner(), &secret.slug, now)? {
        let (Some(grant), Some(connection)) = (grant::find(tx, &grant_id)?, connection::find(tx, &connection_id)?)
        else {
            continue;
        };
        if connection.managed_secret.as_ref() == Some(&secret.id) && connection.is_well() {
            all.push((grant, connection));
        }
    }
    let place = all.iter().position(|(grant, _)| grant.label.as_deref() == label);
    let place = place.or_else(|| all.iter().position(|(grant, _)| grant.label.is_none()));
    Ok((!all.is_empty()).then(|| all.swap_remove(place.unwrap_or(0))))
}

/// The key that a person brought and a permission is on. The company's own is not theirs to replace.
pub(super) fn own_key(
    tx: &mut Tx<'_>,
    app: &AppId,
    secret: &ManagedSecret,
    subject: &Subject,
    id: &GrantId,
    now: Time,
) -> Result<Connection> {
    let unknown = || refuse(Code::GrantNotFound, "repair_grant_id names no live grant of this person on the secret");
    let found = grant::find(tx, id)?
        .filter(|grant| grant.app.as_ref() == Some(app) && grant.kind == Kind::Connection && grant.is_live(now))
        .filter(|grant| grants::subject_of(grant) == *subject)
        .ok_or_else(unknown)?;
    let connection = match &found.connection {
        Some(connection) => connection::find(tx, connection)?,
        None => None,
    };
    let connection = connection
        .filter(|own| own.ended_at.is_none() && own.managed_secret.as_ref() == Some(&secret.id))
        .ok_or_else(unknown)?;
    if connection.subject() != *subject {
        let sentence = "this grant is on the company's own key, which the company replaces";
        return Err(refuse(Code::InvalidRequest, sentence).with("field", "repair_grant_id"));
    }
    Ok(connection)
}

fn approve(tx: &mut Tx<'_>, vault: &Vault, number: i64) -> Result<Came> {
    let now = vault.seams.now();
    let Some((session, secret)) = open_still(tx, number, now)? else { return Ok(Came::Nothing) };
    if session.terms.repair.is_some() {
        return Ok(Came::Nothing);
    }
    let label = session.terms.label.as_deref();
    let Some((held, connection)) = usable(tx, &session.app, &secret, &session.subject, label, now)? else {
        return Ok(Came::Nothing);
    };
    let (held, operation) = if label.is_none_or(|label| held.label.as_deref() == Some(label)) {
        (held, Operation::Reauth)
    } else {
        (sibling(tx, vault, &session, &held, &connection)?, Operation::Creation)
    };
    let granted = with_agent(tx, vault, &session, &held, (&secret, &connection), operation)?;
    Ok(Came::Granted(Box::new(granted)))
}

/// A permission of another label on the same key. It reaches no further and lasts no longer than the one it is taken from.
fn sibling(
    tx: &mut Tx<'_>,
    vault: &Vault,
    session: &Session,
    held: &Grant,
    connection: &Connection,
) -> std::result::Result<Grant, Fault> {
    let (seams, now) = (&vault.seams, vault.seams.now());
    let mut new = NewGrant::of(Kind::Connection, seams)?;
    new.parent.clone_from(&held.parent);
    new.account.clone_from(&held.account);
    new.identity.clone_from(&held.identity);
    new.app_user.clone_from(&held.app_user);
    new.app.clone_from(&held.app);
    new.target = grants::target(connection.id.as_str(), session.terms.label.as_deref());
    new.connection = Some(connection.id.clone());
    new.label.clone_from(&session.terms.label);
    new.limits.clone_from(&held.limits);
    new.expires_at = grants::sooner(held.expires_at, session.terms.expiry(now));
    grant::open(tx, &new, now)?;
    let detail = json!({ "provider": connection.provider, "secret": connection.managed_secret, "label": new.label });
    let entry = journal::Entry::new(acts::GRANT_OPENED, seams)?.app(&session.app).grant(&new.id).detail(detail);
    journal::write(tx, &grants::about(entry, &session.subject))?;
    grant::find(tx, &new.id)?.ok_or_else(|| Fault::new("managed secret: its grant is gone"))
}

/// The permission as it is, with the agent of the session below it.
fn with_agent(
    tx: &mut Tx<'_>,
    vault: &Vault,
    session: &Session,
    held: &Grant,
    (secret, connection): (&ManagedSecret, &Connection),
    operation: Operation,
) -> std::result::Result<Granted, Fault> {
    let now = vault.seams.now();
    let delegation = match &session.terms.agent {
        Some(agent) => Some(grants::let_agent_in(tx, &vault.seams, &held.id, agent, &session.terms)?),
        None => None,
    };
    let granted = Granted {
        grant: held.id.clone(),
        provider: secret.slug.clone(),
        provider_name: secret.name.clone(),
        account: connection.label.clone(),
        at_ms: now.ms(),
        operation,
        scopes: grants::words(&Scope::empty()),
        api_base: None,
        delegation,
        policy: None,
    };
    note_agent(tx, vault, session, &granted)?;
    Ok(granted)
}

/// Writes down that an agent was let in.
fn note_agent(tx: &mut Tx<'_>, vault: &Vault, session: &Session, granted: &Granted) -> std::result::Result<(), Fault> {
    let Some(made) = granted.delegation.as_ref().filter(|made| !made.refused) else { return Ok(()) };
    let entry = journal::Entry::new(acts::GRANT_DELEGATED, &vault.seams)?
        .app(&session.app)
        .grant(&granted.grant)
        .agent(&base::AgentId::from_text(made.agent.clone()))
        .detail(json!({ "provider": granted.provider, "delegable": made.delegable }));
    journal::write(tx, &grants::about(entry, &session.subject))
}

/// One write seals the key, opens or renews the permission, lets the agent in and writes the journal.
fn keep(tx: &mut Tx<'_>, vault: &Vault, number: i64, key: &Secret) -> Result<Came> {
    let (seams, now) = (&vault.seams, vault.seams.now());
    let Some((session, secret)) = open_still(tx, number, now)? else { return Ok(Came::Nothing) };
    let terms = &session.terms;
    let repaired = match &terms.repair {
        Some(grant) => {
            let grant = GrantId::from_text(grant.clone());
            let own = own_key(tx, &session.app, &secret, &session.subject, &grant, now)?;
            // The key is replaced that the backend named, and no other.
            let is_it = terms.repair_connection.clone().map(ConnectionId::from_text).as_ref() == Some(&own.id);
            if !is_it {
                return Ok(Came::Nothing);
            }
            Some(own)
        }
        None => None,
    };
    let outside_id = match (&repaired, &terms.label) {
        (Some(own), _) => own.outside_id.clone(),
        (None, Some(label)) => format!("{OWN}#{label}"),
        (None, None) => OWN.to_owned(),
    };
    let holder = KeyHolder {
        app: &session.app,
        secret: &secret.id,
        slug: &secret.slug,
        name: &secret.name,
        subject: &session.subject,
        outside_id: &outside_id,
    };
    let there = holder.live(tx)?;
    let connection = holder.put(tx, seams, &vault.sealer, key, there.as_ref())?;
    let (act, event, operation) = match &there {
        Some(_) => (acts::CONNECTION_REPAIRED, "connection.updated", Operation::Reauth),
        None => (acts::CONNECTION_CREATED, "connection.created", Operation::Creation),
    };
    let whose = Holder { app: &session.app, subject: &session.subject, service: &secret.name };
    let granted = grants::open_on(tx, seams, &whose, &On::from(&connection), terms, operation)?;
    note_agent(tx, vault, &session, &granted)?;
    let detail = json!({
        "connection": connection.id.as_str(), "provider": secret.slug, "account": connection.label,
        "secret": secret.id,
    });
    webhook::tell(tx, seams, &session.app, event, &detail)?;
    let entry = journal::Entry::new(act, seams)?.app(&session.app).grant(&granted.grant).detail(detail);
    journal::write(tx, &grants::about(entry, &session.subject))?;
    Ok(Came::Granted(Box::new(granted)))
}
