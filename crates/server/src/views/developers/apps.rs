//! All apps of an organization, a new one, and who works there.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Tile, Who};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// One app in the list.
#[derive(Debug, Clone)]
pub struct AppRow {
    pub id: String,
    pub app: Who,
    pub is_public: bool,
    pub is_in_development: bool,
    /// How many identities signed in to it.
    pub people: u32,
    pub last_used: Option<Moment>,
}

/// `GET /developers`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/apps.html")]
pub struct Apps {
    pub frame: Frame,
    pub rail: Rail,
    /// The id of the organization.
    pub team: String,
    pub rows: Vec<AppRow>,
    /// False for viewers.
    pub may_create: bool,
}

/// `GET /developers/apps/new`; `POST /developers/apps` with `csrf`, `team`, `organization` (if it is asked), `name`, `website_url`,
/// `type` = `confidential` or `public`, `redirect_uri` (repeated; empty ones are left out).
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_new.html")]
pub struct AppNew {
    pub frame: Frame,
    pub rail: Rail,
    /// The id of the organization.
    pub team: String,
    /// The name of the organization, asked of somebody who belongs to none.
    pub organization: Option<Entry>,
    pub name: Entry,
    pub website: Entry,
    pub is_public: bool,
    /// What was typed; the page adds one empty field.
    pub redirect_uris: Vec<Entry>,
}

impl AppNew {
    fn organization_field(&self) -> Option<Field> {
        let hint = "Yourself, a company, a club. People see it nowhere; colleagues do.";
        let field = Field::new("organization", "Who makes it", self.organization.as_ref()?);
        Some(field.required().hint(hint).autocomplete("organization").maxlength(64))
    }

    fn name_field(&self) -> Field {
        Field::new("name", "Name", &self.name).required().maxlength(64).hint("As people see it when they are asked.")
    }

    fn website_field(&self) -> Field {
        let hint = "Where people read about it. The host below the name is that of the redirect URIs.";
        Field::new("website_url", "Website", &self.website)
            .kind("url")
            .hint(hint)
            .placeholder("https://")
            .maxlength(2000)
    }

    fn redirect_fields(&self) -> Vec<Field> {
        super::app::uri_fields("redirect_uri", "Redirect URI", &self.redirect_uris)
    }
}

/// Somebody of the organization.
#[derive(Debug, Clone)]
pub struct MemberRow {
    pub tile: Tile,
    pub name: Name,
    pub handle: String,
    /// *Owner*, *Admin*, *Developer*, *Viewer*.
    pub role: String,
    pub since: Moment,
    pub is_you: bool,
}

/// `GET /developers/members`. Read only: who belongs is decided by `procura apply` and the management API.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/members.html")]
pub struct Members {
    pub frame: Frame,
    pub rail: Rail,
    pub organization: Name,
    pub rows: Vec<MemberRow>,
}

pages!(Nothing: Apps, Members);
pages!(Home: AppNew);
