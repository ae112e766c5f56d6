//! The account: who one is, how one signs in, who knows what, and how each of it ends.

mod access;
mod approvals;
mod calls;
mod connections;
mod data;
mod home;
mod identity;
mod security;
mod tokens;

pub use access::{Access, AccessBelow, AccessRow, Activity};
pub use approvals::{ApprovalRow, Approvals, CallState, CallToDecide};
pub use calls::{CallRow, Calls};
pub use connections::{AgentDeed, AgentRow, Agents, ConnectionRow, Connections, Holder, HolderAgent, Through};
pub use data::YourData;
pub use home::AccountHome;
pub use identity::{Identities, IdentityEdit, IdentityNew, IdentityRow};
pub use security::{AddPasskey, PasskeyRow, Passkeys, RenewCodes, SessionRow, Sessions};
pub use tokens::{SessionTokenRow, SessionTokens};

use super::parts::{Link, Name, Tile};
use super::rail::{Rail, RailItem};

/// A page of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTab {
    Home,
    Access,
    Approvals,
    Connections,
    Agents,
    Calls,
    Activity,
    Identities,
    Passkeys,
    Devices,
    Data,
}

/// Whose account it is, as its main identity shows it.
#[derive(Debug, Clone)]
pub struct AccountHolder {
    pub identity: String,
    pub name: Name,
    pub handle: String,
    pub picture: Option<String>,
    /// How many apps have access.
    pub apps: u32,
    /// True when `/developers` is open to this person.
    pub is_developer: bool,
}

impl AccountHolder {
    /// The rail of an account page.
    pub fn rail(&self, tab: AccountTab) -> Rail {
        let item = |text: &str, url: &str, own: AccountTab| RailItem::new(text, url, tab == own);
        let mut others = vec![Link::new("Approve a sign-in", "/approve")];
        if self.is_developer {
            others.push(Link::new("Developers", "/developers"));
        }
        others.push(Link::new("Sign out", "/logout"));
        Rail {
            label: "Account",
            tile: Tile::person(&self.identity, &self.name, self.picture.clone()).small(),
            name: self.name.clone(),
            below: format!("@{}", self.handle),
            items: vec![
                item("Home", "/account", AccountTab::Home),
                item("Access", "/account/access", AccountTab::Access).counting(self.apps),
                item("Approvals", "/account/approvals", AccountTab::Approvals),
                item("Connections", "/account/connections", AccountTab::Connections),
                item("Agents", "/account/agents", AccountTab::Agents),
                item("Calls", "/account/calls", AccountTab::Calls),
                item("Activity", "/account/activity", AccountTab::Activity),
                item("Identities", "/account/identities", AccountTab::Identities),
                item("Passkeys and codes", "/account/passkeys", AccountTab::Passkeys),
                item("Devices", "/account/devices", AccountTab::Devices),
                item("Your data", "/account/data", AccountTab::Data),
            ],
            others,
        }
    }
}
