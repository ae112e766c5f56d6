//! Organizations: teams of developers that own apps, and what each member may do.
//!
//! Promise: every lookup is made for somebody; what is not theirs does not exist for them (threat 188).

mod change;
mod rows;

pub use change::{
    act, add_member, apps_that_go_with, create, forget_account, personal, remove_member, rename, set_role,
};
pub use rows::{find, find_by_key, list, members, of_account};

use crate::app::{App, Error, find as find_app};
use base::{AccountId, AppId, OrganizationId, Time};
use db::Tx;

/// What a member may do: each role all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees apps and what happened to them.
    Viewer,
    /// Makes and changes apps, rotates their secrets.
    Developer,
    /// Deletes apps, changes the organization and its members.
    Admin,
    /// Makes other owners.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Developer, Role::Admin, Role::Owner];

    /// The word in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Developer => "developer",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    /// What a manifest calls it; organizations made on pages have none, so that nobody can take a manifest's name.
    pub key: Option<String>,
    pub name: String,
    /// The account whose personal one it is.
    pub personal_of: Option<AccountId>,
    pub created_at: Time,
}

/// An account in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub account: AccountId,
    pub role: Role,
    pub joined_at: Time,
}

/// Who wants something done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with the machine, or with an operator token.
    Operator,
    /// A person who is signed in.
    Account(AccountId),
}

impl Actor {
    /// The word in the journal.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Actor::Operator => "operator",
            Actor::Account(_) => "member",
        }
    }

    /// The role in an organization; nothing for those who may not know that it exists.
    pub fn role_in(&self, tx: &mut Tx<'_>, organization: &OrganizationId) -> Result<Option<Role>, Error> {
        Ok(match self {
            Actor::Operator => find(tx, organization)?.map(|_| Role::Owner),
            Actor::Account(account) => rows::role(tx, organization, account)?,
        })
    }

    /// Refuses unless the actor has the role, or a higher one, in the organization.
    pub(crate) fn needs_in(&self, tx: &mut Tx<'_>, organization: &OrganizationId, role: Role) -> Result<(), Error> {
        match self.role_in(tx, organization)? {
            Some(own) if own >= role => Ok(()),
            _ => Err(Error::NotFound),
        }
    }

    /// Refuses unless the actor has the role in the organization that owns the app.
    pub(crate) fn needs(&self, tx: &mut Tx<'_>, app: &AppId, role: Role) -> Result<(), Error> {
        let owner = find_app(tx, app)?.and_then(|app| app.organization).ok_or(Error::NotFound)?;
        self.needs_in(tx, &owner, role)
    }

    /// Refuses everybody but operators.
    pub(crate) fn needs_operator(&self) -> Result<(), Error> {
        if *self == Actor::Operator { Ok(()) } else { Err(Error::NotFound) }
    }
}

/// The app, for somebody with at least this role in its organization.
pub fn find_app_for(tx: &mut Tx<'_>, actor: &Actor, id: &AppId, role: Role) -> Result<App, Error> {
    actor.needs(tx, id, role)?;
    find_app(tx, id)?.ok_or(Error::NotFound)
}

/// The organization, for somebody with at least this role in it.
pub fn find_for(tx: &mut Tx<'_>, actor: &Actor, id: &OrganizationId, role: Role) -> Result<Organization, Error> {
    actor.needs_in(tx, id, role)?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// Checks what a manifest calls a thing.
pub fn check_key(key: &str) -> Result<(), Error> {
    let is_legal = key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if is_legal && (1..=64).contains(&key.len()) {
        Ok(())
    } else {
        Err(Error::about("key", "has 1 to 64 lowercase letters, digits, - and _"))
    }
}
