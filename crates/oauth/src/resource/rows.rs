//! All SQL of the resources and of the namespaces that their keys begin with.

use super::{Holders, Resource};
use base::{AppId, Fault, OrganizationId, Origin, ResourceId, Time};
use db::{Row, Tx, args};

fn resource(row: &Row) -> Result<Resource, Fault> {
    Ok(Resource {
        id: ResourceId::from_text(row.text("id")?),
        key: row.text("key")?,
        app: AppId::from_text(row.text("app_id")?),
        organization: OrganizationId::from_text(row.text("organization_id")?),
        name: row.text("name")?,
        description: row.opt_text("description")?,
        provider: row.opt_text("provider")?,
        audience: row.text("audience")?,
        runtime_endpoint: row.opt_text("runtime_endpoint")?,
        allow_chains: row.flag("allow_chains")?,
        open_audience: row.flag("open_audience")?,
        scopes: serde_json::from_str(&row.text("scopes")?)
            .map_err(|_| Fault::new("resources: the scopes are not readable"))?,
        terms: row.int("terms")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        paused_at: row.opt_time("paused_at")?,
        owner_is_off: row.opt_time("disabled_at")?.is_some(),
    })
}

/// The resource with this id, paused or not.
pub fn find(tx: &mut Tx<'_>, id: &ResourceId) -> Result<Option<Resource>, Fault> {
    let sql = "SELECT r.id, r.key, r.app_id, a.organization_id, r.name, r.description, r.provider, r.audience, r.runtime_endpoint,
                      r.allow_chains, r.open_audience, r.scopes, r.terms, r.created_at, r.updated_at, r.paused_at,
                      a.disabled_at
               FROM resources r
               JOIN apps a ON a.id = r.app_id
               WHERE r.id = $1";
    tx.one(sql, args![id])?.as_ref().map(resource).transpose()
}

/// The resource with this key, paused or not.
pub fn find_by_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<Resource>, Fault> {
    let sql = "SELECT r.id, r.key, r.app_id, a.organization_id, r.name, r.description, r.provider, r.audience, r.runtime_endpoint,
                      r.allow_chains, r.open_audience, r.scopes, r.terms, r.created_at, r.updated_at, r.paused_at,
                      a.disabled_at
               FROM resources r
               JOIN apps a ON a.id = r.app_id
               WHERE r.key = $1";
    tx.one(sql, args![key])?.as_ref().map(resource).transpose()
}

/// The resource with this key or audience: no text is the one of two resources.
pub(crate) fn find_named(tx: &mut Tx<'_>, name: &str) -> Result<Option<Resource>, Fault> {
    let sql = "SELECT r.id, r.key, r.app_id, a.organization_id, r.name, r.description, r.provider, r.audience, r.runtime_endpoint,
                      r.allow_chains, r.open_audience, r.scopes, r.terms, r.created_at, r.updated_at, r.paused_at,
                      a.disabled_at
               FROM resources r
               JOIN apps a ON a.id = r.app_id
               WHERE r.key = $1 OR r.audience = $1";
    tx.one(sql, args![name])?.as_ref().map(resource).transpose()
}

/// The resource with this audience, paused or not; a lone slash at the end does not count.
pub fn find_by_audience(tx: &mut Tx<'_>, audience: &str) -> Result<Option<Resource>, Fault> {
    let sql = "SELECT r.id, r.key, r.app_id, a.organization_id, r.name, r.description, r.provider, r.audience, r.runtime_endpoint,
                      r.allow_chains, r.open_audience, r.scopes, r.terms, r.created_at, r.updated_at, r.paused_at,
                      a.disabled_at
               FROM resources r
               JOIN apps a ON a.id = r.app_id
               WHERE r.audience IN ($1, $2)";
    let bare = audience.strip_suffix('/').unwrap_or(audience);
    let other = if bare == audience { format!("{audience}/") } else { bare.to_owned() };
    tx.one(sql, args![audience, other])?.as_ref().map(resource).transpose()
}

/// The resources of an app, by key.
pub fn list_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<Resource>, Fault> {
    let sql = "SELECT r.id, r.key, r.app_id, a.organization_id, r.name, r.description, r.provider, r.audience, r.runtime_endpoint,
                      r.allow_chains, r.open_audience, r.scopes, r.terms, r.created_at, r.updated_at, r.paused_at,
                      a.disabled_at
               FROM resources r
               JOIN apps a ON a.id = r.app_id
               WHERE r.app_id = $1
               ORDER BY r.key";
    tx.all(sql, args![app])?.iter().map(resource).collect()
}

/// The resources of an app that can be asked for, by key.
pub fn find_active_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<Resource>, Fault> {
    Ok(list_of_app(tx, app)?.into_iter().filter(Resource::is_active).collect())
}

/// Where the runtimes are of all that `target` can mean: a key, the part before its `:`, or the owner's client id.
pub fn runtime_origins(tx: &mut Tx<'_>, target: &str) -> Result<Vec<String>, Fault> {
    let sql = "SELECT runtime_endpoint
               FROM resources
               WHERE runtime_endpoint IS NOT NULL AND paused_at IS NULL
                 AND (key = $1 OR app_id = $1 OR substr(key, 1, length($1) + 1) = $2)
               ORDER BY key
               LIMIT 50";
    let mut origins = Vec::new();
    for row in tx.all(sql, args![target, format!("{target}:")])? {
        let origin = Origin::of(&row.text("runtime_endpoint")?).map(|origin| origin.as_str().to_owned());
        origins.extend(origin.filter(|origin| !origins.contains(origin)));
    }
    Ok(origins)
}

/// Resources after an id (empty for the first), by id; of one organization or app, of both, or of all.
pub fn page(
    tx: &mut Tx<'_>,
    organization: Option<&OrganizationId>,
    app: Option<&AppId>,
    after: &str,
    limit: u32,
) -> Result<Vec<Resource>, Fault> {
    let sql = "SELECT r.id, r.key, r.app_id, a.organization_id, r.name, r.description, r.provider, r.audience, r.runtime_endpoint,
                      r.allow_chains, r.open_audience, r.scopes, r.terms, r.created_at, r.updated_at, r.paused_at,
                      a.disabled_at
               FROM resources r
               JOIN apps a ON a.id = r.app_id
               WHERE r.id > $1 AND ($2 = '' OR a.organization_id = $2) AND ($3 = '' OR r.app_id = $3)
               ORDER BY r.id
               LIMIT $4";
    let (organization, app) = (organization.map_or("", OrganizationId::as_str), app.map_or("", AppId::as_str));
    tx.all(sql, args![after, organization, app, limit])?.iter().map(resource).collect()
}

/// How many live grants there are on it.
pub fn holders(tx: &mut Tx<'_>, resource: &Resource) -> Result<Holders, Fault> {
    let sql = "SELECT count(*) AS grants, count(CASE WHEN terms = $2 THEN 1 END) AS agreed
               FROM grants
               WHERE target = $1 AND kind = 'connector' AND ended_at IS NULL";
    let Some(row) = tx.one(sql, args![resource.key, resource.terms])? else { return Ok(Holders::default()) };
    let (grants, agreed) = (row.int("grants")?.unsigned_abs(), row.int("agreed")?.unsigned_abs());
    Ok(Holders { grants, suspended: grants.saturating_sub(agreed) })
}

/// True when a live grant, made under the terms of today, names this scope.
pub(super) fn is_held(tx: &mut Tx<'_>, resource: &Resource, scope: &str) -> Result<bool, Fault> {
    // Between spaces each name is whole: `ask` is not in `ask.more`.
    let sql = "SELECT id
               FROM grants
               WHERE target = $1 AND kind = 'connector' AND ended_at IS NULL AND terms = $2
                 AND replace(' ' || scope || ' ', $3, '') <> ' ' || scope || ' '
               LIMIT 1";
    Ok(tx.one(sql, args![resource.key, resource.terms, format!(" {scope} ")])?.is_some())
}

/// The key of a resource that a new one would be taken for, by key, audience or likeness.
pub(super) fn find_rival(
    tx: &mut Tx<'_>,
    id: &ResourceId,
    key: &str,
    likeness: &str,
    audience: &str,
) -> Result<Option<Rival>, Fault> {
    let sql = "SELECT key, likeness, audience
               FROM resources
               WHERE (key IN ($2, $3) OR audience IN ($2, $3) OR likeness = $4) AND id <> $1
               LIMIT 1";
    let Some(row) = tx.one(sql, args![id, key, audience, likeness])? else { return Ok(None) };
    let (own_key, own_audience) = (row.text("key")?, row.text("audience")?);
    let is_key = own_key == key || own_audience == key || row.text("likeness")? == likeness;
    Ok(Some(if is_key { Rival::Key } else { Rival::Audience }))
}

/// Which of the two names is another resource's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rival {
    Key,
    Audience,
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Resource, likeness: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO resources (id, key, likeness, app_id, name, description, kind, audience, runtime_endpoint,
                                      allow_chains, open_audience, scopes, terms, created_at, updated_at, provider)
               VALUES ($1, $2, $3, $4, $5, $6, $14, $7, $8, $9, $10, $11, $12, $13, $13, $15)";
    tx.run(
        sql,
        args![
            new.id,
            new.key,
            likeness,
            new.app,
            new.name,
            new.description,
            new.audience,
            new.runtime_endpoint,
            new.allow_chains,
            new.open_audience,
            scopes(new)?,
            new.terms,
            new.created_at,
            if new.is_vault() { "vault" } else { "app" },
            new.provider
        ],
    )?;
    Ok(())
}

/// Writes what a registration says. Its id, key and owner never change.
pub(super) fn update(tx: &mut Tx<'_>, resource: &Resource, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE resources
               SET name = $2, description = $3, audience = $4, runtime_endpoint = $5, allow_chains = $6,
                   open_audience = $7, scopes = $8, terms = $9, updated_at = $10, provider = $11
               WHERE id = $1";
    tx.run(
        sql,
        args![
            resource.id,
            resource.name,
            resource.description,
            resource.audience,
            resource.runtime_endpoint,
            resource.allow_chains,
            resource.open_audience,
            scopes(resource)?,
            resource.terms,
            now,
            resource.provider
        ],
    )?;
    Ok(())
}

fn scopes(resource: &Resource) -> Result<String, Fault> {
    serde_json::to_string(&resource.scopes).map_err(|_| Fault::new("resources: the scopes do not serialize"))
}

/// Pauses the resource at a moment, or resumes it with none.
pub(super) fn set_paused(tx: &mut Tx<'_>, id: &ResourceId, paused_at: Option<Time>, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE resources
               SET paused_at = $2, updated_at = $3
               WHERE id = $1";
    tx.run(sql, args![id, paused_at, now])?;
    Ok(())
}

/// Holds the resource, so that nobody else changes it before this transaction ends. False when it is gone.
pub(super) fn hold(tx: &mut Tx<'_>, id: &ResourceId, now: Time) -> Result<bool, Fault> {
    Ok(tx.run("UPDATE resources SET updated_at = $2 WHERE id = $1", args![id, now])? > 0)
}

/// Removes a resource.
pub(super) fn delete(tx: &mut Tx<'_>, id: &ResourceId) -> Result<(), Fault> {
    tx.run("DELETE FROM resources WHERE id = $1", args![id])?;
    Ok(())
}

/// Removes what an app offers.
pub(super) fn delete_all_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    tx.run("DELETE FROM resources WHERE app_id = $1", args![app])?;
    Ok(())
}

/// Gives a namespace to an organization unless it has an owner; gives the owner.
pub(super) fn claim_namespace(
    tx: &mut Tx<'_>,
    name: &str,
    organization: &OrganizationId,
    now: Time,
) -> Result<OrganizationId, Fault> {
    let sql = "INSERT INTO namespaces (name, organization_id, created_at)
               VALUES ($1, $2, $3)
               ON CONFLICT (name) DO UPDATE
               SET organization_id = namespaces.organization_id
               RETURNING organization_id";
    let row = tx.one(sql, args![name, organization, now])?;
    let row = row.ok_or_else(|| Fault::new("namespaces: a claim was not kept"))?;
    Ok(OrganizationId::from_text(row.text("organization_id")?))
}
