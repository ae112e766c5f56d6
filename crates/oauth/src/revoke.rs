//! Giving a token back (RFC 7009): an access token ends in both forms, a refresh token with all its sign-in bought.

use crate::OAuth;
use crate::acts;
use crate::app::App;
use crate::code;
use crate::delegated::{self, Delegated};
use crate::introspect::Shown;
use crate::token::{end_access, find_access, find_refresh};
use base::{Fault, Secret};
use ledger::{EndedBy, Entry, journal};

impl OAuth {
    /// Ends the token if it is the app's. Nothing tells the caller whether there was one (RFC 7009 §2.2, threat 79).
    pub async fn revoke(&self, app: &App, token: &Secret) -> Result<(), Fault> {
        let Some(shown) = self.shown(token) else { return Ok(()) };
        let (now, owner, seams) = (self.seams.now(), app.id.clone(), self.seams.clone());
        let mut entry = Entry::new(acts::TOKEN_REVOKED, &self.seams)?.app(&app.id);
        self.store
            .write(move |tx| {
                let (family, has_ended) = match shown {
                    Shown::Access { number, opaque, .. } => {
                        let found =
                            find_access(tx, number, opaque.as_ref())?.filter(|access| access.family.app == owner);
                        let Some(access) = found else { return Ok(()) };
                        (access.family, end_access(tx, access.number, now)?)
                    }
                    Shown::Refresh(bearer) => {
                        let found = find_refresh(tx, &bearer)?.filter(|refresh| refresh.family.app == owner);
                        let Some(refresh) = found else { return Ok(()) };
                        let number = refresh.family.number;
                        (refresh.family, code::end(tx, number, EndedBy::App.as_str(), now)?)
                    }
                    Shown::Delegated { number, .. } => {
                        let is_theirs = |row: &Delegated| row.owner == owner || row.family.app == owner;
                        let Some(row) = delegated::find(tx, number)?.filter(is_theirs) else { return Ok(()) };
                        entry = Entry::new(acts::DELEGATED_REVOKED, &seams)?
                            .app(&row.family.app)
                            .target(&row.owner)
                            .grant(&row.grant)
                            .detail(serde_json::json!({ "resource": row.key }));
                        (row.family, delegated::end(tx, number, now)?)
                    }
                };
                if !has_ended {
                    return Ok(());
                }
                let entry = match (&family.account, &family.identity) {
                    (Some(account), Some(identity)) => entry.account(account).identity(identity),
                    _ => entry,
                };
                journal::write(tx, &entry)
            })
            .await
    }
}
