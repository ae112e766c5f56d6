//! Registering, changing, pausing and removing resources.
//!
//! Promise: whoever acts is checked against the organization that owns the app; what was done, and what it meant for those who
//! had allowed it, stands in the journal of the same transaction.

use super::rows::Rival;
use super::wish::{Surroundings, Wish, check_key, differ_materially};
use super::{Resource, find, list_of_app, rows};
use crate::app::{self, App, Error};
use crate::organization::{Actor, Role};
use base::{AppId, Fault, OrganizationId, ResourceId, Seams, likeness};
use db::Tx;
use ledger::journal::{self, Act, Entry};
use ledger::{EndedBy, grant};

/// What the journal says of resources.
pub mod act {
    use ledger::Act;

    pub const CREATED: Act = Act("resource.created");
    pub const UPDATED: Act = Act("resource.updated");
    pub const PAUSED: Act = Act("resource.paused");
    pub const RESUMED: Act = Act("resource.resumed");
    pub const DELETED: Act = Act("resource.deleted");
}

/// Which resource it is, besides its wishes.
#[derive(Debug, Clone)]
pub struct NewResource {
    pub app: AppId,
    pub key: String,
}

/// Registers a resource. `issuer` is this server: no audience may be at its address.
pub fn create(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    issuer: &str,
    new: NewResource,
    wish: Wish,
) -> Result<Resource, Error> {
    let (owner, organization) = owner(tx, actor, &new.app, Role::Developer)?;
    let now = seams.now();
    let mut complaints: Vec<_> =
        check_key(&new.key).err().map(|said| app::Complaint::about("key", said)).into_iter().collect();
    let blank = Resource {
        id: ResourceId::new(now, seams.entropy())?,
        key: new.key,
        app: owner.id.clone(),
        organization: organization.clone(),
        name: String::new(),
        description: None,
        provider: None,
        audience: String::new(),
        runtime_endpoint: None,
        allow_chains: false,
        open_audience: false,
        scopes: Vec::new(),
        terms: 1,
        created_at: now,
        updated_at: now,
        paused_at: None,
        owner_is_off: owner.disabled_at.is_some(),
    };
    let is_named = [
        ("name", wish.name.is_some()),
        ("audience", wish.audience.is_some() || wish.provider.is_some()),
        ("scopes", wish.scopes.is_some()),
    ];
    for (field, _) in is_named.into_iter().filter(|(_, is_there)| !is_there) {
        complaints.push(app::Complaint::about(field, "is required"));
    }
    let resource = match wish.grant(&blank, &Surroundings { owner: &owner, issuer }) {
        Ok(resource) if complaints.is_empty() => resource,
        outcome => {
            complaints.extend(outcome.err().unwrap_or_default());
            return Err(Error::Complaints(complaints));
        }
    };
    let likeness = likeness_of(&resource.key);
    check_rivals(tx, &resource, &likeness)?;
    if rows::claim_namespace(tx, &likeness_of(resource.namespace()), &organization, now)? != organization {
        return Err(Error::about("key", "begins with a word that belongs to another organization"));
    }
    rows::insert(tx, &resource, &likeness)?;
    let detail = serde_json::json!({ "by": actor.word(), "resource": resource.key });
    journal::write(tx, &entry(act::CREATED, &resource, actor, seams)?.detail(detail))?;
    Ok(resource)
}

/// Changes what a wish names, and nothing else. What people would have to be asked about again suspends their grants.
pub fn update(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    issuer: &str,
    id: &ResourceId,
    wish: Wish,
) -> Result<Resource, Error> {
    let (owner, old) = held(tx, seams, actor, id, Role::Developer)?;
    let mut new = wish.grant(&old, &Surroundings { owner: &owner, issuer }).map_err(Error::Complaints)?;
    check_rivals(tx, &new, &likeness_of(&new.key))?;
    let changed = differences(&old, &new);
    let is_material = is_material(tx, &old, &new)?;
    if is_material {
        new.terms += 1;
    }
    if new.audience != old.audience && old.audience != old.key {
        // The old audience may be somebody else's tomorrow.
        grant::end_all_of_target(tx, &old.audience, EndedBy::App, seams.now())?;
    }
    rows::update(tx, &new, seams.now())?;
    let detail = serde_json::json!({
        "by": actor.word(), "resource": new.key, "changed": changed, "suspends_grants": is_material,
    });
    journal::write(tx, &entry(act::UPDATED, &new, actor, seams)?.detail(detail))?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// As [`update`], but writes nothing when nothing differs. True when something did.
pub fn update_if_different(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    issuer: &str,
    id: &ResourceId,
    wish: Wish,
) -> Result<bool, Error> {
    let (owner, old) = held(tx, seams, actor, id, Role::Developer)?;
    let new = wish.clone().grant(&old, &Surroundings { owner: &owner, issuer }).map_err(Error::Complaints)?;
    if differences(&old, &new).is_empty() {
        return Ok(false);
    }
    update(tx, seams, actor, issuer, id, wish).map(|_| true)
}

/// How many grants a change would suspend that are not suspended yet. Changes nothing.
pub fn would_suspend(tx: &mut Tx<'_>, actor: &Actor, issuer: &str, id: &ResourceId, wish: Wish) -> Result<u64, Error> {
    let old = find(tx, id)?.ok_or(Error::NotFound)?;
    let (owner, _) = owner(tx, actor, &old.app, Role::Developer)?;
    let new = wish.grant(&old, &Surroundings { owner: &owner, issuer }).map_err(Error::Complaints)?;
    if !is_material(tx, &old, &new)? {
        return Ok(0);
    }
    let held = rows::holders(tx, &old)?;
    Ok(held.grants - held.suspended)
}

/// Takes the resource out of service: nobody can ask for it, and its tokens are dead at introspection.
pub fn pause(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &ResourceId) -> Result<Resource, Error> {
    switch(tx, seams, actor, id, act::PAUSED)
}

/// Puts the resource back into service, with the grants that it had.
pub fn resume(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &ResourceId) -> Result<Resource, Error> {
    switch(tx, seams, actor, id, act::RESUMED)
}

fn switch(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &ResourceId, act: Act) -> Result<Resource, Error> {
    let (_, old) = held(tx, seams, actor, id, Role::Developer)?;
    let is_pause = act == act::PAUSED;
    if old.paused_at.is_some() == is_pause {
        return Ok(old);
    }
    rows::set_paused(tx, id, is_pause.then(|| seams.now()), seams.now())?;
    let detail = serde_json::json!({ "by": actor.word(), "resource": old.key });
    journal::write(tx, &entry(act, &old, actor, seams)?.detail(detail))?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// Removes a resource, and ends everything that people ever allowed on it. Gives the number of permissions that ended.
pub fn delete(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &ResourceId) -> Result<u64, Error> {
    let (_, old) = held(tx, seams, actor, id, Role::Admin)?;
    let ended = end_all_of(tx, seams, &old)?;
    rows::delete(tx, id)?;
    let detail = serde_json::json!({ "by": actor.word(), "resource": old.key, "grants_ended": ended });
    journal::write(tx, &entry(act::DELETED, &old, actor, seams)?.detail(detail))?;
    Ok(ended)
}

/// Removes everything that an app offers, with what people allowed on it. Gives the number of permissions that ended.
pub(crate) fn delete_of_app(tx: &mut Tx<'_>, seams: &Seams, app: &AppId) -> Result<u64, Fault> {
    let mut ended = 0;
    for resource in list_of_app(tx, app)? {
        ended += end_all_of(tx, seams, &resource)?;
    }
    rows::delete_all_of_app(tx, app)?;
    Ok(ended)
}

/// Ends what people allowed on a resource, and every sign-in for its audience.
fn end_all_of(tx: &mut Tx<'_>, seams: &Seams, resource: &Resource) -> Result<u64, Fault> {
    let mut ended = grant::end_all_of_target(tx, &resource.key, EndedBy::App, seams.now())?;
    if resource.audience != resource.key {
        ended += grant::end_all_of_target(tx, &resource.audience, EndedBy::App, seams.now())?;
    }
    Ok(ended)
}

/// What remains when signs that look alike are made one. Namespaces are kept so: `1ris:` and `lris:` belong to whoever has `iris:`.
fn likeness_of(key: &str) -> String {
    likeness(key).replace('_', "-").replace('i', "l")
}

/// The app that offers it, for somebody with at least this role, and its organization.
fn owner(tx: &mut Tx<'_>, actor: &Actor, app: &AppId, role: Role) -> Result<(App, OrganizationId), Error> {
    actor.needs(tx, app, role)?;
    let owner = app::find(tx, app)?.ok_or(Error::NotFound)?;
    let organization = owner.organization.clone().ok_or(Error::NotFound)?;
    Ok((owner, organization))
}

/// The resource, held until the transaction ends, and the app that offers it.
fn held(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &ResourceId, role: Role) -> Result<(App, Resource), Error> {
    let found = find(tx, id)?.ok_or(Error::NotFound)?;
    let (owner, _) = owner(tx, actor, &found.app, role)?;
    if !rows::hold(tx, id, seams.now())? {
        return Err(Error::NotFound);
    }
    Ok((owner, find(tx, id)?.ok_or(Error::NotFound)?))
}

/// Neither key nor audience may be, or look like, another resource's key or audience (threat 130).
fn check_rivals(tx: &mut Tx<'_>, resource: &Resource, likeness: &str) -> Result<(), Error> {
    match rows::find_rival(tx, &resource.id, &resource.key, likeness, &resource.audience)? {
        None => Ok(()),
        Some(Rival::Key) => Err(Error::about("key", "is taken, or looks like one that is")),
        Some(Rival::Audience) => Err(Error::about("audience", "is the key or the audience of another resource")),
    }
}

/// True when those who hold grants must be asked again: what they were told differs, or a scope that they were told of once and
/// that was removed comes back, in words that nobody can compare any more (threat 131).
fn is_material(tx: &mut Tx<'_>, old: &Resource, new: &Resource) -> Result<bool, Fault> {
    if differ_materially(old, new) {
        return Ok(true);
    }
    for scope in new.scopes.iter().filter(|scope| old.find_scope(&scope.name).is_none()) {
        if rows::is_held(tx, old, &scope.name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the fields that differ, as manifests spell them.
fn differences(old: &Resource, new: &Resource) -> Vec<&'static str> {
    let pairs = [
        ("name", old.name == new.name),
        ("description", old.description == new.description),
        ("audience", old.audience == new.audience),
        ("runtime_endpoint", old.runtime_endpoint == new.runtime_endpoint),
        ("allow_chains", old.allow_chains == new.allow_chains),
        ("open_audience", old.open_audience == new.open_audience),
        ("scopes", old.scopes == new.scopes),
    ];
    pairs.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
}

/// A row of the journal about a resource.
fn entry(act: Act, resource: &Resource, actor: &Actor, seams: &Seams) -> Result<Entry, Fault> {
    let entry = Entry::new(act, seams)?.app(&resource.app).organization(&resource.organization);
    Ok(match actor {
        Actor::Operator => entry,
        Actor::Account(account) => entry.account(account),
    })
}
