//! Setting a secret up, rotating it, and letting somebody use it.

use super::{Inject, ManagedSecret, is_host, rows};
use crate::caller::{Caller, Subject};
use crate::connection::{self, Connection, Credential, NewConnection};
use crate::provider::Inputs;
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, acts, grants};
use base::{AppId, ConnectionId, Fault, Scope, Seams, Secret, Time, Uuid};
use db::{Sealer, Tx};
use ledger::grant::{self, Grant, Kind, NewGrant};
use ledger::journal;
use serde_json::json;

/// The one credential that a secret has by itself; credentials of people stand beside it.
const OWN: &str = "own";

/// What a secret is to be.
#[derive(Debug, Clone)]
pub struct SecretWish {
    pub slug: String,
    pub name: String,
    pub inject: Inject,
    pub hosts: Vec<String>,
    pub template: Option<String>,
    /// A key, or `user:password` for basic.
    pub credential: Secret,
}

/// Looks whether a wish is one for a secret. `allows_plain` tells which hosts of this computer the operator lets through.
pub fn check(wish: &SecretWish, allows_plain: impl Fn(&str) -> bool) -> Result<()> {
    let wrong = |field: &str, sentence| Err(refuse(Code::InvalidRequest, sentence).with("field", field));
    let is_slug = (1..=50).contains(&wish.slug.len())
        && wish.slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_slug {
        return wrong("slug", "has lowercase letters, digits and -, at most 50");
    }
    if wish.name.trim().is_empty() || wish.name.len() > 200 || wish.name.chars().any(char::is_control) {
        return wrong("name", "is a line of text");
    }
    if wish.hosts.is_empty() || !wish.hosts.iter().all(|host| is_host(host, allows_plain(host))) {
        return wrong("hosts", "are names of at least two labels, with *. for one more");
    }
    let key = wish.credential.reveal();
    if key.is_empty() || key.len() > 16_384 || key.bytes().any(|byte| byte.is_ascii_control()) {
        return wrong("credential", "is one line of text");
    }
    if wish.inject == Inject::Basic && !key.contains(':') {
        return wrong("credential", "is user:password for basic");
    }
    Ok(())
}

/// Sets a secret of an app inside the caller's transaction, or changes it: its permissions stay as they are. True when anything changed.
/// The wish has been checked.
pub fn put(tx: &mut Tx<'_>, seams: &Seams, sealer: &Sealer, app: &AppId, wish: &SecretWish) -> Result<bool> {
    let now = seams.now();
    let (id, mut is_changed) = match rows::find_named(tx, app, &wish.slug)? {
        None => (insert(tx, seams, app, wish, now)?, true),
        Some(there) => {
            let is_other = there.name != wish.name || there.inject != wish.inject || there.hosts != wish.hosts;
            if is_other {
                rows::change(tx, &there.id, &wish.name, &wish.inject, &wish.hosts, now)?;
            }
            (there.id, is_other)
        }
    };
    let connection = keep_key(tx, (seams, sealer), app, &id, wish, &mut is_changed)?;
    open_for(tx, seams, app, &Subject::App, &connection, None)?;
    if is_changed {
        let entry = journal::Entry::new(acts::SECRET_CHANGED, seams)?.app(app);
        journal::write(tx, &entry.detail(json!({ "secret": id, "slug": wish.slug, "hosts": wish.hosts })))?;
    }
    Ok(is_changed)
}

impl Vault {
    /// Sets a secret of an app, or changes it.
    pub async fn set_secret(&self, app: &AppId, wish: SecretWish) -> Result<bool> {
        check(&wish, |host| self.egress.names(host))?;
        let (vault, app) = (self.clone(), app.clone());
        self.store.write_again(move |tx| put(tx, &vault.seams, &vault.sealer, &app, &wish)).await
    }

    /// Removes a secret: what may use it ends, and its credentials are wiped.
    pub async fn remove_secret(&self, app: &AppId, slug: &str) -> Result<bool> {
        let (vault, app, slug) = (self.clone(), app.clone(), slug.to_owned());
        self.store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let Some(there) = rows::find_named(tx, &app, &slug)? else { return Ok(false) };
                rows::remove(tx, &there.id, now)?;
                for connection in keys_of(tx, &app, &there)? {
                    connection::end(tx, &connection.id, grant::EndedBy::App, now)?;
                }
                let entry = journal::Entry::new(acts::SECRET_REMOVED, &vault.seams)?.app(&app);
                journal::write(tx, &entry.detail(json!({ "secret": there.id, "slug": there.slug })))?;
                Ok(true)
            })
            .await
    }

    /// Lets somebody use a secret of the caller's app (`connect-wire.md` 2.6.16). The same again gives the same permission.
    pub async fn grant_secret(
        &self,
        caller: &Caller,
        secret: &str,
        subject: Subject,
        label: Option<String>,
        limits: grants::Limits,
    ) -> Result<Grant> {
        if caller.agent.is_some() {
            return Err(refuse(Code::AgentsCannotMint, "an agent lets nobody use a secret"));
        }
        let (vault, caller, secret) = (self.clone(), caller.clone(), secret.to_owned());
        self.store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let unknown = || refuse(Code::SecretNotFound, "there is no such secret");
                let there = rows::find(tx, &secret)?.filter(|there| there.app == caller.app).ok_or_else(unknown)?;
                let keys = keys_of(tx, &caller.app, &there)?;
                let connection = keys.into_iter().find(|key| key.outside_id == OWN).ok_or_else(unknown)?;
                let made = open_for(tx, &vault.seams, &caller.app, &subject, &connection, label.as_deref())?;
                if limits != grants::Limits::default() {
                    grant::set_limits(
                        tx,
                        &made.id,
                        made.expires_at,
                        made.label.as_deref(),
                        limits.text().as_deref(),
                        now,
                    )?;
                }
                Ok(made)
            })
            .await
    }
}

fn insert(tx: &mut Tx<'_>, seams: &Seams, app: &AppId, wish: &SecretWish, now: Time) -> Result<String> {
    let id = Uuid::at(now, seams.entropy())?.as_str().to_owned();
    let new = ManagedSecret {
        id: id.clone(),
        app: app.clone(),
        slug: wish.slug.clone(),
        name: wish.name.clone(),
        inject: wish.inject.clone(),
        hosts: wish.hosts.clone(),
        template: wish.template.clone(),
        created_at: now,
        updated_at: now,
        plain: Vec::new(),
    };
    rows::insert(tx, &new)?;
    Ok(id)
}

/// Puts the credential in its place; the one that is there already stays.
fn keep_key(
    tx: &mut Tx<'_>,
    (seams, sealer): (&Seams, &Sealer),
    app: &AppId,
    secret: &str,
    wish: &SecretWish,
    is_changed: &mut bool,
) -> Result<Connection> {
    let (owner, now) = (Subject::App.owner(), seams.now());
    let there = connection::find_live_of(tx, app, &owner, &wish.slug)?
        .into_iter()
        .find(|there| there.managed_secret.as_deref() == Some(secret) && there.outside_id == OWN);
    if let Some(there) = &there {
        let kept = there.open(sealer)?;
        if kept.get("key").is_some_and(|key| key.is_same(&wish.credential)) && there.label == wish.name {
            return Ok(there.clone());
        }
    }
    *is_changed = true;
    let id = match &there {
        Some(there) => there.id.clone(),
        None => ConnectionId::new(now, seams.entropy())?,
    };
    let version = there.as_ref().map_or(1, |there| there.version + 1);
    let credential = Credential::of([("key", wish.credential.clone())]);
    let bound = connection::bound(&id, app, &owner, &wish.slug, OWN, version);
    let new = NewConnection {
        sealed: connection::seal(sealer, seams.entropy(), &bound, &credential)?,
        id: id.clone(),
        app: app.clone(),
        provider: wish.slug.clone(),
        provider_client: None,
        managed_secret: Some(secret.to_owned()),
        subject: Subject::App,
        outside_id: OWN.to_owned(),
        label: wish.name.clone(),
        api_base: None,
        inputs: Inputs::new(),
        scopes: Scope::empty(),
        key_id: sealer.key_id(),
        generation: Uuid::random(seams.entropy())?.as_str().to_owned(),
        expires_at: None,
        can_refresh: false,
    };
    match &there {
        Some(there) => {
            if !connection::replace(tx, there, &new, now)? {
                return Err(Fault::new("managed secret: overtaken").into());
            }
        }
        None => connection::insert(tx, &new, now)?,
    }
    connection::find(tx, &id)?.ok_or_else(|| Fault::new("managed secret: what was kept is gone").into())
}

fn keys_of(tx: &mut Tx<'_>, app: &AppId, secret: &ManagedSecret) -> std::result::Result<Vec<Connection>, Fault> {
    let all = connection::find_live_of(tx, app, &Subject::App.owner(), &secret.slug)?;
    Ok(all.into_iter().filter(|key| key.managed_secret.as_ref() == Some(&secret.id)).collect())
}

fn open_for(
    tx: &mut Tx<'_>,
    seams: &Seams,
    app: &AppId,
    subject: &Subject,
    connection: &Connection,
    label: Option<&str>,
) -> Result<Grant> {
    let now = seams.now();
    let target = match label {
        Some(label) => format!("{}#{label}", connection.id),
        None => connection.id.as_str().to_owned(),
    };
    let there = grant::list_of_connection(tx, &connection.id, 1000)?.into_iter().find(|grant| {
        grant.kind == Kind::Connection
            && grant.target == target
            && grant.identity.as_ref() == subject.identity()
            && grant.app_user.as_ref() == subject.app_user()
    });
    if let Some(there) = there {
        return Ok(there);
    }
    let mut new = NewGrant::of(Kind::Connection, seams)?;
    new.account = subject.account().cloned();
    new.identity = subject.identity().cloned();
    new.app_user = subject.app_user().cloned();
    new.app = Some(app.clone());
    new.target = target;
    new.connection = Some(connection.id.clone());
    new.label = label.map(str::to_owned);
    grant::open(tx, &new, now)?;
    let detail = json!({ "provider": connection.provider, "secret": connection.managed_secret, "label": label });
    let entry = journal::Entry::new(acts::GRANT_OPENED, seams)?.app(app).grant(&new.id).detail(detail);
    journal::write(tx, &grants::about(entry, subject))?;
    grant::find(tx, &new.id)?.ok_or_else(|| Fault::new("managed secret: its grant is gone").into())
}
