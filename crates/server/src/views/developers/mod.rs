//! The developers' place: apps, their secrets, addresses, scopes and lifetimes.

mod app;
mod apps;
mod connect;
mod keys;
mod protect;
mod providers;
mod resources;
mod snippets;
mod webhooks;

pub use app::{
    AppActivity, AppCounts, AppHead, AppScopes, AppSetUp, AppTab, AppTokens, FreshSecret, ScopeChoice, SecretRow,
};
pub use apps::{AppNew, AppRow, Apps, MemberRow, Members};
pub use connect::{AgentLine, AppAgents, AppConnections, AppIdentityProvider, LinkedRow};
pub use keys::{AppKeys, FreshKey, KeyLine, KeyVerbs};
pub use protect::{Protected, protect};
pub use providers::{AppProvider, AppProviders, ProviderLine, ProviderScopeChoice};
pub use resources::{
    AppResources, HolderRow, ResourceForm, ResourceNew, ResourcePage, ResourceRow, ScopeEntry, VaultFields,
};
pub use snippets::{Snippet, snippets};
pub use webhooks::{AppWebhook, AppWebhooks, DeliveryRow, EventChoice, WebhookRow};

use super::parts::{Link, Name, Tile};
use super::rail::{Rail, RailItem};

/// The page of the developers' place that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevelopersTab<'a> {
    Apps,
    /// One of the organization's apps, by its id.
    App(&'a str),
    Members,
}

/// An organization as the rail shows it.
#[derive(Debug, Clone)]
pub struct Team {
    pub id: String,
    pub name: Name,
    /// Its apps: id and name, by name.
    pub apps: Vec<(String, Name)>,
    /// The person's other organizations.
    pub others: Vec<Link>,
}

/// With more apps than this the rail lists only the one that is open.
const RAIL_APPS: usize = 12;

impl Team {
    /// The rail of a developers' page.
    pub fn rail(&self, tab: DevelopersTab<'_>) -> Rail {
        let is_short = self.apps.len() <= RAIL_APPS;
        let here = if self.id.is_empty() { String::new() } else { format!("?organization={}", self.id) };
        let mut items = vec![RailItem::new("Apps", format!("/developers{here}"), tab == DevelopersTab::Apps)];
        for (id, name) in &self.apps {
            let is_current = tab == DevelopersTab::App(id);
            if is_short || is_current {
                items.push(RailItem::new(name.as_str(), format!("/developers/apps/{id}"), is_current));
            }
        }
        items.push(RailItem::new("Members", format!("/developers/members{here}"), tab == DevelopersTab::Members));
        let mut others = self.others.clone();
        others.extend([Link::new("Your account", "/account"), Link::new("Sign out", "/logout")]);
        let count = self.apps.len();
        Rail {
            label: "Developers",
            tile: Tile::app(&self.id, &self.name, None).small(),
            name: self.name.clone(),
            below: format!("{count} app{}", if count == 1 { "" } else { "s" }),
            items,
            others,
        }
    }
}
