//! Making, changing and removing apps.
//!
//! Promise: whoever acts is checked against the organization that owns the app, and an app that is not theirs does not exist
//! for them (threat 188); what was done stands in the journal of the same transaction.

use super::secret::{NewSecret, Overlap, replace};
use super::wish::{Granted, Wish};
use super::{App, AppKind, AuthMethod, Change, DEFAULT_SCOPES, Error, find, is_app_id, rows};
use crate::organization::{Actor, Role, check_key};
use base::{AppId, Fault, OrganizationId, Scope, Seams, Secret, Uuid};
use db::Tx;
use jose::Alg;
use ledger::journal::{self, Act, Entry};
use ledger::{EndedBy, grant};

/// What the journal says of apps.
pub mod act {
    use ledger::Act;

    pub const CREATED: Act = Act("app.created");
    pub const UPDATED: Act = Act("app.updated");
    pub const DELETED: Act = Act("app.deleted");
    pub const DISABLED: Act = Act("app.disabled");
    pub const ENABLED: Act = Act("app.enabled");
    pub const SECRET_ROTATED: Act = Act("app.secret_rotated");
    pub const SECRET_ENDED: Act = Act("app.secret_ended");
}

/// The app with its secret, to be shown this once; a public app has none, a given one is not repeated.
#[derive(Debug, Clone)]
pub struct Created {
    pub app: App,
    pub secret: Option<Secret>,
}

/// What a new app is, besides its wishes.
#[derive(Debug, Clone)]
pub struct NewApp {
    pub organization: OrganizationId,
    pub kind: AppKind,
    /// What a manifest calls it.
    pub key: Option<String>,
    /// Made up when absent.
    pub client_id: Option<String>,
    /// Made up when absent.
    pub secret: Option<Secret>,
}

/// Registers an app.
pub fn create(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, new: NewApp, wish: Wish) -> Result<Created, Error> {
    actor.needs_in(tx, &new.organization, Role::Developer)?;
    let blank = blank(tx, seams, &new)?;
    let mut complaints = Vec::new();
    if wish.name.is_none() {
        complaints.push(super::Complaint::about("name", "is required"));
    }
    let granted = match wish.grant(&blank) {
        Ok(granted) if complaints.is_empty() => granted,
        outcome => {
            complaints.extend(outcome.err().unwrap_or_default());
            return Err(Error::Complaints(complaints));
        }
    };
    let Granted { mut app, logo } = granted;
    if let Change::Set(_) = logo {
        app.logo = Some(new_logo_id(seams)?);
    }
    rows::insert(tx, &app, &new.organization)?;
    if let (Change::Set(logo), Some(id)) = (&logo, &app.logo) {
        rows::replace_logo(tx, &app.id, Some((id, logo)), seams.now())?;
    }
    let shown = first_secret(tx, seams, &app, new.secret)?;
    rows::raise_version(tx)?;
    let detail = serde_json::json!({ "by": actor.word(), "name": app.name });
    journal::write(tx, &entry(act::CREATED, &app, actor, seams)?.detail(detail))?;
    let app = find(tx, &app.id)?.ok_or(Error::NotFound)?;
    Ok(Created { app, secret: shown })
}

/// An app with nothing but its place, before any wish.
fn blank(tx: &mut Tx<'_>, seams: &Seams, new: &NewApp) -> Result<App, Error> {
    let now = seams.now();
    let id = match &new.client_id {
        None => AppId::new(now, seams.entropy())?,
        Some(text) if !is_app_id(text) => {
            return Err(Error::about("client_id", "is app_ and 32 lowercase hexadecimal digits"));
        }
        Some(text) => AppId::from_text(text),
    };
    if find(tx, &id)?.is_some() {
        return Err(Error::about("client_id", "belongs to another app"));
    }
    if let Some(key) = &new.key {
        check_key(key)?;
        if rows::find_by_key(tx, &new.organization, key)?.is_some() {
            return Err(Error::about("key", "belongs to another app of the organization"));
        }
    }
    let auth_method = match new.kind {
        AppKind::Confidential => AuthMethod::Secret,
        AppKind::Public => AuthMethod::None,
        AppKind::Quick => return Err(Error::about("type", "is public or confidential")),
    };
    Ok(App {
        id,
        organization: Some(new.organization.clone()),
        key: new.key.clone(),
        name: String::new(),
        description: None,
        kind: new.kind,
        website: None,
        logo: None,
        accent: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
        native: false,
        development_mode: false,
        background: false,
        scopes: Scope::of(DEFAULT_SCOPES),
        require_pkce: false,
        auth_method,
        alg: Alg::Rs256,
        access_ttl_secs: None,
        refresh_idle_secs: None,
        refresh_absolute_secs: None,
        refresh_replay_secs: None,
        hand_out_tokens: true,
        secrets: Vec::new(),
        created_at: now,
        updated_at: now,
        disabled_at: None,
    })
}

/// Stores the first secret of a confidential app; gives back the text if we made it.
fn first_secret(tx: &mut Tx<'_>, seams: &Seams, app: &App, given: Option<Secret>) -> Result<Option<Secret>, Error> {
    match (app.kind, given) {
        (AppKind::Confidential, None) => {
            let made = NewSecret::make(seams, seams.now())?;
            rows::insert_secret(tx, &app.id, &made.row)?;
            Ok(Some(made.text))
        }
        (AppKind::Confidential, Some(text)) => {
            let given = NewSecret::given(text, seams, seams.now())?;
            rows::insert_secret(tx, &app.id, &given.row)?;
            Ok(None)
        }
        (_, None) => Ok(None),
        (_, Some(_)) => Err(Error::about("client_secret", "a public app has no secret")),
    }
}

/// Changes what a wish names, and nothing else.
pub fn update(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &AppId, wish: Wish) -> Result<App, Error> {
    actor.needs(tx, id, Role::Developer)?;
    let now = seams.now();
    let old = rows::hold(tx, id, now)?.ok_or(Error::NotFound)?;
    let Granted { mut app, logo } = wish.grant(&old).map_err(Error::Complaints)?;
    match &logo {
        Change::Keep => {}
        Change::Clear => {
            app.logo = None;
            rows::replace_logo(tx, id, None, now)?;
        }
        Change::Set(logo) => {
            let new_id = new_logo_id(seams)?;
            rows::replace_logo(tx, id, Some((&new_id, logo)), now)?;
            app.logo = Some(new_id);
        }
    }
    let changed = differences(&old, &app);
    rows::update(tx, &app)?;
    rows::raise_version(tx)?;
    let detail = serde_json::json!({ "by": actor.word(), "fields": changed });
    journal::write(tx, &entry(act::UPDATED, &app, actor, seams)?.detail(detail))?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// As [`update`], for a manifest that is applied again and again: nothing is written when nothing differs. True when something was.
pub fn update_if_different(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &AppId,
    mut wish: Wish,
) -> Result<bool, Error> {
    actor.needs(tx, id, Role::Developer)?;
    let old = find(tx, id)?.ok_or(Error::NotFound)?;
    let Granted { app, logo } = wish.clone().grant(&old).map_err(Error::Complaints)?;
    let is_new_logo = match (&logo, &old.logo) {
        (Change::Keep, _) | (Change::Clear, None) => false,
        (Change::Clear, Some(_)) | (Change::Set(_), None) => true,
        (Change::Set(logo), Some(id)) => rows::logo(tx, id)?.as_ref() != Some(logo),
    };
    if !is_new_logo {
        wish.logo = Change::Keep;
        if differences(&old, &app).is_empty() {
            return Ok(false);
        }
    }
    update(tx, seams, actor, id, wish).map(|_| true)
}

/// Lets the app have a secret that the operator gives, unless it has it already. True when it was new.
pub fn give_secret(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, app: &App, text: Secret) -> Result<bool, Error> {
    let new = NewSecret::given(text, seams, seams.now())?;
    if app.live_secrets(seams.now()).any(|own| own.digest == new.row.digest) {
        return Ok(false);
    }
    replace(tx, seams, actor, &app.id, new, Overlap::NONE)?;
    Ok(true)
}

/// The names of the fields that differ, as manifests spell them.
fn differences(old: &App, new: &App) -> Vec<&'static str> {
    let pairs = [
        ("name", old.name == new.name),
        ("description", old.description == new.description),
        ("website_url", old.website == new.website),
        ("branding.logo", old.logo == new.logo),
        ("branding.accent", old.accent == new.accent),
        ("redirect_uris", old.redirect_uris == new.redirect_uris),
        ("post_logout_redirect_uris", old.post_logout_redirect_uris == new.post_logout_redirect_uris),
        ("backchannel_logout_uri", old.backchannel_logout_uri == new.backchannel_logout_uri),
        ("native", old.native == new.native),
        ("development_mode", old.development_mode == new.development_mode),
        ("background", old.background == new.background),
        ("scopes", old.scopes == new.scopes),
        ("require_pkce", old.require_pkce == new.require_pkce),
        ("id_token_signed_response_alg", old.alg == new.alg),
        ("access_token_ttl_secs", old.access_ttl_secs == new.access_ttl_secs),
        ("refresh_token_idle_secs", old.refresh_idle_secs == new.refresh_idle_secs),
        ("refresh_token_absolute_secs", old.refresh_absolute_secs == new.refresh_absolute_secs),
        ("refresh_replay_window_secs", old.refresh_replay_secs == new.refresh_replay_secs),
        ("hand_out_tokens", old.hand_out_tokens == new.hand_out_tokens),
    ];
    pairs.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
}

/// Switches an app off: nobody can sign in with it or use its tokens until it is switched on again. For operators.
pub fn disable(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &AppId) -> Result<App, Error> {
    switch(tx, seams, actor, id, act::DISABLED)
}

/// Switches an app on again. For operators.
pub fn enable(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &AppId) -> Result<App, Error> {
    switch(tx, seams, actor, id, act::ENABLED)
}

fn switch(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &AppId, act: Act) -> Result<App, Error> {
    actor.needs_operator()?;
    let app = rows::hold(tx, id, seams.now())?.ok_or(Error::NotFound)?;
    let disabled_at = (act == act::DISABLED).then(|| seams.now());
    rows::set_disabled(tx, id, disabled_at)?;
    rows::raise_version(tx)?;
    journal::write(tx, &entry(act, &app, actor, seams)?.detail(serde_json::json!({ "by": actor.word() })))?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// Removes an app, and ends everything that people ever allowed it. Gives the number of permissions that ended.
pub fn delete(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &AppId) -> Result<u64, Error> {
    actor.needs(tx, id, Role::Admin)?;
    let app = rows::hold(tx, id, seams.now())?.ok_or(Error::NotFound)?;
    let ended =
        grant::end_all_of_app(tx, id, EndedBy::App, seams.now())? + crate::resource::delete_of_app(tx, seams, id)?;
    rows::delete(tx, id)?;
    rows::raise_version(tx)?;
    let detail = serde_json::json!({ "by": actor.word(), "name": app.name, "grants_ended": ended });
    journal::write(tx, &entry(act::DELETED, &app, actor, seams)?.detail(detail))?;
    Ok(ended)
}

/// A row of the journal about an app.
pub(super) fn entry(act: Act, app: &App, actor: &Actor, seams: &Seams) -> Result<Entry, Fault> {
    let mut entry = Entry::new(act, seams)?.app(&app.id);
    if let Some(organization) = &app.organization {
        entry = entry.organization(organization);
    }
    Ok(match actor {
        Actor::Operator => entry,
        Actor::Account(account) => entry.account(account),
    })
}

fn new_logo_id(seams: &Seams) -> Result<String, Fault> {
    Ok(Uuid::at(seams.now(), seams.entropy())?.as_str().to_owned())
}
