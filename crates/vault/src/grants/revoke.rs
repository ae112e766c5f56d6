//! Ending a permission, and with the last one on an account the account itself.

use super::about;
use crate::caller::{Caller, Subject};
use crate::connection::{self, Removed};
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, acts, webhook};
use base::{AccountId, AgentId, ConnectionId, Fault, GrantId, Time};
use ledger::grant::{self, EndedBy, Grant, Kind};
use ledger::journal;
use serde_json::json;

/// What ended.
#[derive(Debug, Clone)]
pub struct Revoked {
    pub grant: GrantId,
    pub at: Time,
    /// The permissions below it that ended too.
    pub below: usize,
}

impl Vault {
    /// Ends a permission of the caller's app. The credential goes when nothing else needs it. Ending twice is no error.
    pub async fn revoke_grant(
        &self,
        caller: &Caller,
        id: &GrantId,
        subject: Option<Subject>,
        reason: Option<&str>,
    ) -> Result<Revoked> {
        let (vault, caller, id) = (self.clone(), caller.clone(), id.clone());
        let reason = reason.map(|text| text.chars().take(500).collect::<String>());
        let (revoked, removed) = self
            .store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let unknown = || refuse(Code::GrantNotFound, "there is no such grant");
                let found = grant::find(tx, &id)?
                    .filter(|grant| grant.app.as_ref() == Some(&caller.app))
                    .filter(|grant| matches!(grant.kind, Kind::Connection | Kind::Agent))
                    .ok_or_else(unknown)?;
                if let Some(subject) = &subject
                    && (found.identity.as_ref() != subject.identity() || found.app_user.as_ref() != subject.app_user())
                {
                    return Err(unknown());
                }
                if let Some(agent) = &caller.agent
                    && found.agent.as_ref() != Some(&agent.id)
                {
                    return Err(unknown());
                }
                let detail = json!({ "reason": reason, "key": caller.hint });
                let (ended, removed) = end_in(tx, &vault, &found, EndedBy::App, detail, now)?;
                let at = found.ended_at.unwrap_or(now);
                Ok((Revoked { grant: found.id, at, below: ended.saturating_sub(1) }, removed))
            })
            .await?;
        if let Some(removed) = removed {
            connection::revoke_upstream(self, removed.connection);
        }
        Ok(revoked)
    }

    /// Ends a permission that a person has given; the person says so. False when there is none of theirs.
    pub async fn end_grant_of_person(&self, account: &AccountId, id: &GrantId) -> Result<bool> {
        let (vault, account, id) = (self.clone(), account.clone(), id.clone());
        let removed = self.store.write_again(move |tx| {
            let now = vault.seams.now();
            let found = grant::find(tx, &id)?
                .filter(|grant| grant.account.as_ref() == Some(&account) && grant.is_live(now))
                .filter(|grant| matches!(grant.kind, Kind::Connection | Kind::Agent));
            let Some(found) = found else { return Ok::<_, Fault>(None) };
            Ok(Some(end_in(tx, &vault, &found, EndedBy::Person, json!({}), now)?.1))
        });
        let Some(removed) = removed.await? else { return Ok(false) };
        if let Some(removed) = removed {
            connection::revoke_upstream(self, removed.connection);
        }
        Ok(true)
    }

    /// Takes an agent out of everything that a person has let it use. Gives how many permissions ended, those below among them.
    pub async fn end_agent_of_person(&self, account: &AccountId, agent: &AgentId) -> Result<usize> {
        let (vault, account, agent) = (self.clone(), account.clone(), agent.clone());
        let ended = self.store.write_again(move |tx| {
            let now = vault.seams.now();
            let mut count = 0;
            for found in grant::list_of_agent(tx, &agent, 1000)? {
                if found.account.as_ref() == Some(&account) {
                    count += end_in(tx, &vault, &found, EndedBy::Person, json!({}), now)?.0;
                }
            }
            Ok::<_, Fault>(count)
        });
        Ok(ended.await?)
    }

    /// Removes a linked account of a person with everything on it.
    pub async fn remove_connection_of_person(&self, account: &AccountId, id: &ConnectionId) -> Result<Option<Removed>> {
        let (vault, account, id) = (self.clone(), account.clone(), id.clone());
        let removed = self.store.write_again(move |tx| {
            let is_theirs = connection::find(tx, &id)?.is_some_and(|own| own.account.as_ref() == Some(&account));
            if !is_theirs {
                return Ok::<_, Fault>(None);
            }
            end_whole(tx, &vault, &id, EndedBy::Person)
        });
        let removed = removed.await?;
        if let Some(removed) = &removed {
            connection::revoke_upstream(self, removed.connection.clone());
        }
        Ok(removed)
    }

    /// Asks the services to end credentials that are wiped here.
    pub fn revoke_upstream(&self, removed: Vec<Removed>) {
        for one in removed {
            connection::revoke_upstream(self, one.connection);
        }
    }

    /// Takes an agent out of a permission and with it whatever it passed on. Nothing to take out is no error.
    pub async fn end_delegation(&self, caller: &Caller, id: &GrantId, agent: Option<AgentId>) -> Result<()> {
        let agent = match (agent, &caller.agent) {
            (None, Some(own)) if own.by_own_key => own.id.clone(),
            (None, _) => return Err(refuse(Code::AgentKeyRequired, "me is for an agent's own key")),
            (Some(_), Some(own)) if own.by_own_key => {
                return Err(refuse(Code::UseSelfRevokePath, "an agent ends its own part by /delegations/me"));
            }
            (Some(agent), _) => agent,
        };
        let (vault, caller, id) = (self.clone(), caller.clone(), id.clone());
        self.store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let found = grant::find(tx, &id)?.filter(|grant| grant.app.as_ref() == Some(&caller.app));
                let found = found.ok_or_else(|| refuse(Code::GrantNotFound, "there is no such grant"))?;
                let mut nodes = grant::children(tx, &found.id, 1000)?;
                nodes.push(found);
                for node in nodes.iter().filter(|node| node.agent.as_ref() == Some(&agent) && node.is_live(now)) {
                    let ending = grant::end(tx, &node.id, EndedBy::App, now)?;
                    let entry = journal::Entry::new(acts::DELEGATION_ENDED, &vault.seams)?
                        .app(&caller.app)
                        .grant(&node.id)
                        .agent(&agent)
                        .detail(json!({ "below": ending.ended.len().saturating_sub(1) }));
                    journal::write(tx, &about(entry, &subject_of(node)))?;
                }
                Ok(())
            })
            .await
    }
}

/// Whose a node is.
pub(crate) fn subject_of(grant: &Grant) -> Subject {
    match (&grant.account, &grant.identity, &grant.app_user) {
        (Some(account), Some(identity), _) => {
            Subject::Identity { account: account.clone(), identity: identity.clone() }
        }
        (_, _, Some(app_user)) => Subject::AppUser(app_user.clone()),
        _ => Subject::App,
    }
}

fn end_in(
    tx: &mut db::Tx<'_>,
    vault: &Vault,
    found: &Grant,
    by: EndedBy,
    detail: serde_json::Value,
    now: Time,
) -> std::result::Result<(usize, Option<Removed>), Fault> {
    let ending = grant::end(tx, &found.id, by, now)?;
    if ending.ended.is_empty() {
        return Ok((0, None));
    }
    let mut entry = journal::Entry::new(acts::GRANT_ENDED, &vault.seams)?.grant(&found.id).detail(detail);
    if let Some(app) = &found.app {
        entry = entry.app(app);
        webhook::tell(tx, &vault.seams, app, "grant.revoked", &json!({ "grant_id": found.id.as_str() }))?;
    }
    if let Some(agent) = &found.agent {
        entry = entry.agent(agent);
    }
    journal::write(tx, &about(entry, &subject_of(found)))?;
    let Some(connection_id) = found.connection.as_ref().filter(|_| found.kind == Kind::Connection) else {
        return Ok((ending.ended.len(), None));
    };
    // A secret of the company stays when the last one who may use it goes.
    let is_secret = connection::find(tx, connection_id)?.is_some_and(|own| own.managed_secret.is_some());
    if is_secret || !grant::list_of_connection(tx, connection_id, 1)?.is_empty() {
        return Ok((ending.ended.len(), None));
    }
    let removed = connection::end(tx, connection_id, by, now)?;
    if let Some(removed) = &removed {
        note_removed(tx, vault, removed)?;
    }
    Ok((ending.ended.len(), removed))
}

/// Removes everything that a person has linked, inside the transaction that deletes them (threat 167).
pub fn end_of_account(
    tx: &mut db::Tx<'_>,
    vault: &Vault,
    account: &AccountId,
) -> std::result::Result<Vec<Removed>, Fault> {
    let mut all = Vec::new();
    for connection in connection::ids_of_account(tx, account)? {
        all.extend(end_whole(tx, vault, &connection, EndedBy::Account)?);
    }
    crate::approval::delete_of_account(tx, account)?;
    Ok(all)
}

/// Removes everything that has been linked to an app, inside the transaction that removes it.
pub(crate) fn end_of_app(
    tx: &mut db::Tx<'_>,
    vault: &Vault,
    app: &base::AppId,
) -> std::result::Result<Vec<Removed>, Fault> {
    let mut all = Vec::new();
    for connection in connection::ids_of_app(tx, app)? {
        all.extend(end_whole(tx, vault, &connection, EndedBy::App)?);
    }
    Ok(all)
}

pub(crate) fn end_whole(
    tx: &mut db::Tx<'_>,
    vault: &Vault,
    id: &ConnectionId,
    by: EndedBy,
) -> std::result::Result<Option<Removed>, Fault> {
    let removed = connection::end(tx, id, by, vault.seams.now())?;
    if let Some(removed) = &removed {
        note_removed(tx, vault, removed)?;
    }
    Ok(removed)
}

/// The receipt: the credential is gone (threat 167).
pub(crate) fn note_removed(tx: &mut db::Tx<'_>, vault: &Vault, removed: &Removed) -> std::result::Result<(), Fault> {
    let connection = &removed.connection;
    let detail = json!({
        "connection": connection.id.as_str(), "provider": connection.provider, "account": connection.label,
        "ended": removed.ended.len(),
    });
    let entry =
        journal::Entry::new(acts::CONNECTION_REMOVED, &vault.seams)?.app(&connection.app).detail(detail.clone());
    journal::write(tx, &about(entry, &connection.subject()))?;
    webhook::tell(tx, &vault.seams, &connection.app, "connection.revoked", &detail)
}
