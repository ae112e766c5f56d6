//! Ending a connection: what may use it ends with it, its credential is wiped, and the service is asked to forget it too.

use super::{Connection, Credential, rows};
use crate::provider::{ClientCredentials, Request};
use crate::{Vault, acts};
use base::{ConnectionId, Fault, Time};
use db::Tx;
use ledger::grant::{self, EndedBy, Grant};
use ledger::journal;
use serde_json::json;

/// What ended with a connection.
#[derive(Debug, Clone)]
pub struct Removed {
    pub connection: Connection,
    pub ended: Vec<Grant>,
}

/// Ends a live connection and every permission on it, and wipes the credential (threat 167). Nothing when it has ended already.
/// The sealed credential is in the answer, for asking the service to forget it.
pub(crate) fn end(tx: &mut Tx<'_>, id: &ConnectionId, by: EndedBy, now: Time) -> Result<Option<Removed>, Fault> {
    let Some(connection) = rows::find(tx, id)?.filter(|connection| connection.ended_at.is_none()) else {
        return Ok(None);
    };
    if !rows::take(tx, id, now)? {
        return Ok(None);
    }
    let ended = grant::end_all_of_connection(tx, id, by, now)?;
    Ok(Some(Removed { connection, ended }))
}

/// Asks the service to end a credential that is wiped here already, and writes down what came of it. It runs by itself, after the answer.
pub(crate) fn revoke_upstream(vault: &Vault, connection: Connection) {
    let vault = vault.clone();
    tokio::spawn(async move {
        if let Err(fault) = ask_to_revoke(&vault, &connection).await {
            tracing::error!("connection revoke upstream: {fault}");
        }
    });
}

async fn ask_to_revoke(vault: &Vault, connection: &Connection) -> Result<(), Fault> {
    let Some(request) = revocation(vault, connection).await? else { return Ok(()) };
    let outcome = match vault.send(&connection.provider, &request).await {
        Ok(answer) if answer.status < 400 => "done".to_owned(),
        Ok(answer) => format!("refused with status {}", answer.status),
        Err(trouble) => trouble.sentence().to_owned(),
    };
    let entry = journal::Entry::new(acts::UPSTREAM_REVOKED, &vault.seams)?
        .app(&connection.app)
        .detail(json!({ "connection": connection.id.as_str(), "provider": connection.provider, "outcome": outcome }));
    let entry = match &connection.account {
        Some(account) => entry.account(account),
        None => entry,
    };
    vault.store.write(move |tx| journal::write(tx, &entry)).await
}

async fn revocation(vault: &Vault, connection: &Connection) -> Result<Option<Request>, Fault> {
    // A secret may be called what a provider is called; its key is none of theirs.
    if connection.sealed.is_none() || connection.managed_secret.is_some() {
        return Ok(None);
    }
    let Some(provider) = vault.provider(&connection.provider).await? else { return Ok(None) };
    let credential: Credential = connection.open(&vault.sealer)?;
    let client = vault.client_of(connection).await?;
    let known = match &client {
        Some(client) => ClientCredentials { id: &client.client_id, secret: client.secret.as_ref() },
        None => ClientCredentials { id: "", secret: None },
    };
    Ok(provider.revoke_request(known, &credential, &connection.inputs))
}
