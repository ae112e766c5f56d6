//! All SQL of identity issuers and of the people they vouch for.

use super::{AppUser, Issuer};
use base::{AppId, AppUserId, Fault, OrganizationId, Time};
use db::{Row, Tx, args};

fn issuer(row: &Row) -> Result<Issuer, Fault> {
    Ok(Issuer {
        id: row.text("id")?,
        app: AppId::from_text(row.text("app_id")?),
        organization: OrganizationId::from_text(row.text("organization_id")?),
        issuer: row.text("issuer")?,
        audience: row.text("audience")?,
        jwks_uri: row.opt_text("jwks_uri")?,
        subject_claim: row.text("subject_claim")?,
        email_claim: row.text("email_claim")?,
        name_claim: row.text("name_claim")?,
        groups_claim: row.text("groups_claim")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn user(row: &Row) -> Result<AppUser, Fault> {
    let groups =
        serde_json::from_str(&row.text("group_ids")?).map_err(|_| Fault::new("app_users: groups are no list"))?;
    Ok(AppUser {
        id: AppUserId::from_text(row.text("id")?),
        organization: OrganizationId::from_text(row.text("organization_id")?),
        issuer: row.text("issuer")?,
        subject: row.text("subject")?,
        email: row.opt_text("email")?,
        name: row.opt_text("name")?,
        groups,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        suspended_at: row.opt_time("suspended_at")?,
    })
}

/// Who vouches for the people of an app.
pub fn find_issuer(tx: &mut Tx<'_>, app: &AppId) -> Result<Option<Issuer>, Fault> {
    let sql = "SELECT id, app_id, organization_id, issuer, audience, jwks_uri, subject_claim, email_claim, name_claim,
                      groups_claim, created_at, updated_at
               FROM identity_issuers
               WHERE app_id = $1";
    tx.one(sql, args![app])?.as_ref().map(issuer).transpose()
}

pub(super) fn put_issuer(tx: &mut Tx<'_>, new: &Issuer) -> Result<(), Fault> {
    let sql = "INSERT INTO identity_issuers (id, app_id, organization_id, issuer, audience, jwks_uri, subject_claim,
                                             email_claim, name_claim, groups_claim, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
               ON CONFLICT (app_id) DO UPDATE
               SET organization_id = $3, issuer = $4, audience = $5, jwks_uri = $6, subject_claim = $7,
                   email_claim = $8, name_claim = $9, groups_claim = $10, updated_at = $12";
    tx.run(
        sql,
        args![
            new.id,
            new.app,
            new.organization,
            new.issuer,
            new.audience,
            new.jwks_uri,
            new.subject_claim,
            new.email_claim,
            new.name_claim,
            new.groups_claim,
            new.created_at,
            new.updated_at
        ],
    )?;
    Ok(())
}

pub(super) fn delete_issuer(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    tx.run("DELETE FROM identity_issuers WHERE app_id = $1", args![app])?;
    Ok(())
}

/// The person of an app with this id.
pub fn find_user(tx: &mut Tx<'_>, id: &AppUserId) -> Result<Option<AppUser>, Fault> {
    let sql =
        "SELECT id, organization_id, issuer, subject, email, name, group_ids, created_at, updated_at, suspended_at
               FROM app_users
               WHERE id = $1";
    tx.one(sql, args![id])?.as_ref().map(user).transpose()
}

/// The person whom an issuer calls so, among the people of an organization.
pub(super) fn find_person(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    issuer: &str,
    subject: &str,
) -> Result<Option<AppUser>, Fault> {
    let sql =
        "SELECT id, organization_id, issuer, subject, email, name, group_ids, created_at, updated_at, suspended_at
               FROM app_users
               WHERE organization_id = $1 AND issuer = $2 AND subject = $3";
    tx.one(sql, args![organization, issuer, subject])?.as_ref().map(user).transpose()
}

pub(super) fn insert_user(tx: &mut Tx<'_>, new: &AppUser) -> Result<(), Fault> {
    let sql =
        "INSERT INTO app_users (id, organization_id, issuer, subject, email, name, group_ids, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let groups = serde_json::json!(new.groups).to_string();
    tx.run(sql, args![new.id, new.organization, new.issuer, new.subject, new.email, new.name, groups, new.created_at])?;
    Ok(())
}

pub(super) fn update_user(tx: &mut Tx<'_>, told: &AppUser) -> Result<(), Fault> {
    let sql = "UPDATE app_users
               SET email = $2, name = $3, group_ids = $4, updated_at = $5
               WHERE id = $1";
    let groups = serde_json::json!(told.groups).to_string();
    tx.run(sql, args![told.id, told.email, told.name, groups, told.updated_at])?;
    Ok(())
}

pub(super) fn set_suspended(tx: &mut Tx<'_>, id: &AppUserId, at: Option<Time>, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE app_users
               SET suspended_at = $2, updated_at = $3
               WHERE id = $1";
    tx.run(sql, args![id, at, now])?;
    Ok(())
}

/// Removes who vouches for the people of an app that is going away. The people are its organization's.
pub fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    delete_issuer(tx, app)
}
