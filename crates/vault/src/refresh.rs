//! Keeping credentials fresh (`vault.md` 2).
//!
//! Promise: one refresh for one credential at a time, on every node together: a lease with a fence decides who asks, everybody else
//! waits for what that one brings (threat 156). *It goes out now* is written before it goes out, what comes back is committed before
//! anybody gets it (threat 157), and only in the place of the version that was read (threat 158). What a service's no means is told apart (threat 159):
//! a dead refresh token asks the person, a wrong client alerts the operator, everything else is tried again later.

use crate::catalogue::Configured;
use crate::connection::{self, Connection, Credential, Renewed, Trouble};
use crate::link::{expiry, granted};
use crate::provider::{ClientCredentials, Trouble as Told};
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts, grants, webhook};
use base::digest::hex;
use base::entropy::draw;
use base::{ConnectionId, Fault, Time, Uuid};
use db::lease;
use ledger::journal;
use serde_json::{Value, json};
use std::time::Duration;

/// A token that lives no longer than this is renewed before it is used, in seconds.
const MARGIN_SECS: i64 = 60;
/// How long whoever refreshes may take before somebody else may, in seconds: longer than any request outwards lasts.
const LEASE_SECS: i64 = 30;
/// How long a call waits for somebody else's refresh: the client behind it gives up after thirty seconds.
const WAIT: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(40);
/// The pause after a failure doubles up to this, in seconds.
const LONGEST_PAUSE_SECS: i64 = 3600;

/// A credential that can be used now.
#[derive(Debug, Clone)]
pub struct Fresh {
    pub connection: Connection,
    pub(crate) credential: Credential,
}

/// What a turn at refreshing came to.
enum Turn {
    Renewed(Box<Fresh>),
    /// Somebody else has the lease.
    Taken,
    /// It cannot be renewed now; what is there may still be good.
    Later,
    Dead(Trouble),
}

impl Vault {
    /// The credential of a connection, renewed first where its time is short. `refused` names the version that the service has just
    /// refused: that one is renewed even if it should still be good.
    pub async fn fresh(&self, id: &ConnectionId, refused: Option<i64>) -> Result<Fresh> {
        let patience = tokio::time::Instant::now() + WAIT;
        loop {
            let connection = self.connection(id).await?;
            let now = self.seams.now();
            if let Some(trouble) = connection.trouble {
                return Err(dead(&connection, trouble));
            }
            let is_refused = refused == Some(connection.version);
            let is_short = connection.expires_at.is_some_and(|until| until <= now.plus_secs(MARGIN_SECS));
            let is_over = connection.expires_at.is_some_and(|until| until <= now);
            if !is_refused && !is_short {
                return self.opened(connection);
            }
            if !connection.can_refresh {
                return self.without_refresh(connection, is_refused, is_over).await;
            }
            let may_go = connection.refresh_after.is_none_or(|after| after <= now);
            let turn = if may_go { self.take_turn(connection.clone()).await? } else { Turn::Later };
            match turn {
                Turn::Renewed(fresh) => return Ok(*fresh),
                Turn::Dead(trouble) => return Err(dead(&connection, trouble)),
                // What is good still serves while it cannot be renewed, or somebody else renews it.
                Turn::Later | Turn::Taken if !is_over && !is_refused => return self.opened(connection),
                Turn::Later => {
                    return Err(refuse(
                        Code::ProviderUnreachable,
                        "the service does not renew the credential right now; try again later",
                    )
                    .with("provider_id", connection.provider.clone())
                    .with("retry_after", 30));
                }
                Turn::Taken if tokio::time::Instant::now() >= patience => {
                    return Err(refuse(Code::TokenRefreshInProgress, "the credential is being renewed; try again"));
                }
                Turn::Taken => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// The live connection with this id.
    pub(crate) async fn connection(&self, id: &ConnectionId) -> Result<Connection> {
        let own = id.clone();
        let found = self.store.read(move |tx| connection::find(tx, &own)).await?;
        found
            .filter(|connection| connection.ended_at.is_none())
            .ok_or_else(|| refuse(Code::GrantRevoked, "the linked account has been removed"))
    }

    fn opened(&self, connection: Connection) -> Result<Fresh> {
        let credential = connection.open(&self.sealer)?;
        Ok(Fresh { connection, credential })
    }

    async fn without_refresh(&self, connection: Connection, is_refused: bool, is_over: bool) -> Result<Fresh> {
        if !is_refused && !is_over {
            return self.opened(connection);
        }
        // A key that the service refused once may be good for another call; only what has run out is over.
        if !is_over {
            return self.opened(connection);
        }
        self.mark(&connection, Trouble::Expired).await?;
        Err(dead(&connection, Trouble::Expired))
    }

    /// Tries to be the one who refreshes. It runs by itself, so that a client that goes away loses no rotated token.
    async fn take_turn(&self, connection: Connection) -> std::result::Result<Turn, Fault> {
        let vault = self.clone();
        let turn = tokio::spawn(async move { vault.refresh_under_lease(connection).await });
        turn.await.map_err(|_| Fault::new("refresh: its task died"))?
    }

    async fn refresh_under_lease(&self, seen: Connection) -> std::result::Result<Turn, Fault> {
        let now = self.seams.now();
        let (name, holder) = (format!("refresh.{}", seen.id), hex(&draw::<16>(self.seams.entropy())?));
        let (own_name, own_holder, id) = (name.clone(), holder.clone(), seen.id.clone());
        // Lease, look and note are one write: between them nobody can slip in.
        let begun = self
            .store
            .write_again(move |tx| {
                if lease::take(tx, &own_name, &own_holder, now.plus_secs(LEASE_SECS), now)?.is_none() {
                    return Ok::<_, Fault>(None);
                }
                let Some(there) = connection::find(tx, &id)?.filter(|there| there.ended_at.is_none()) else {
                    return Ok(None);
                };
                if there.version == seen.version {
                    connection::note_sent(tx, &id, there.version, now)?;
                }
                Ok(Some((there, seen.version)))
            })
            .await?;
        let Some((there, version)) = begun else { return Ok(Turn::Taken) };
        let outcome = if there.version == version { self.ask(&there).await } else { self.already(there) };
        self.store.write(move |tx| lease::release(tx, &name, &holder)).await?;
        outcome
    }

    /// Somebody renewed it between our look and our turn.
    fn already(&self, there: Connection) -> std::result::Result<Turn, Fault> {
        let credential = there.open(&self.sealer)?;
        Ok(Turn::Renewed(Box::new(Fresh { connection: there, credential })))
    }

    async fn ask(&self, there: &Connection) -> std::result::Result<Turn, Fault> {
        let was_in_doubt = there.refresh_sent_at.is_some();
        let credential = there.open(&self.sealer)?;
        let client = self.client_of(there).await?;
        let (Some(provider), Some(client)) = (self.provider(&there.provider).await?, client) else {
            tracing::error!("refresh {}: no credentials of this server at {} any more", there.id, there.provider);
            return self.failed(there, true).await;
        };
        let configured = Configured { provider, client };
        let known = ClientCredentials { id: &configured.client.client_id, secret: configured.client.secret.as_ref() };
        let request = credential
            .refresh_token()
            .and_then(|token| configured.provider.refresh_request(known, token, &there.inputs))
            .ok_or_else(|| Fault::new("refresh: a connection that can be refreshed has nothing to do it with"))?;
        let Ok(answer) = self.send(&there.provider, &request).await else {
            // Nobody knows whether the service has acted: the note stays.
            return self.failed(there, false).await;
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        match configured.provider.read_token_answer(answer.status, &body, true) {
            Ok(given) => self.keep_renewed(there, &credential, &configured, &given).await,
            Err(Told::InvalidGrant) => {
                let trouble = if was_in_doubt { Trouble::InDoubt } else { Trouble::Refused };
                self.mark(there, trouble).await?;
                Ok(Turn::Dead(trouble))
            }
            Err(Told::InvalidClient) => {
                self.note_refused_client(&configured).await?;
                self.failed(there, true).await
            }
            Err(Told::RateLimited | Told::Unavailable | Told::Other) => self.failed(there, true).await,
        }
    }

    async fn keep_renewed(
        &self,
        there: &Connection,
        old: &Credential,
        configured: &Configured,
        given: &crate::provider::Grants,
    ) -> std::result::Result<Turn, Fault> {
        let now = self.seams.now();
        let mut credential = old.clone().with("access_token", given.access_token.clone());
        // A refresh token that an answer leaves out stays good (threat 160).
        if let Some(refresh) = &given.refresh_token {
            credential = credential.with("refresh_token", refresh.clone());
        }
        let (id, version) = (there.id.clone(), there.version);
        let bound = connection::bound(
            &id,
            &there.app,
            &there.subject().owner(),
            &there.provider,
            &there.outside_id,
            version + 1,
        );
        let renewed = Renewed {
            sealed: connection::seal(&self.sealer, self.seams.entropy(), &bound, &credential)?,
            key_id: self.sealer.key_id(),
            generation: Uuid::random(self.seams.entropy())?.as_str().to_owned(),
            scopes: granted(given, &there.scopes),
            expires_at: expiry(given, configured, now),
            can_refresh: true,
        };
        let entry = journal::Entry::new(acts::CONNECTION_REFRESHED, &self.seams)?
            .app(&there.app)
            .detail(json!({ "connection": there.id.as_str(), "provider": there.provider }));
        let entry = grants::about(entry, &there.subject());
        let kept = self
            .store
            .write(move |tx| {
                if !connection::renew(tx, &id, version, &renewed, now)? {
                    return Ok::<_, Fault>(None);
                }
                journal::write(tx, &entry)?;
                connection::find(tx, &id)
            })
            .await?;
        match kept {
            Some(connection) => Ok(Turn::Renewed(Box::new(Fresh { connection, credential }))),
            // The person connected again meanwhile, or removed the account: what is there now is looked at anew.
            None => Ok(Turn::Taken),
        }
    }

    /// Later: twice the pause of the time before, with jitter, so that nodes and connections do not come at once.
    async fn failed(&self, there: &Connection, is_answered: bool) -> std::result::Result<Turn, Fault> {
        let pause = (5_i64 << there.failures.clamp(0, 12)).min(LONGEST_PAUSE_SECS);
        let jitter = i64::from(u16::from_be_bytes(draw(self.seams.entropy())?)) * pause / (4 * 65_536);
        let after = self.seams.now().plus_secs(pause + jitter);
        let (id, version) = (there.id.clone(), there.version);
        self.store.write(move |tx| connection::note_failure(tx, &id, version, after, is_answered)).await?;
        Ok(Turn::Later)
    }

    /// Writes down that the person has to connect again.
    async fn mark(&self, there: &Connection, trouble: Trouble) -> std::result::Result<(), Fault> {
        let vault = self.clone();
        let there = there.clone();
        self.store
            .write_again(move |tx| {
                let now: Time = vault.seams.now();
                if !connection::mark_trouble(tx, &there.id, there.version, trouble, now)? {
                    return Ok::<_, Fault>(());
                }
                let detail = json!({
                    "connection": there.id.as_str(), "provider": there.provider, "account": there.label,
                    "reason": trouble.as_str(),
                });
                let entry = journal::Entry::new(acts::CONNECTION_TROUBLED, &vault.seams)?
                    .app(&there.app)
                    .detail(detail.clone());
                journal::write(tx, &grants::about(entry, &there.subject()))?;
                webhook::tell(tx, &vault.seams, &there.app, "connection.reauth_required", &detail)
            })
            .await
    }

    /// Alerts the operator: no connection is dead because this server's own credentials are wrong.
    pub(crate) async fn note_refused_client(&self, configured: &Configured) -> std::result::Result<(), Fault> {
        tracing::error!("provider {}: refuses the client credentials of this server", configured.provider.id);
        let (id, now) = (configured.client.id.clone(), self.seams.now());
        let entry = journal::Entry::new(acts::CREDENTIALS_REFUSED, &self.seams)?
            .detail(json!({ "provider": configured.provider.id }));
        let entry = match &configured.client.app {
            Some(app) => entry.app(app),
            None => entry,
        };
        self.store
            .write(move |tx| {
                if crate::catalogue::mark_refused(tx, &id, now)? {
                    journal::write(tx, &entry)?;
                }
                Ok::<_, Fault>(())
            })
            .await
    }

    /// Renews what would die of idleness: each credential well before its service forgets it, a few at a time. Gives how many were tried.
    pub async fn keep_alive(&self, limit: u32) -> std::result::Result<usize, Fault> {
        let now = self.seams.now();
        // The shortest idle lifetime that is kept up is a day: nothing younger than that is looked at.
        let candidates = self.store.read(move |tx| connection::idle_since(tx, now.plus_secs(-DAY), limit)).await?;
        let mut tried = 0;
        for connection in candidates {
            let Some(provider) = self.provider(&connection.provider).await? else { continue };
            let idle = provider.auth.refresh.as_ref().and_then(|refresh| refresh.idle_lifetime_secs);
            let Some(idle) = idle else { continue };
            let is_unused = connection.last_used_at.unwrap_or(connection.created_at) < now.plus_secs(-UNUSED);
            let is_due = connection.refreshed_at.plus_secs(idle / 2) <= now;
            if is_unused || !is_due || connection.refresh_after.is_some_and(|after| after > now) {
                continue;
            }
            tried += 1;
            self.take_turn(connection).await?;
        }
        Ok(tried)
    }
}

const DAY: i64 = 86_400;
/// What nobody has used for half a year is not kept alive.
const UNUSED: i64 = 180 * DAY;

fn dead(connection: &Connection, trouble: Trouble) -> Error {
    let error = refuse(Code::CredentialRevoked, "the account has to be connected again")
        .with("provider_id", connection.provider.clone())
        .with("reason", trouble.as_str());
    match &connection.app_user {
        Some(app_user) => error.with("app_user_id", app_user.as_str()),
        None => error,
    }
}
