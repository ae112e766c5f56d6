//! The services whose accounts people can link to an app, and how this server is known there.

use super::app::AppHead;
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Tile};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// A service in the list.
#[derive(Debug, Clone)]
pub struct ProviderLine {
    pub id: String,
    pub tile: Tile,
    pub name: Name,
    /// *calendar*, *chat*.
    pub category: &'static str,
    pub host: String,
    /// *Your credentials*, *The server’s credentials*, *Needs none*; empty where it is not set up.
    pub state: &'static str,
    /// The service refuses the credentials.
    pub is_refused: bool,
}

/// `GET /developers/apps/{id}/providers`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_providers.html")]
pub struct AppProviders {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    /// What people can link now.
    pub ready: Vec<ProviderLine>,
    pub others: Vec<ProviderLine>,
}

/// A scope of the service, and how far it may be asked.
#[derive(Debug, Clone)]
pub struct ProviderScopeChoice {
    pub name: String,
    pub text: Name,
    /// People are warned.
    pub is_high: bool,
    pub is_allowed: bool,
    pub is_default: bool,
}

/// `GET /developers/apps/{id}/providers/{provider}`. Forms, each with `csrf`:
///
/// - `POST` there with `client_id`, `client_secret` (empty keeps the one that is there), `allowed` and `default` (each repeated),
///   and `input.{name}`
/// - `POST …/test`
///
/// Link: `…/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_provider.html")]
pub struct AppProvider {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub provider: ProviderLine,
    pub docs: String,
    /// To be registered at the service.
    pub callback: String,
    /// People sign in there; else they bring a key, and nothing is to be set up but the switch.
    pub is_oauth: bool,
    /// The app has credentials of its own.
    pub is_own: bool,
    pub refused_since: Option<Moment>,
    pub client_id: Entry,
    pub has_secret: bool,
    pub client_secret: Entry,
    pub scopes: Vec<ProviderScopeChoice>,
    /// Name, label and what is given.
    pub inputs: Vec<(String, String, Entry)>,
    pub mistake: Option<String>,
    /// What came of a test, and whether it is good.
    pub tested: Option<(String, bool)>,
    pub may_change: bool,
}

impl AppProvider {
    fn path(&self) -> String {
        format!("/developers/apps/{}/providers/{}", self.head.id, self.provider.id)
    }

    fn id_field(&self) -> Field {
        Field::new("client_id", "Client ID", &self.client_id).required().maxlength(512)
    }

    fn secret_field(&self) -> Field {
        let hint = if self.has_secret {
            "One is kept, sealed. Leave this empty to keep it."
        } else {
            "Kept sealed, and never shown again."
        };
        Field::new("client_secret", "Client secret", &self.client_secret)
            .kind("password")
            .autocomplete("new-password")
            .maxlength(8192)
            .hint(hint)
    }

    fn input_fields(&self) -> Vec<Field> {
        let field = |(name, label, entry): &(String, String, Entry)| {
            let hint = "Empty: each person gives it.";
            Field::new(format!("input.{name}"), label.clone(), entry).maxlength(200).hint(hint)
        };
        self.inputs.iter().map(field).collect()
    }
}

pages!(Nothing: AppProviders);
pages!(Home: AppProvider);
