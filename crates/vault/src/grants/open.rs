//! Opening the permission on an account that was just linked, and letting an agent in.

use super::{DelegationMade, Granted, Limits, Operation, PolicyMade, sooner, words};
use crate::connection::{Connection, NewConnection};
use crate::link::Keeping;
use crate::session::Terms;
use base::{AgentId, ConnectionId, Fault, GrantId, Scope, Seams, Time};
use db::Tx;
use ledger::grant::{self, Grant, Kind, NewGrant};

/// The account that a permission is on.
pub(crate) struct On<'a> {
    pub id: &'a ConnectionId,
    pub provider: &'a str,
    pub label: &'a str,
    pub scopes: &'a Scope,
    pub api_base: Option<&'a str>,
}

impl<'a> From<&'a NewConnection> for On<'a> {
    fn from(new: &'a NewConnection) -> On<'a> {
        On {
            id: &new.id,
            provider: &new.provider,
            label: &new.label,
            scopes: &new.scopes,
            api_base: new.api_base.as_deref(),
        }
    }
}

impl<'a> From<&'a Connection> for On<'a> {
    fn from(there: &'a Connection) -> On<'a> {
        On {
            id: &there.id,
            provider: &there.provider,
            label: &there.label,
            scopes: &there.scopes,
            api_base: there.api_base.as_deref(),
        }
    }
}

/// Opens the permission of the app on a connection, or renews the one that is there: its id stays.
pub(crate) fn open_on(
    tx: &mut Tx<'_>,
    seams: &Seams,
    keeping: &Keeping,
    connection: &On<'_>,
    terms: &Terms,
    operation: Operation,
) -> Result<Granted, Fault> {
    let now = seams.now();
    let target = target(connection.id.as_str(), terms.label.as_deref());
    // A repair renews the grant that it names, whatever its label; everything else is found by account and label.
    let there = grant::list_of_connection(tx, connection.id, 1000)?.into_iter().find(|grant| match &terms.repair {
        Some(repaired) => grant.id.as_str() == repaired,
        None => grant.kind == Kind::Connection && grant.target == target,
    });
    let expires_at = terms.expiry(now);
    let (id, expires_at) = if let Some(there) = &there {
        grant::set_scope(tx, &there.id, connection.scopes, &Scope::empty(), now)?;
        let expires_at = if expires_at.is_some() { expires_at } else { there.expires_at };
        // What the page said now holds; where it said nothing, what held before does.
        let limits = if terms.restrictions.is_some() { terms.limits().text() } else { there.limits.clone() };
        grant::set_limits(tx, &there.id, expires_at, there.label.as_deref(), limits.as_deref(), now)?;
        (there.id.clone(), expires_at)
    } else {
        let mut new = NewGrant::of(Kind::Connection, seams)?;
        new.account = keeping.subject.account().cloned();
        new.identity = keeping.subject.identity().cloned();
        new.app_user = keeping.subject.app_user().cloned();
        new.app = Some(keeping.app.clone());
        new.parent = match &new.identity {
            Some(identity) => grant::find_live(tx, Kind::SignIn, identity, &keeping.app, "")?.map(|grant| grant.id),
            None => None,
        };
        new.target = target;
        new.connection = Some(connection.id.clone());
        new.scope = connection.scopes.clone();
        new.label.clone_from(&terms.label);
        new.limits = terms.limits().text();
        new.expires_at = expires_at;
        grant::open(tx, &new, now)?;
        (new.id, expires_at)
    };
    let delegation = match &terms.agent {
        Some(agent) => Some(let_agent_in(tx, seams, &id, agent, terms)?),
        None => None,
    };
    Ok(Granted {
        grant: id,
        provider: connection.provider.to_owned(),
        provider_name: keeping.provider.name.clone(),
        account: connection.label.to_owned(),
        at_ms: now.ms(),
        operation,
        scopes: words(connection.scopes),
        api_base: connection.api_base.map(str::to_owned),
        delegation,
        policy: terms
            .has_policy()
            .then(|| PolicyMade { expires_at_ms: expires_at.map(Time::ms), created_at_ms: now.ms() }),
    })
}

/// What tells the permissions on one connection apart.
pub(super) fn target(connection: &str, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{connection}#{label}"),
        None => connection.to_owned(),
    }
}

fn let_agent_in(
    tx: &mut Tx<'_>,
    seams: &Seams,
    parent: &GrantId,
    agent: &str,
    terms: &Terms,
) -> Result<DelegationMade, Fault> {
    let agent_id = AgentId::from_text(agent);
    let refused = DelegationMade { agent: agent.to_owned(), delegable: false, refused: true };
    if terms.agent_refused {
        return Ok(refused);
    }
    let Some(root) = grant::find(tx, parent)? else { return Ok(refused) };
    let wanted = Below {
        agent: agent_id,
        ceiling: terms.scope_constraint.as_ref().map(Scope::of),
        delegable: terms.delegable,
        expires_at: None,
    };
    let (_, delegable) = put_below(tx, seams, &root, &wanted)?;
    Ok(DelegationMade { agent: agent.to_owned(), delegable, refused: false })
}

/// What an agent is to get below a node.
pub(super) struct Below {
    pub agent: AgentId,
    /// Nothing for all that the parent covers.
    pub ceiling: Option<Scope>,
    /// Nothing keeps what is set, else no.
    pub delegable: Option<bool>,
    pub expires_at: Option<Time>,
}

/// Puts an agent below a node, or changes what it has there. Never more scope and never longer than the node itself.
pub(super) fn put_below(
    tx: &mut Tx<'_>,
    seams: &Seams,
    parent: &Grant,
    below: &Below,
) -> Result<(GrantId, bool), Fault> {
    let now = seams.now();
    let parent_limits = Limits::of(parent)?;
    let target = format!("{}/{}", parent.id, below.agent);
    let there =
        grant::children(tx, &parent.id, 1000)?.into_iter().find(|child| child.agent.as_ref() == Some(&below.agent));
    let kept = there.as_ref().map(Limits::of).transpose()?.unwrap_or_default();
    // Without a word about it, what an agent was held to before still holds it.
    let scope = match (&below.ceiling, &there) {
        (Some(ceiling), _) => parent.scope.intersection(ceiling),
        (None, Some(there)) if kept.is_narrowed => parent.scope.intersection(&there.scope),
        (None, _) => parent.scope.clone(),
    };
    let delegable = below.delegable.unwrap_or(kept.delegable);
    let limits = Limits {
        delegable,
        depth: parent_limits.depth + 1,
        is_narrowed: parent_limits.is_narrowed || !scope.covers(&parent.scope),
        allowed_methods: parent_limits.allowed_methods.clone(),
        allowed_endpoints: parent_limits.allowed_endpoints.clone(),
        ..Limits::default()
    };
    let own_end = below.expires_at.or(there.as_ref().and_then(|there| there.expires_at));
    let expires_at = sooner(own_end, parent.expires_at);
    if let Some(there) = there {
        grant::set_scope(tx, &there.id, &scope, &Scope::empty(), now)?;
        grant::set_limits(tx, &there.id, expires_at, None, limits.text().as_deref(), now)?;
        return Ok((there.id, delegable));
    }
    let mut new = NewGrant::of(Kind::Agent, seams)?;
    new.parent = Some(parent.id.clone());
    new.account.clone_from(&parent.account);
    new.identity.clone_from(&parent.identity);
    new.app_user.clone_from(&parent.app_user);
    new.app.clone_from(&parent.app);
    new.connection.clone_from(&parent.connection);
    new.agent = Some(below.agent.clone());
    new.target = target;
    new.scope = scope;
    new.limits = limits.text();
    new.expires_at = expires_at;
    grant::open(tx, &new, now)?;
    Ok((new.id, delegable))
}
