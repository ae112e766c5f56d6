//! All SQL of the managed secrets.

use super::{Inject, ManagedSecret};
use base::{AppId, Fault, Time};
use db::{Row, Tx, args};

fn secret(row: &Row) -> Result<ManagedSecret, Fault> {
    let inject = row.text("inject")?;
    Ok(ManagedSecret {
        id: row.text("id")?,
        app: AppId::from_text(row.text("app_id")?),
        slug: row.text("slug")?,
        name: row.text("name")?,
        inject: Inject::parse(&inject).ok_or_else(|| Fault::new("managed_secrets: inject is not what was stored"))?,
        hosts: row.text("hosts")?.lines().map(str::to_owned).collect(),
        template: row.opt_text("template")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        plain: Vec::new(),
    })
}

/// The live secret with this id.
pub(crate) fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<ManagedSecret>, Fault> {
    let sql = "SELECT id, app_id, slug, name, inject, hosts, template, created_at, updated_at
               FROM managed_secrets
               WHERE id = $1 AND removed_at IS NULL";
    tx.one(sql, args![id])?.as_ref().map(secret).transpose()
}

/// The live secret of an app with this slug.
pub(super) fn find_named(tx: &mut Tx<'_>, app: &AppId, slug: &str) -> Result<Option<ManagedSecret>, Fault> {
    let sql = "SELECT id, app_id, slug, name, inject, hosts, template, created_at, updated_at
               FROM managed_secrets
               WHERE app_id = $1 AND slug = $2 AND removed_at IS NULL";
    tx.one(sql, args![app, slug])?.as_ref().map(secret).transpose()
}

/// The live secrets of an app, by slug.
pub fn list_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<ManagedSecret>, Fault> {
    let sql = "SELECT id, app_id, slug, name, inject, hosts, template, created_at, updated_at
               FROM managed_secrets
               WHERE app_id = $1 AND removed_at IS NULL
               ORDER BY slug";
    tx.all(sql, args![app])?.iter().map(secret).collect()
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &ManagedSecret) -> Result<(), Fault> {
    let sql = "INSERT INTO managed_secrets (id, app_id, slug, name, inject, hosts, template, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let hosts = new.hosts.join("\n");
    tx.run(sql, args![new.id, new.app, new.slug, new.name, new.inject.text(), hosts, new.template, new.created_at])?;
    Ok(())
}

pub(super) fn change(
    tx: &mut Tx<'_>,
    id: &str,
    name: &str,
    inject: &Inject,
    hosts: &[String],
    now: Time,
) -> Result<(), Fault> {
    let sql = "UPDATE managed_secrets
               SET name = $2, inject = $3, hosts = $4, updated_at = $5
               WHERE id = $1";
    tx.run(sql, args![id, name, inject.text(), hosts.join("\n"), now])?;
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, id: &str, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE managed_secrets
               SET removed_at = $2
               WHERE id = $1 AND removed_at IS NULL";
    Ok(tx.run(sql, args![id, now])? == 1)
}

/// Removes the secrets of an app that is going away. Their credentials have been wiped before.
pub(crate) fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    let sql = "DELETE FROM managed_secrets
               WHERE app_id = $1";
    tx.run(sql, args![app])?;
    Ok(())
}
