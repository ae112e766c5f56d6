//! A person of an app: known from the first time their provider vouches for them.

use super::{AppUser, Vouched, find_user, rows};
use crate::{By, Code, Result, Vault, acts, refuse};
use base::{AppId, AppUserId, OrganizationId, Seams, Time};
use db::Tx;
use ledger::{Entry, journal};
use serde_json::json;

const LONGEST_SUBJECT: usize = 255;
const MOST_GROUPS: usize = 200;

/// The person that a proven token means, inside the caller's transaction; made at the first time.
pub fn vouched(
    tx: &mut Tx<'_>,
    seams: &Seams,
    organization: &OrganizationId,
    app: &AppId,
    said: &Vouched,
) -> Result<AppUser> {
    let now = seams.now();
    if let Some(known) = rows::find_person(tx, organization, &said.issuer, &said.subject)? {
        if known.suspended_at.is_some() {
            return Err(suspended());
        }
        let told = AppUser {
            email: said.email.clone(),
            name: said.name.clone(),
            groups: said.groups.clone(),
            updated_at: known.updated_at,
            ..known.clone()
        };
        if told == known {
            return Ok(known);
        }
        let told = AppUser { updated_at: now, ..told };
        rows::update_user(tx, &told)?;
        return Ok(told);
    }
    let new = AppUser {
        id: AppUserId::new(now, seams.entropy())?,
        organization: organization.clone(),
        issuer: said.issuer.clone(),
        subject: said.subject.clone(),
        email: said.email.clone(),
        name: said.name.clone(),
        groups: said.groups.clone(),
        created_at: now,
        updated_at: now,
        suspended_at: None,
    };
    rows::insert_user(tx, &new)?;
    let entry = Entry::new(acts::APP_USER_SEEN, seams)?.organization(organization).app(app).app_user(&new.id);
    journal::write(tx, &entry.detail(json!({ "issuer": new.issuer })))?;
    Ok(new)
}

/// Locks a person of an app out, or lets them in again. False when it was so already.
pub fn set_suspended(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AppUserId, at: Option<Time>) -> Result<bool> {
    let organization = by.organization.as_ref();
    let found = find_user(tx, id)?.filter(|user| Some(&user.organization) == organization);
    let found = found.ok_or_else(|| refuse(Code::NotFound, "there is no such person"))?;
    if found.suspended_at.is_some() == at.is_some() {
        return Ok(false);
    }
    rows::set_suspended(tx, id, at, seams.now())?;
    let act = if at.is_some() { acts::APP_USER_SUSPENDED } else { acts::APP_USER_RESUMED };
    journal::write(tx, &by.entry(act, seams, json!({}))?.app_user(id))?;
    Ok(true)
}

fn suspended() -> crate::Error {
    refuse(Code::UserSuspended, "this person is suspended")
}

impl Vouched {
    /// What the texts of a token mean. Nothing when they name nobody.
    pub fn read(
        issuer: &str,
        subject: &str,
        email: Option<&str>,
        name: Option<&str>,
        groups: Vec<String>,
    ) -> Option<Vouched> {
        let is_text = |text: &str| !text.contains('\0');
        let is_named = !subject.trim().is_empty() && subject.len() <= LONGEST_SUBJECT && is_text(subject);
        let short = |text: Option<&str>| text.filter(|text| text.len() <= 320 && is_text(text)).map(str::to_owned);
        let groups =
            groups.into_iter().filter(|group| group.len() <= 255 && is_text(group)).take(MOST_GROUPS).collect();
        is_named.then(|| Vouched {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            email: short(email),
            name: short(name),
            groups,
        })
    }
}

impl Vault {
    /// The person that a proven token means.
    pub async fn app_user(&self, organization: &OrganizationId, app: &AppId, said: Vouched) -> Result<AppUser> {
        let (organization, app) = (organization.clone(), app.clone());
        // Most calls are for somebody who is known and has not changed: they need no transaction.
        let looked_for = (organization.clone(), said.clone());
        let known = self
            .store
            .read(move |tx| rows::find_person(tx, &looked_for.0, &looked_for.1.issuer, &looked_for.1.subject))
            .await?;
        if let Some(known) = known {
            if known.suspended_at.is_some() {
                return Err(suspended());
            }
            if known.email == said.email && known.name == said.name && known.groups == said.groups {
                return Ok(known);
            }
        }
        let seams = self.seams.clone();
        self.store.write_again(move |tx| vouched(tx, &seams, &organization, &app, &said)).await
    }
}
