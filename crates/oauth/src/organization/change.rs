//! Making organizations, and who is in them.

use super::{Actor, Organization, Role, check_key, find, find_by_key, members, rows};
use crate::app::{self, Error, check_name};
use base::{AccountId, AppId, Fault, OrganizationId, Seams};
use db::Tx;
use ledger::journal::{self, Act, Entry};
use serde_json::json;

/// What the journal says of organizations.
pub mod act {
    use ledger::Act;

    pub const CREATED: Act = Act("organization.created");
    pub const DELETED: Act = Act("organization.deleted");
    pub const RENAMED: Act = Act("organization.renamed");
    pub const MEMBER_ADDED: Act = Act("organization.member_added");
    pub const MEMBER_CHANGED: Act = Act("organization.member_changed");
    pub const MEMBER_REMOVED: Act = Act("organization.member_removed");
}

/// Makes an organization; a person who does becomes its owner.
pub fn create(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    key: Option<String>,
    name: &str,
) -> Result<Organization, Error> {
    let name = check_name(name).map_err(|sentence| Error::about("name", sentence))?;
    if let Some(key) = &key {
        actor.needs_operator()?;
        check_key(key)?;
        if find_by_key(tx, key)?.is_some() {
            return Err(Error::about("key", "belongs to another organization"));
        }
    }
    insert(tx, seams, actor, key, name, None)
}

/// The personal organization of an account, made at the first visit.
pub fn personal(tx: &mut Tx<'_>, seams: &Seams, account: &AccountId, name: &str) -> Result<Organization, Error> {
    if let Some(found) = rows::find_personal(tx, account)? {
        return Ok(found);
    }
    // A display name may be shorter than an organization's.
    let name = check_name(name).unwrap_or_else(|_| "Personal".to_owned());
    insert(tx, seams, &Actor::Account(account.clone()), None, name, Some(account.clone()))
}

fn insert(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    key: Option<String>,
    name: String,
    personal_of: Option<AccountId>,
) -> Result<Organization, Error> {
    let now = seams.now();
    let new = Organization { id: OrganizationId::new(now, seams.entropy())?, key, name, personal_of, created_at: now };
    rows::insert(tx, &new)?;
    if let Actor::Account(account) = actor {
        rows::put_member(tx, &new.id, account, Role::Owner, now)?;
    }
    write(tx, seams, actor, &new.id, act::CREATED, json!({ "by": actor.word(), "name": new.name }))?;
    Ok(new)
}

/// Gives the organization another name. False when it had it.
pub fn rename(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &OrganizationId, name: &str) -> Result<bool, Error> {
    actor.needs_in(tx, id, Role::Admin)?;
    let name = check_name(name).map_err(|sentence| Error::about("name", sentence))?;
    if find(tx, id)?.is_some_and(|found| found.name == name) {
        return Ok(false);
    }
    rows::rename(tx, id, &name, seams.now())?;
    write(tx, seams, actor, id, act::RENAMED, json!({ "by": actor.word(), "name": name }))?;
    Ok(true)
}

/// Takes an account in. Nobody can give a role above their own.
pub fn add_member(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &OrganizationId,
    account: &AccountId,
    role: Role,
) -> Result<(), Error> {
    needs_to_give(tx, actor, id, role)?;
    rows::hold(tx, id, seams.now())?;
    if rows::role(tx, id, account)?.is_some() {
        return Err(Error::about("account", "is a member already"));
    }
    rows::put_member(tx, id, account, role, seams.now())?;
    write(
        tx,
        seams,
        actor,
        id,
        act::MEMBER_ADDED,
        json!({ "by": actor.word(), "member": account.as_str(), "role": role.as_str() }),
    )?;
    Ok(())
}

/// Changes a member's role. The last owner stays one.
pub fn set_role(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &OrganizationId,
    account: &AccountId,
    role: Role,
) -> Result<(), Error> {
    rows::hold(tx, id, seams.now())?;
    let had = rows::role(tx, id, account)?.ok_or(Error::NotFound)?;
    needs_to_give(tx, actor, id, role.max(had))?;
    if role != Role::Owner {
        keep_an_owner(tx, id, account)?;
    }
    rows::put_member(tx, id, account, role, seams.now())?;
    write(
        tx,
        seams,
        actor,
        id,
        act::MEMBER_CHANGED,
        json!({ "by": actor.word(), "member": account.as_str(), "role": role.as_str() }),
    )?;
    Ok(())
}

/// Takes a member out. The last owner stays.
pub fn remove_member(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &OrganizationId,
    account: &AccountId,
) -> Result<(), Error> {
    rows::hold(tx, id, seams.now())?;
    let had = rows::role(tx, id, account)?.ok_or(Error::NotFound)?;
    // Everybody may leave.
    if *actor != Actor::Account(account.clone()) {
        needs_to_give(tx, actor, id, had)?;
    }
    keep_an_owner(tx, id, account)?;
    rows::delete_member(tx, id, account)?;
    write(tx, seams, actor, id, act::MEMBER_REMOVED, json!({ "by": actor.word(), "member": account.as_str() }))?;
    Ok(())
}

/// Takes an account that is being deleted out of every organization, inside the caller's transaction. Its personal one goes with
/// its apps unless others work there too; where it was the last owner, whoever has most to say there becomes one.
pub fn forget_account(tx: &mut Tx<'_>, seams: &Seams, account: &AccountId) -> Result<(), Error> {
    let actor = Actor::Account(account.clone());
    for (organization, role) in super::of_account(tx, account)? {
        rows::hold(tx, &organization.id, seams.now())?;
        let others: Vec<_> =
            members(tx, &organization.id)?.into_iter().filter(|member| member.account != *account).collect();
        let heir = others.iter().max_by_key(|member| (member.role, std::cmp::Reverse(member.joined_at)));
        match heir {
            None if organization.personal_of.is_some() => {
                for app in app::list_of_organization(tx, &organization.id, "", u32::MAX)? {
                    app::delete(tx, seams, &Actor::Operator, &app.id)?;
                }
                rows::delete(tx, &organization.id)?;
                write(tx, seams, &actor, &organization.id, act::DELETED, json!({ "by": actor.word() }))?;
                continue;
            }
            Some(heir) if role == Role::Owner && !others.iter().any(|member| member.role == Role::Owner) => {
                rows::put_member(tx, &organization.id, &heir.account, Role::Owner, seams.now())?;
            }
            _ => {}
        }
        rows::delete_member(tx, &organization.id, account)?;
        rows::leave_personal(tx, &organization.id, account)?;
        write(
            tx,
            seams,
            &actor,
            &organization.id,
            act::MEMBER_REMOVED,
            json!({ "by": actor.word(), "member": account.as_str() }),
        )?;
    }
    Ok(())
}

/// The apps that [`forget_account`] is going to delete: those of a personal organization that nobody else works in.
pub fn apps_that_go_with(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<AppId>, Fault> {
    let Some(personal) = rows::find_personal(tx, account)? else { return Ok(Vec::new()) };
    if members(tx, &personal.id)?.iter().any(|member| member.account != *account) {
        return Ok(Vec::new());
    }
    Ok(app::list_of_organization(tx, &personal.id, "", u32::MAX)?.into_iter().map(|app| app.id).collect())
}

/// Admins deal with roles up to their own, owners with all.
fn needs_to_give(tx: &mut Tx<'_>, actor: &Actor, id: &OrganizationId, role: Role) -> Result<(), Error> {
    actor.needs_in(tx, id, role.max(Role::Admin))
}

fn keep_an_owner(tx: &mut Tx<'_>, id: &OrganizationId, leaving: &AccountId) -> Result<(), Error> {
    let all = members(tx, id)?;
    let is_owner = all.iter().any(|member| member.account == *leaving && member.role == Role::Owner);
    let has_another = all.iter().any(|member| member.account != *leaving && member.role == Role::Owner);
    if is_owner && !has_another {
        return Err(Error::about("account", "is the last owner"));
    }
    Ok(())
}

fn write(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &OrganizationId,
    act: Act,
    detail: serde_json::Value,
) -> Result<(), Fault> {
    let entry = Entry::new(act, seams)?.organization(id).detail(detail);
    let entry = match actor {
        Actor::Operator => entry,
        Actor::Account(account) => entry.account(account),
    };
    journal::write(tx, &entry)
}
