//! All SQL of the organizations and their members.

use super::{Member, Organization, Role};
use base::{AccountId, Fault, OrganizationId, Time};
use db::{Row, Tx, args};

fn organization(row: &Row) -> Result<Organization, Fault> {
    Ok(Organization {
        id: OrganizationId::from_text(row.text("id")?),
        key: row.opt_text("key")?,
        name: row.text("name")?,
        personal_of: row.opt_text("personal_of")?.map(AccountId::from_text),
        created_at: row.time("created_at")?,
    })
}

fn read_role(row: &Row) -> Result<Role, Fault> {
    Role::parse(&row.text("role")?).ok_or_else(|| Fault::new("members: unknown role"))
}

/// The organization with this id.
pub fn find(tx: &mut Tx<'_>, id: &OrganizationId) -> Result<Option<Organization>, Fault> {
    let sql = "SELECT id, key, name, personal_of, created_at
               FROM organizations
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(organization).transpose()
}

/// The organization that manifests call by this key.
pub fn find_by_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<Organization>, Fault> {
    let sql = "SELECT id, key, name, personal_of, created_at
               FROM organizations
               WHERE key = $1";
    tx.one(sql, args![key])?.as_ref().map(organization).transpose()
}

/// The personal organization of an account.
pub(super) fn find_personal(tx: &mut Tx<'_>, account: &AccountId) -> Result<Option<Organization>, Fault> {
    let sql = "SELECT id, key, name, personal_of, created_at
               FROM organizations
               WHERE personal_of = $1";
    tx.one(sql, args![account])?.as_ref().map(organization).transpose()
}

/// Organizations after an id (empty for the first), by id.
pub fn list(tx: &mut Tx<'_>, after: &str, limit: u32) -> Result<Vec<Organization>, Fault> {
    let sql = "SELECT id, key, name, personal_of, created_at
               FROM organizations
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    tx.all(sql, args![after, limit])?.iter().map(organization).collect()
}

/// The organizations that an account is in, with its role, the oldest first.
pub fn of_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<(Organization, Role)>, Fault> {
    let sql = "SELECT organizations.id AS id, key, name, personal_of, created_at, role
               FROM members
               JOIN organizations ON organizations.id = members.organization_id
               WHERE members.account_id = $1
               ORDER BY organizations.id
               LIMIT 200";
    tx.all(sql, args![account])?.iter().map(|row| Ok((organization(row)?, read_role(row)?))).collect()
}

/// The members of an organization, the first to join first.
pub fn members(tx: &mut Tx<'_>, id: &OrganizationId) -> Result<Vec<Member>, Fault> {
    let sql = "SELECT account_id, role, joined_at
               FROM members
               WHERE organization_id = $1
               ORDER BY joined_at, account_id
               LIMIT 1000";
    let member = |row: &Row| {
        Ok(Member {
            account: AccountId::from_text(row.text("account_id")?),
            role: read_role(row)?,
            joined_at: row.time("joined_at")?,
        })
    };
    tx.all(sql, args![id])?.iter().map(member).collect()
}

/// The role of an account in an organization.
pub(super) fn role(tx: &mut Tx<'_>, id: &OrganizationId, account: &AccountId) -> Result<Option<Role>, Fault> {
    let sql = "SELECT role
               FROM members
               WHERE organization_id = $1 AND account_id = $2";
    tx.one(sql, args![id, account])?.as_ref().map(read_role).transpose()
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Organization) -> Result<(), Fault> {
    let sql = "INSERT INTO organizations (id, key, name, personal_of, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $5)";
    tx.run(sql, args![new.id, new.key, new.name, new.personal_of, new.created_at])?;
    Ok(())
}

/// Holds the organization so that of two changes to its members the second sees the first.
pub(super) fn hold(tx: &mut Tx<'_>, id: &OrganizationId, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE organizations
               SET updated_at = $2
               WHERE id = $1";
    tx.run(sql, args![id, now])?;
    Ok(())
}

pub(super) fn rename(tx: &mut Tx<'_>, id: &OrganizationId, name: &str, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE organizations
               SET name = $2, updated_at = $3
               WHERE id = $1";
    tx.run(sql, args![id, name, now])?;
    Ok(())
}

/// Adds a member, or changes the role of one.
pub(super) fn put_member(
    tx: &mut Tx<'_>,
    id: &OrganizationId,
    account: &AccountId,
    role: Role,
    now: Time,
) -> Result<(), Fault> {
    let sql = "INSERT INTO members (organization_id, account_id, role, joined_at)
               VALUES ($1, $2, $3, $4)
               ON CONFLICT (organization_id, account_id) DO UPDATE
               SET role = $3";
    tx.run(sql, args![id, account, role.as_str(), now])?;
    Ok(())
}

pub(super) fn delete_member(tx: &mut Tx<'_>, id: &OrganizationId, account: &AccountId) -> Result<(), Fault> {
    let sql = "DELETE FROM members
               WHERE organization_id = $1 AND account_id = $2";
    tx.run(sql, args![id, account])?;
    Ok(())
}

/// Removes the organization and its members. Its apps must be gone.
pub(super) fn delete(tx: &mut Tx<'_>, id: &OrganizationId) -> Result<(), Fault> {
    tx.run("DELETE FROM members WHERE organization_id = $1", args![id])?;
    tx.run("DELETE FROM organizations WHERE id = $1", args![id])?;
    Ok(())
}

/// An organization whose person has left it is nobody's personal one any more.
pub(super) fn leave_personal(tx: &mut Tx<'_>, id: &OrganizationId, account: &AccountId) -> Result<(), Fault> {
    let sql = "UPDATE organizations
               SET personal_of = NULL
               WHERE id = $1 AND personal_of = $2";
    tx.run(sql, args![id, account])?;
    Ok(())
}
