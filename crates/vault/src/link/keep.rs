//! Keeping what a service gave: one write seals the credential, opens or renews the permission, and writes the journal.
//!
//! Promise: connecting the same account again keeps connection and grant id (`operation: reauth`); a repair with another account is
//! refused (threat 161); scopes are stored as granted (threat 162).

use super::complete::Outcome;
use super::exchange::Obtained;
use crate::caller::Subject;
use crate::connection::{self, Connection, NewConnection};
use crate::grants::{self, Granted, Operation};
use crate::provider::Provider;
use crate::refusal::Result;
use crate::session;
use crate::webhook;
use crate::{Vault, acts};
use base::{AppId, ConnectionId, Fault, Uuid};
use ledger::journal;
use serde_json::json;
use std::sync::Arc;

/// For whom something is kept, and in whose place.
pub(crate) struct Keeping {
    pub app: AppId,
    pub subject: Subject,
    pub session: Option<i64>,
    /// The connection that is repaired.
    pub repaired: Option<ConnectionId>,
    /// An app's session asked for a permission. Where a consent page waits, or a person repairs an account of theirs, nothing is
    /// opened here.
    pub opens_grant: bool,
    pub provider: Arc<Provider>,
    pub client: Option<String>,
}

enum Kept {
    Granted(Box<Granted>),
    Linked(ConnectionId),
    OtherAccount,
    Overtaken,
}

const OTHER_ACCOUNT: &str =
    "That is another account than the one to be repaired. Choose the same one, or connect the other as a new one.";

impl Vault {
    /// Keeps a credential and what it allows.
    pub(crate) async fn keep(&self, keeping: Keeping, obtained: Obtained) -> Result<Outcome> {
        let keeping = Arc::new(keeping);
        let obtained = Arc::new(obtained);
        // Two windows may connect the same account at once: whoever comes second renews what the first one made.
        for _ in 0..3 {
            match self.keep_once(keeping.clone(), obtained.clone()).await? {
                Kept::Granted(granted) => return Ok(Outcome::Granted(granted)),
                Kept::Linked(connection) => return Ok(Outcome::Linked(connection)),
                Kept::OtherAccount => {
                    return Ok(Outcome::Failed { code: session::ACCOUNT_MISMATCH.to_owned(), sentence: OTHER_ACCOUNT });
                }
                Kept::Overtaken => {}
            }
        }
        Err(Fault::new("connection keep: overtaken again and again").into())
    }

    async fn keep_once(&self, keeping: Arc<Keeping>, obtained: Arc<Obtained>) -> Result<Kept> {
        let vault = self.clone();
        let outcome = self.store.write_again(move |tx| {
            let (seams, now) = (&vault.seams, vault.seams.now());
            let owner = keeping.subject.owner();
            let there = match &keeping.repaired {
                Some(id) => connection::find(tx, id)?.filter(|connection| connection.ended_at.is_none()),
                None => connection::find_live_of(tx, &keeping.app, &owner, &keeping.provider.id)?
                    .into_iter()
                    .find(|connection| connection.outside_id == obtained.account.id),
            };
            if keeping.repaired.is_some() && there.as_ref().is_none_or(|there| there.outside_id != obtained.account.id)
            {
                return Ok::<_, Fault>(Kept::OtherAccount);
            }
            let new = vault.new_connection(&keeping, &obtained, there.as_ref())?;
            let act = if let Some(there) = &there {
                if !connection::replace(tx, there, &new, now)? {
                    return Ok(Kept::Overtaken);
                }
                acts::CONNECTION_REPAIRED
            } else {
                connection::insert(tx, &new, now)?;
                acts::CONNECTION_CREATED
            };
            let terms = match keeping.session {
                Some(number) => session::terms_of(tx, number)?,
                None => session::Terms::default(),
            };
            let detail = json!({
                "connection": new.id.as_str(), "provider": new.provider, "account": new.label,
                "scopes": new.scopes.to_string(),
            });
            let entry = journal::Entry::new(act, seams)?.app(&keeping.app).detail(detail.clone());
            let event = if there.is_some() { "connection.updated" } else { "connection.created" };
            webhook::tell(tx, seams, &keeping.app, event, &detail)?;
            if !keeping.opens_grant {
                journal::write(tx, &grants::about(entry, &keeping.subject))?;
                return Ok(Kept::Linked(new.id));
            }
            let operation = if there.is_some() { Operation::Reauth } else { Operation::Creation };
            let granted = grants::open_on(tx, seams, &keeping, &grants::On::from(&new), &terms, operation)?;
            journal::write(tx, &grants::about(entry.grant(&granted.grant), &keeping.subject))?;
            Ok(Kept::Granted(Box::new(granted)))
        });
        Ok(outcome.await?)
    }

    fn new_connection(
        &self,
        keeping: &Keeping,
        obtained: &Obtained,
        there: Option<&Connection>,
    ) -> std::result::Result<NewConnection, Fault> {
        let (seams, now) = (&self.seams, self.seams.now());
        let id = match there {
            Some(there) => there.id.clone(),
            None => ConnectionId::new(now, seams.entropy())?,
        };
        let version = there.map_or(1, |there| there.version + 1);
        let mut credential = obtained.credential.clone();
        let mut can_refresh = obtained.can_refresh;
        // Some services give a refresh token the first time alone: the one that is there is kept (`vault.md` 2.6, threat 160).
        if credential.refresh_token().is_none()
            && let Some(there) = there
            && let Some(kept) = there.open(&self.sealer)?.refresh_token()
        {
            credential = credential.with("refresh_token", kept.clone());
            can_refresh = there.can_refresh;
        }
        let owner = keeping.subject.owner();
        let (provider, outside_id) = (keeping.provider.id.clone(), obtained.account.id.clone());
        let bound = connection::bound(&id, &keeping.app, &owner, &provider, &outside_id, version);
        Ok(NewConnection {
            sealed: connection::seal(&self.sealer, seams.entropy(), &bound, &credential)?,
            id,
            app: keeping.app.clone(),
            provider,
            provider_client: keeping.client.clone(),
            managed_secret: None,
            subject: keeping.subject.clone(),
            outside_id,
            label: obtained.account.label.clone(),
            api_base: obtained.api_base.clone(),
            inputs: obtained.inputs.clone(),
            scopes: obtained.scopes.clone(),
            key_id: self.sealer.key_id(),
            generation: Uuid::random(seams.entropy())?.as_str().to_owned(),
            expires_at: obtained.expires_at,
            can_refresh,
        })
    }
}
