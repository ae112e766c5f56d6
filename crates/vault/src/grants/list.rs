//! The permissions that a caller may see.

use super::{Limits, rows};
use crate::Vault;
use crate::caller::{Caller, Subject};
use crate::connection::{self, Connection};
use crate::refusal::Result;
use base::AgentId;
use ledger::grant::{self, Grant};

/// What narrows a list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub provider: Option<String>,
    pub status: Option<String>,
    pub account: Option<String>,
    pub label: Option<String>,
    pub subject: Option<Subject>,
    pub limit: u32,
    pub offset: u32,
}

/// One of them, with its account and the agents that were let in.
#[derive(Debug, Clone)]
pub struct Listed {
    pub grant: Grant,
    pub connection: Connection,
    pub limits: Limits,
    pub agents: Vec<AgentId>,
}

/// A part of the list.
#[derive(Debug, Clone)]
pub struct Page {
    pub items: Vec<Listed>,
    pub total: i64,
}

impl Vault {
    /// An app sees its own, an agent what it was let in to; with a `user_token` only that person's.
    pub async fn list_grants(&self, caller: &Caller, filter: Filter) -> Result<Page> {
        let (app, agent) = (caller.app.clone(), caller.agent.as_ref().map(|agent| agent.id.clone()));
        let now = self.seams.now();
        let page = self.store.read(move |tx| {
            let owner = filter.subject.as_ref().map(Subject::owner).unwrap_or_default();
            let provider = filter.provider.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
            let narrowed = rows::Narrowed {
                app: &app,
                owner: &owner,
                agent: agent.as_ref().map(AgentId::as_str).unwrap_or_default(),
                provider: &provider,
                account: filter.account.as_deref().unwrap_or_default(),
                label: filter.label.as_deref().unwrap_or_default(),
                status: filter.status.as_deref().unwrap_or("live"),
                now,
            };
            let (found, total) = rows::list(tx, &narrowed, filter.limit, filter.offset)?;
            let mut items = Vec::with_capacity(found.len());
            for (grant_id, connection_id) in &found {
                let (Some(grant), Some(connection)) =
                    (grant::find(tx, grant_id)?, connection::find(tx, connection_id)?)
                else {
                    continue;
                };
                let limits = Limits::of(&grant)?;
                let agents = super::agents_of(&grant::children(tx, grant_id, 1000)?);
                items.push(Listed { grant, connection, limits, agents });
            }
            Ok::<_, base::Fault>(Page { items, total })
        });
        Ok(page.await?)
    }
}
