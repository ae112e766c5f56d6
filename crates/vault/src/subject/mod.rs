//! People whom an app's own identity provider vouches for, and who that provider is.
//!
//! Promise: a person is (organization, issuer, subject): an equal subject of another issuer, or told to another organization, is
//! somebody else. Who vouches is never this server itself, whose tokens need no setting up. That a token was signed is proven before
//! this module is asked.

mod issuer;
mod person;
mod rows;

pub use issuer::{NewIssuer, remove_issuer, set_issuer};
pub use person::{set_suspended, vouched};
pub use rows::{delete_of_app, find_issuer, find_user};

use base::{AppId, AppUserId, OrganizationId, Time};

/// Whose JWTs an app's `user_token` may be, besides ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    pub id: String,
    pub app: AppId,
    pub organization: OrganizationId,
    pub issuer: String,
    pub audience: String,
    /// Nothing: the issuer's discovery document says.
    pub jwks_uri: Option<String>,
    pub subject_claim: String,
    pub email_claim: String,
    pub name_claim: String,
    pub groups_claim: String,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A person of an app, as its identity provider tells of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUser {
    pub id: AppUserId,
    pub organization: OrganizationId,
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub suspended_at: Option<Time>,
}

/// What a proven token of an issuer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
}
