//! What an app has in the vault: its agents, the accounts linked to it, and who vouches for its people.

use super::app::AppHead;
use super::keys::KeyLine;
use crate::views::event::Pager;
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Tile};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// An agent of the app.
#[derive(Debug, Clone)]
pub struct AgentLine {
    pub id: String,
    pub name: Name,
    /// What it is called on the wire.
    pub key: String,
    /// `agent` or `service`.
    pub kind: &'static str,
    /// `active`, `inactive` or `revoked`.
    pub status: &'static str,
    /// Provider and scopes, a line each.
    pub scopes: Vec<(String, String)>,
    pub made: Moment,
    pub last_used: Option<Moment>,
    pub keys: Vec<KeyLine>,
}

/// `GET /developers/apps/{id}/agents?before=`. Forms, each with `csrf`: `POST …/agents/{agent}/suspend`, `…/resume`. Link: `…/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_agents.html")]
pub struct AppAgents {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub rows: Vec<AgentLine>,
    pub pager: Pager,
    pub may_change: bool,
}

/// An account that somebody linked to the app.
#[derive(Debug, Clone)]
pub struct LinkedRow {
    pub tile: Tile,
    pub provider: Name,
    /// What the account is recognised by.
    pub account: Name,
    /// Whose it is, as the app may know them: `@ada`, a subject of its identity provider, *the app itself*.
    pub person: String,
    pub scopes: String,
    pub trouble: Option<&'static str>,
    pub since: Moment,
    pub last_used: Option<Moment>,
}

/// `GET /developers/apps/{id}/connections?before=`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_connections.html")]
pub struct AppConnections {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub rows: Vec<LinkedRow>,
    pub pager: Pager,
}

/// `GET /developers/apps/{id}/identity-provider`; `POST` there with `csrf`, `issuer`, `audience`, `jwks_uri`, `subject_claim`,
/// `email_claim`, `name_claim`, `groups_claim`. Link: `…/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_identity_provider.html")]
pub struct AppIdentityProvider {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub is_set: bool,
    pub issuer: Entry,
    pub audience: Entry,
    pub jwks_uri: Entry,
    /// Subject, e-mail, name, groups.
    pub claims: [(&'static str, &'static str, Entry); 4],
    pub mistake: Option<String>,
    pub may_change: bool,
}

impl AppIdentityProvider {
    fn issuer_field(&self) -> Field {
        let hint = "The iss of its tokens, as it is. Its discovery document is looked for there.";
        Field::new("issuer", "Issuer", &self.issuer)
            .kind("url")
            .required()
            .maxlength(512)
            .placeholder("https://")
            .hint(hint)
    }

    fn audience_field(&self) -> Field {
        Field::new("audience", "Audience", &self.audience)
            .required()
            .maxlength(255)
            .hint("The aud of the tokens that your backend sends as user_token.")
    }

    fn jwks_field(&self) -> Field {
        let hint = "Empty: as its discovery document says.";
        Field::new("jwks_uri", "JWKS", &self.jwks_uri).kind("url").maxlength(512).placeholder("https://").hint(hint)
    }

    fn claim_fields(&self) -> Vec<Field> {
        let field = |(name, label, entry): &(&'static str, &'static str, Entry)| {
            Field::new(*name, *label, entry).required().maxlength(128)
        };
        self.claims.iter().map(field).collect()
    }
}

pages!(Nothing: AppConnections);
pages!(Home: AppAgents, AppIdentityProvider);
