//! Sentences about linked accounts: what is said of a permission under Access, Connections and Agents, and before it ends.

use super::access::{app_of, target_of};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::views::{Name, deeds};
use base::{AgentId, GrantId};
use ledger::{Grant, Kind};
use oauth::Delegation;
use std::collections::BTreeMap;
use std::sync::Arc;
use vault::Subject;
use vault::agent::{self, Agent};
use vault::connection::{Connection, Linked};
use vault::provider::Provider;

/// So many linked accounts are looked through where all of them are needed.
pub(super) const MOST: u32 = 500;

/// What the sentences name: services, agents, and what was allowed through resources.
pub(super) struct Words {
    providers: Vec<Arc<Provider>>,
    agents: BTreeMap<AgentId, Agent>,
    delegations: Vec<Delegation>,
}

impl Words {
    pub(super) async fn of(app: &App, linked: &[Linked], delegations: Vec<Delegation>) -> Result<Words, PageError> {
        let wanted: Vec<_> = linked
            .iter()
            .flat_map(|own| &own.grants)
            .filter_map(|grant| Some((grant.app.clone()?, grant.agent.clone()?)))
            .collect();
        let found = app.store.read(move |tx| {
            let mut found = BTreeMap::new();
            for (app, id) in wanted {
                if !found.contains_key(&id)
                    && let Some(agent) = agent::find(tx, &app, &id)?
                {
                    found.insert(id, agent);
                }
            }
            Ok::<_, base::Fault>(found)
        });
        Ok(Words { agents: found.await?, providers: app.vault.providers().await?, delegations })
    }

    pub(super) fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|own| own.id == id).map(|own| &**own)
    }

    /// What people call the service.
    pub(super) fn provider_name(&self, id: &str) -> Name {
        self.provider(id).map_or_else(|| Name::new(id), |own| Name::new(&own.name))
    }

    pub(super) fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(id)
    }

    pub(super) fn agent_name(&self, id: Option<&AgentId>) -> Name {
        id.and_then(|id| self.agent(id)).map_or_else(|| Name::new("an agent"), name_of)
    }

    pub(super) fn delegation(&self, id: &GrantId) -> Option<&Delegation> {
        self.delegations.iter().find(|own| own.id == *id)
    }

    /// What a permission on an account lets somebody do, as the middle of a sentence.
    pub(super) fn deed(&self, grant: &Grant, connection: &Connection) -> String {
        if let Some(one) = self.delegation(&grant.id) {
            return deeds(&one.words, &one.key);
        }
        let name = self.provider_name(&connection.provider);
        let Some(provider) = self.provider(&connection.provider) else { return format!("use {name}") };
        let words: Vec<String> = provider.in_words(&grant.scope).into_iter().map(|scope| scope.text).collect();
        deeds(&words, name.as_str())
    }
}

/// What people call an agent.
pub(super) fn name_of(agent: &Agent) -> Name {
    Name::new(agent.display_name.as_deref().unwrap_or(&agent.name))
}

/// The permissions of apps on an account, those of agents left out.
pub(super) fn of_apps(linked: &Linked) -> impl Iterator<Item = &Grant> {
    linked.grants.iter().filter(|grant| grant.kind != Kind::Agent)
}

/// The permissions of agents below another, the nearest first.
pub(super) fn below<'a>(linked: &'a Linked, root: &GrantId) -> Vec<&'a Grant> {
    let mut found: Vec<&Grant> = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for child in linked.grants.iter().filter(|grant| grant.parent.as_ref() == Some(parent)) {
            parents.push(&child.id);
            found.push(child);
        }
    }
    found
}

/// What the page before ending says.
pub(super) struct Asked {
    pub(super) heading: String,
    pub(super) ends: Vec<String>,
    pub(super) note: String,
}

/// Before the permission of an app or an agent on a linked account ends.
pub(super) async fn about(app: &App, grant: &Grant, linked: &Linked, words: &Words) -> Result<Asked, PageError> {
    let who = holder(app, grant, words).await?;
    let (provider, account) = (words.provider_name(&linked.connection.provider), Name::new(&linked.connection.label));
    let deed = words.deed(grant, &linked.connection);
    let mut ends = vec![format!("{who} may no longer {deed} at {provider} as {account}.")];
    ends.extend(below(linked, &grant.id).into_iter().map(|child| {
        let name = words.agent_name(child.agent.as_ref());
        format!("{name} may no longer {}.", words.deed(child, &linked.connection))
    }));
    let is_last = grant.kind == Kind::Connection && of_apps(linked).all(|own| own.id == grant.id);
    let is_secret = linked.connection.managed_secret.is_some();
    let note = if is_secret && linked.connection.subject() == Subject::App {
        format!("The key is the company’s and stays with it. What {who} has already got from {provider} stays too.")
    } else if is_last {
        ends.push(if is_secret {
            format!("Your key for {account} is wiped here, since nobody else may use it.")
        } else {
            format!("{account} is removed here, since nobody else may use it, and {provider} is told to forget it.")
        });
        format!("What {who} has already got from {provider} stays with it. You can link the account again at any time.")
    } else {
        format!("{account} stays linked. What {who} has already got from {provider} stays with it.")
    };
    Ok(Asked { heading: format!("End what {who} may do at {provider}?"), ends, note })
}

/// Before a linked account is removed.
pub(super) async fn about_all(app: &App, linked: &Linked, words: &Words) -> Result<Asked, PageError> {
    let (provider, account) = (words.provider_name(&linked.connection.provider), Name::new(&linked.connection.label));
    let mut ends = Vec::new();
    for grant in &linked.grants {
        let who = holder(app, grant, words).await?;
        let deed = words.deed(grant, &linked.connection);
        ends.push(match words.delegation(&grant.id) {
            Some(one) => format!("{who} may no longer {deed} at {}.", target_of(app, one).await?),
            None => format!("{who} may no longer {deed}."),
        });
    }
    ends.push(if linked.connection.managed_secret.is_some() {
        format!("Your key for {account} is wiped here.")
    } else {
        format!("What opens {account} is wiped here, and {provider} is told to forget it.")
    });
    Ok(Asked {
        heading: format!("Remove {account} at {provider}?"),
        ends,
        note: format!("Your account at {provider} itself stays as it is. You can link it again at any time."),
    })
}

async fn holder(app: &App, grant: &Grant, words: &Words) -> Result<Name, PageError> {
    if grant.agent.is_some() {
        return Ok(words.agent_name(grant.agent.as_ref()));
    }
    Ok(app_of(app, grant).await?.name)
}
