//! The accounts at other services that one has linked, and the agents that may use them.

use crate::views::event::Pager;
use crate::views::pages;
use crate::views::parts::{Frame, May, Name, Tile, Who};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// Somebody who may use a linked account: **Acme Notes** may *see your events*.
#[derive(Debug, Clone)]
pub struct Holder {
    pub app: Who,
    /// From `deeds`.
    pub deed: String,
    /// Of a permission through a resource: its name, and whether it also holds when one is away.
    pub through: Option<Through>,
    pub since: Moment,
    pub last_used: Option<Moment>,
    pub until: Option<Moment>,
    /// The page before ending: `/account/access/{grant}/end`.
    pub end_url: String,
    pub agents: Vec<HolderAgent>,
}

/// The resource by which an app reaches a linked account.
#[derive(Debug, Clone)]
pub struct Through {
    pub name: Name,
    pub is_away: bool,
    pub is_suspended: bool,
}

/// An agent below an app's permission.
#[derive(Debug, Clone)]
pub struct HolderAgent {
    pub name: Name,
    pub deed: String,
    /// The agent that passed it on.
    pub passed_on_by: Option<Name>,
    pub last_used: Option<Moment>,
    pub until: Option<Moment>,
    pub end_url: String,
}

/// A linked account.
#[derive(Debug, Clone)]
pub struct ConnectionRow {
    pub id: String,
    pub tile: Tile,
    pub provider: Name,
    /// Empty where each account has an address of its own.
    pub host: String,
    /// What the account is recognised by.
    pub account: Name,
    /// What the service granted, in words.
    pub may: May,
    pub holders: Vec<Holder>,
    pub since: Moment,
    pub last_used: Option<Moment>,
    /// Why it has to be connected again.
    pub trouble: Option<String>,
    /// People sign in there, so that it can be connected again from here.
    pub can_repair: bool,
}

/// `GET /account/connections`. Forms: `POST /account/connections/{id}/repair` with `csrf` leads to the service and back. Links:
/// `/account/connections/{id}/end`, and the `end_url` of each permission.
#[derive(Debug, Clone, Template)]
#[template(path = "account/connections.html")]
pub struct Connections {
    pub frame: Frame,
    pub rail: Rail,
    pub rows: Vec<ConnectionRow>,
    /// What went wrong on the way to a service and back.
    pub trouble: Option<&'static str>,
    pub pager: Pager,
}

/// What an agent may do with one account.
#[derive(Debug, Clone)]
pub struct AgentDeed {
    pub deed: String,
    pub provider: Name,
    pub account: Name,
    pub until: Option<Moment>,
}

/// An agent that may use something of this person's.
#[derive(Debug, Clone)]
pub struct AgentRow {
    pub name: Name,
    pub app: Who,
    /// Its app has stopped it.
    pub is_suspended: bool,
    pub deeds: Vec<AgentDeed>,
    pub last_call: Option<Moment>,
    pub calls_url: String,
    pub end_url: String,
}

/// `GET /account/agents`. Links: `/account/agents/{id}/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/agents.html")]
pub struct Agents {
    pub frame: Frame,
    pub rail: Rail,
    pub rows: Vec<AgentRow>,
}

// Repairing leads to the service.
pages!(Away: Connections);
pages!(Nothing: Agents);
