//! Finding the permission that a call means, and whether it holds (`connect-wire.md` 3.3, steps 5 to 7).

use super::{Limits, rows};
use crate::Vault;
use crate::caller::{Caller, Subject};
use crate::connection::{self, Connection};
use crate::refusal::{Code, Error, Result, refuse};
use base::{AgentId, AppId, Fault, GrantId, Scope, Time};
use db::Tx;
use ledger::grant::{self, Grant, Kind};
use serde_json::{Value, json};

/// What a call says of the permission it means.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub grant: Option<GrantId>,
    pub provider: Option<String>,
    /// Narrow a provider to one of several accounts.
    pub account: Option<String>,
    pub label: Option<String>,
    /// Whose accounts: what a `user_token` proved, or an `app_user_id` named.
    pub subject: Option<Subject>,
    /// A connector grant on an account, with the calls that its scopes let through: a delegated token has proven both.
    pub resource: Option<ForResource>,
}

/// What a delegated token proves.
#[derive(Debug, Clone)]
pub struct ForResource {
    pub grant: GrantId,
    /// The app that offers the resource: its rules count too.
    pub owner: AppId,
    /// `METHOD /path/**`, as the resource's scopes say.
    pub allow: Vec<String>,
}

/// A permission that holds, with the account that it is on.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The node that was found: the app's own, or the agent's below it.
    pub grant: Grant,
    /// The person's (or app's) own node above it; the same where no agent is between.
    pub root: Grant,
    pub connection: Connection,
    pub limits: Limits,
    /// What every node up to the person's own covers: one that was narrowed narrows what was passed on from it.
    pub ceiling: Scope,
}

impl Resolved {
    /// Whose account it is.
    pub fn subject(&self) -> Subject {
        self.connection.subject()
    }
}

/// How many candidates an ambiguous answer lists.
const MOST_CANDIDATES: usize = 20;

impl Vault {
    /// The permission that a call means. A refusal carries what its caller needs for repairing it.
    pub async fn resolve(&self, caller: &Caller, wanted: Wanted) -> Result<Resolved> {
        let (caller, now) = (caller.clone(), self.seams.now());
        self.store.read(move |tx| resolve(tx, &caller, &wanted, now)).await
    }
}

/// As [`Vault::resolve`], in the caller's transaction.
pub(crate) fn resolve(tx: &mut Tx<'_>, caller: &Caller, wanted: &Wanted, now: Time) -> Result<Resolved> {
    let found = match (&wanted.grant, &wanted.provider) {
        _ if wanted.resource.is_some() => by_token(tx, caller, wanted)?,
        (Some(id), None) => by_id(tx, caller, wanted, id)?,
        (None, Some(provider)) => by_provider(tx, caller, wanted, provider, now)?,
        _ => return Err(refuse(Code::InvalidRequest, "name either grant_id or provider_id")),
    };
    let connection = match &found.connection {
        Some(id) => connection::find(tx, id)?,
        None => None,
    };
    let connection = connection.ok_or_else(unknown)?;
    check_state(&found, &connection, now)?;
    let (root, ceiling) = root_of(tx, &found, now)?;
    let limits = Limits::of(&found)?;
    if let Some(agent) = &caller.agent
        && !agent.scopes.contains_key(&connection.provider)
        && connection.managed_secret.is_none()
    {
        return Err(refuse(Code::AgentScopeNotAllowed, "the agent has no scope at this provider")
            .with("provider_id", connection.provider.clone())
            .with("agent_id", agent.id.as_str()));
    }
    Ok(Resolved { grant: found, root, connection, limits, ceiling })
}

/// The connector grant of a delegated token. It ends with the account that it is on.
fn by_token(tx: &mut Tx<'_>, caller: &Caller, wanted: &Wanted) -> Result<Grant> {
    let id = wanted.resource.as_ref().map(|own| &own.grant).ok_or_else(unknown)?;
    let found = grant::find(tx, id)?.filter(|grant| grant.app.as_ref() == Some(&caller.app));
    found.filter(|grant| grant.kind == Kind::Connector).ok_or_else(unknown)
}

fn unknown() -> Error {
    refuse(Code::GrantNotFound, "there is no such grant")
}

fn by_id(tx: &mut Tx<'_>, caller: &Caller, wanted: &Wanted, id: &GrantId) -> Result<Grant> {
    let grant = grant::find(tx, id)?
        .filter(|grant| grant.app.as_ref() == Some(&caller.app))
        .filter(|grant| matches!(grant.kind, Kind::Connection | Kind::Agent))
        .ok_or_else(unknown)?;
    if let Some(subject) = &wanted.subject {
        if grant.identity.is_none() && grant.app_user.is_none() {
            return Err(refuse(
                Code::SystemGrantUserTokenMismatch,
                "this grant is the app's own: call without user_token",
            ));
        }
        if grant.identity.as_ref() != subject.identity() || grant.app_user.as_ref() != subject.app_user() {
            return Err(unknown());
        }
    }
    match &caller.agent {
        None => Ok(grant),
        Some(agent) => for_agent(tx, grant, &agent.id),
    }
}

/// The agent's own node: the one that was named, or the one right below it.
fn for_agent(tx: &mut Tx<'_>, grant: Grant, agent: &AgentId) -> Result<Grant> {
    if grant.agent.as_ref() == Some(agent) {
        return Ok(grant);
    }
    let below = grant::children(tx, &grant.id, 1000)?.into_iter().find(|child| child.agent.as_ref() == Some(agent));
    below.ok_or_else(|| no_delegated(agent, None, &grant))
}

fn no_delegated(agent: &AgentId, provider: Option<&str>, grant: &Grant) -> Error {
    let mut error = refuse(Code::NoDelegatedGrant, "nobody has let this agent use such an account")
        .with("agent_id", agent.as_str());
    if let Some(provider) = provider {
        error = error.with("provider_id", provider);
    }
    match &grant.app_user {
        Some(app_user) => error.with("app_user_id", app_user.as_str()),
        None => error,
    }
}

fn by_provider(tx: &mut Tx<'_>, caller: &Caller, wanted: &Wanted, provider: &str, now: Time) -> Result<Grant> {
    let provider = provider.trim().to_ascii_lowercase();
    let owner = match (&wanted.subject, &caller.agent) {
        (Some(subject), _) => subject.owner(),
        // An agent may have been let in by several people; without a word whose, all of them are meant.
        (None, Some(_)) => String::new(),
        (None, None) => Subject::App.owner(),
    };
    let mut narrowed = rows::Narrowed {
        app: &caller.app,
        owner: &owner,
        agent: caller.agent.as_ref().map(|agent| agent.id.as_str()).unwrap_or_default(),
        provider: &provider,
        account: wanted.account.as_deref().unwrap_or_default(),
        label: wanted.label.as_deref().unwrap_or_default(),
        status: "active",
        now,
    };
    let (mut found, mut total) = rows::list(tx, &narrowed, MOST_CANDIDATES as u32, 0)?;
    if found.is_empty() {
        // One whose time is over is told from one that never was.
        narrowed.status = "expired";
        (found, total) = rows::list(tx, &narrowed, MOST_CANDIDATES as u32, 0)?;
    }
    match found.as_slice() {
        [] => Err(nothing_there(caller, wanted, &provider)),
        [(grant, _)] => Ok(grant::find(tx, grant)?.ok_or_else(unknown)?),
        several => Err(ambiguous(tx, wanted, &provider, several, total)?),
    }
}

fn nothing_there(caller: &Caller, wanted: &Wanted, provider: &str) -> Error {
    let app_user = wanted.subject.as_ref().and_then(Subject::app_user);
    let mut error = match &caller.agent {
        Some(agent) => refuse(Code::NoDelegatedGrant, "nobody has let this agent use such an account")
            .with("agent_id", agent.id.as_str()),
        None => refuse(Code::GrantNotFound, "no account of this provider is connected"),
    };
    error = error.with("provider_id", provider);
    match app_user {
        Some(app_user) => error.with("app_user_id", app_user.as_str()),
        None => error,
    }
}

fn ambiguous(
    tx: &mut Tx<'_>,
    wanted: &Wanted,
    provider: &str,
    several: &[(GrantId, base::ConnectionId)],
    total: i64,
) -> std::result::Result<Error, Fault> {
    let (mut candidates, mut accounts, mut ids, mut users) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (grant_id, connection_id) in several {
        let (Some(grant), Some(connection)) = (grant::find(tx, grant_id)?, connection::find(tx, connection_id)?) else {
            continue;
        };
        candidates.push(json!({
            "grant_id": grant_id.as_str(), "label": grant.label, "account_identifier": connection.label,
            "account_display_name": connection.label,
        }));
        accounts.push(Value::from(connection.label));
        ids.push(Value::from(grant_id.as_str()));
        users.extend(connection.app_user.map(|user| Value::from(user.as_str())));
    }
    Ok(refuse(Code::AmbiguousGrant, "several accounts fit: name one of them by account, label or grant_id")
        .with("provider_id", provider)
        .with("account_identifiers", accounts)
        .with("account_was_provided", wanted.account.is_some())
        .with("app_user_ids", users)
        .with("grant_ids", ids)
        .with("candidates", candidates)
        .with("candidates_truncated", total > several.len() as i64))
}

fn check_state(grant: &Grant, connection: &Connection, now: Time) -> Result<()> {
    let with_ids = |error: Error| {
        let mut error = error.with("grant_id", grant.id.as_str()).with("provider_id", connection.provider.clone());
        if let Some(agent) = &grant.agent {
            error = error.with("agent_id", agent.as_str());
        }
        match &connection.app_user {
            Some(app_user) => error.with("app_user_id", app_user.as_str()),
            None => error,
        }
    };
    if grant.ended_at.is_some() || connection.ended_at.is_some() {
        return Err(with_ids(refuse(Code::GrantRevoked, "this grant has been ended")));
    }
    if grant.expires_at.is_some_and(|until| until <= now) {
        return Err(with_ids(refuse(Code::GrantExpired, "this grant's time is over")));
    }
    if let Some(trouble) = connection.trouble {
        let error = refuse(Code::CredentialRevoked, "the account has to be connected again");
        return Err(with_ids(error.with("reason", trouble.as_str())));
    }
    Ok(())
}

/// The person's own node above; every node on the way must hold.
fn root_of(tx: &mut Tx<'_>, found: &Grant, now: Time) -> Result<(Grant, Scope)> {
    let (mut node, mut ceiling) = (found.clone(), found.scope.clone());
    while node.kind == Kind::Agent {
        let parent = node.parent.clone().ok_or_else(|| Fault::new("grants: an agent's node hangs on nothing"))?;
        let above = grant::find(tx, &parent)?.ok_or_else(unknown)?;
        if !above.is_live(now) {
            return Err(refuse(Code::GrantRevoked, "what this grant hangs on has been ended")
                .with("grant_id", found.id.as_str()));
        }
        if above.kind == Kind::Agent {
            ceiling = ceiling.intersection(&above.scope);
        }
        node = above;
    }
    Ok((node, ceiling))
}

/// What narrows a node and every node above it, the node's own first: whatever is set on one of them holds below.
pub(crate) fn limits_above(tx: &mut Tx<'_>, found: &Grant) -> Result<Vec<Limits>> {
    let mut all = vec![Limits::of(found)?];
    let mut node = found.clone();
    while node.kind == Kind::Agent {
        let parent = node.parent.clone().ok_or_else(|| Fault::new("grants: an agent's node hangs on nothing"))?;
        node = grant::find(tx, &parent)?.ok_or_else(unknown)?;
        all.push(Limits::of(&node)?);
    }
    Ok(all)
}
