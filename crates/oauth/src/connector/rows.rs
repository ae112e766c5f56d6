//! All SQL of the connector grants with the names they are shown by.

use super::Delegation;
use crate::resource::ResourceScope;
use base::{AccountId, AppId, Fault, GrantId, IdentityId};
use db::{Row, Tx, args};
use ledger::Presence;

fn delegation(row: &Row) -> Result<Delegation, Fault> {
    let scopes: Vec<ResourceScope> = match row.opt_text("scopes")? {
        None => Vec::new(),
        Some(text) => serde_json::from_str(&text).map_err(|_| Fault::new("resources: the scopes are not readable"))?,
    };
    let scope = row.scope("scope")?;
    let presence = row.opt_text("presence")?;
    let terms = row.opt_int("resource_terms")?;
    Ok(Delegation {
        id: GrantId::from_text(row.text("id")?),
        parent: row.opt_text("parent_id")?.map(GrantId::from_text),
        account: row.opt_text("account_id")?.map(AccountId::from_text),
        identity: row.opt_text("identity_id")?.map(IdentityId::from_text),
        source: AppId::from_text(row.opt_text("app_id")?.unwrap_or_default()),
        target: row.opt_text("owner_id")?.map(AppId::from_text),
        key: row.text("target")?,
        resource_name: row.opt_text("resource_name")?,
        audience: row.opt_text("audience")?,
        words: scopes.into_iter().filter(|one| scope.has(&one.name)).map(|one| one.text).collect(),
        scope,
        presence: presence.as_deref().and_then(Presence::parse).unwrap_or(Presence::UserPresent),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        ended_at: row.opt_time("ended_at")?,
        is_suspended: terms.is_some() && terms != row.opt_int("terms")?,
    })
}

/// The connector grant with this id, live or ended.
pub(super) fn find(tx: &mut Tx, id: &GrantId) -> Result<Option<Delegation>, Fault> {
    let sql = "SELECT g.id, g.parent_id, g.account_id, g.identity_id, g.app_id, g.target, g.scope, g.presence, g.terms,
                      g.created_at, g.updated_at, g.last_used_at, g.ended_at,
                      r.name AS resource_name, r.audience, r.scopes, r.terms AS resource_terms, r.app_id AS owner_id
               FROM grants g
               LEFT JOIN resources r ON r.key = g.target
               WHERE g.id = $1 AND g.kind = 'connector'";
    tx.one(sql, args![id])?.as_ref().map(delegation).transpose()
}

/// Connector grants of an account, live or ended, newest first.
pub(super) fn list_of_account(tx: &mut Tx, account: &AccountId, limit: u32) -> Result<Vec<Delegation>, Fault> {
    let sql = "SELECT g.id, g.parent_id, g.account_id, g.identity_id, g.app_id, g.target, g.scope, g.presence, g.terms,
                      g.created_at, g.updated_at, g.last_used_at, g.ended_at,
                      r.name AS resource_name, r.audience, r.scopes, r.terms AS resource_terms, r.app_id AS owner_id
               FROM grants g
               LEFT JOIN resources r ON r.key = g.target
               WHERE g.account_id = $1 AND g.kind = 'connector'
               ORDER BY g.id DESC
               LIMIT $2";
    tx.all(sql, args![account, limit])?.iter().map(delegation).collect()
}

/// Live connector grants on a resource, below an id (empty for the newest), newest first.
pub(super) fn page_of_target(tx: &mut Tx, key: &str, before: &str, limit: u32) -> Result<Vec<Delegation>, Fault> {
    let sql = "SELECT g.id, g.parent_id, g.account_id, g.identity_id, g.app_id, g.target, g.scope, g.presence, g.terms,
                      g.created_at, g.updated_at, g.last_used_at, g.ended_at,
                      r.name AS resource_name, r.audience, r.scopes, r.terms AS resource_terms, r.app_id AS owner_id
               FROM grants g
               LEFT JOIN resources r ON r.key = g.target
               WHERE g.target = $1 AND g.target <> '' AND g.kind = 'connector' AND g.ended_at IS NULL AND ($2 = '' OR g.id < $2)
               ORDER BY g.id DESC
               LIMIT $3";
    tx.all(sql, args![key, before, limit])?.iter().map(delegation).collect()
}
