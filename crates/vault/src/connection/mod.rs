//! Linked accounts: whose they are, what was granted, and the sealed credential.
//!
//! Promise: a credential opens only as part of the very connection it was sealed for (app, owner, provider, account, version), is
//! replaced only by whoever holds the version before (threat 158), and is wiped in the transaction that ends the connection.

mod credential;
mod end;
mod list;
mod rows;
mod tend;

pub use credential::Credential;
pub use end::Removed;
pub(crate) use end::{end, revoke_upstream};
pub use list::Linked;
pub(crate) use rows::{
    NewConnection, Renewed, delete_of_app, find, find_live_of, idle_since, ids_of_account, ids_of_app, insert,
    mark_trouble, note_failure, note_scope_mismatch, note_sent, renew, replace, touch,
};

use crate::caller::Subject;
use crate::provider::Inputs;
use base::{AccountId, AppId, AppUserId, ConnectionId, Entropy, Fault, IdentityId, Scope, Time};
use db::seal::Place;
use db::{Sealer, Tx};

/// A linked account as stored. The credential stays sealed until it is used.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub app: AppId,
    pub provider: String,
    pub(crate) provider_client: Option<String>,
    pub managed_secret: Option<String>,
    pub account: Option<AccountId>,
    pub identity: Option<IdentityId>,
    pub app_user: Option<AppUserId>,
    pub outside_id: String,
    /// What people recognise it by.
    pub label: String,
    /// `https://host`, where the account has a place of its own.
    pub api_base: Option<String>,
    pub inputs: Inputs,
    pub scopes: Scope,
    pub scope_mismatch: bool,
    pub(crate) sealed: Option<Vec<u8>>,
    pub version: i64,
    /// Names this very credential on the wire.
    pub generation: String,
    pub expires_at: Option<Time>,
    pub can_refresh: bool,
    pub refreshed_at: Time,
    pub(crate) refresh_sent_at: Option<Time>,
    pub(crate) refresh_after: Option<Time>,
    pub(crate) failures: i64,
    /// Why it has to be connected again.
    pub trouble: Option<Trouble>,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_used_at: Option<Time>,
    pub ended_at: Option<Time>,
}

/// Why an account has to be connected again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The service refused the refresh token.
    Refused,
    /// A refresh was sent and its answer was lost; the token that was kept is refused since.
    InDoubt,
    /// It ran out and cannot be renewed.
    Expired,
}

impl Trouble {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Trouble::Refused => "refused",
            Trouble::InDoubt => "in_doubt",
            Trouble::Expired => "expired",
        }
    }

    fn parse(text: &str) -> Option<Trouble> {
        [Trouble::Refused, Trouble::InDoubt, Trouble::Expired].into_iter().find(|trouble| trouble.as_str() == text)
    }
}

impl Connection {
    /// Whose it is.
    pub fn subject(&self) -> Subject {
        match (&self.account, &self.identity, &self.app_user) {
            (Some(account), Some(identity), _) => {
                Subject::Identity { account: account.clone(), identity: identity.clone() }
            }
            (_, _, Some(app_user)) => Subject::AppUser(app_user.clone()),
            _ => Subject::App,
        }
    }

    /// True while it can be used: nobody ended it and nothing has to be connected again.
    pub fn is_well(&self) -> bool {
        self.ended_at.is_none() && self.trouble.is_none()
    }

    fn bound_to(&self) -> String {
        bound(&self.id, &self.app, &self.subject().owner(), &self.provider, &self.outside_id, self.version)
    }

    /// Opens the credential.
    pub(crate) fn open(&self, sealer: &Sealer) -> Result<Credential, Fault> {
        let sealed = self.sealed.as_deref().ok_or_else(|| Fault::new("connection: has no credential any more"))?;
        let row = self.bound_to();
        Credential::from_json(&zeroize::Zeroizing::new(sealer.open(place(&row), sealed)?))
    }
}

/// Seals some credentials anew that are under an older master key. Gives how many were looked at, and how many were moved.
pub(crate) fn rekey(tx: &mut Tx<'_>, sealer: &Sealer, entropy: &dyn Entropy, limit: u32) -> Result<(u64, u64), Fault> {
    let key = sealer.key_id();
    let (mut seen, mut moved) = (0, 0);
    for connection in rows::under_other_key(tx, &key, limit)? {
        seen += 1;
        let Some(sealed) = &connection.sealed else { continue };
        let row = connection.bound_to();
        // One that is under the newest key already only has an old note.
        let sealed = sealer.reseal(place(&row), sealed, entropy)?.unwrap_or_else(|| sealed.clone());
        moved += u64::from(rows::reseal(tx, &connection.id, connection.version, &sealed, &key)?);
    }
    Ok((seen, moved))
}

/// Seals a credential for a connection and a version.
pub(crate) fn seal(
    sealer: &Sealer,
    entropy: &dyn Entropy,
    bound_to: &str,
    credential: &Credential,
) -> Result<Vec<u8>, Fault> {
    sealer.seal(place(bound_to), &credential.to_json()?, entropy)
}

pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: "connections", row, column: "sealed" }
}

/// What a credential is bound to besides table and column (threat 164).
pub(crate) fn bound(
    id: &ConnectionId,
    app: &AppId,
    owner: &str,
    provider: &str,
    outside_id: &str,
    version: i64,
) -> String {
    format!("{id}\n{app}\n{owner}\n{provider}\n{outside_id}\n{version}")
}
