//! The catalogue that comes with the program.

use super::Provider;
use std::sync::{Arc, LazyLock};

macro_rules! descriptors {
    ($($id:literal),* $(,)?) => {
        /// Id and text of each.
        pub(super) const TEXTS: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../providers/", $id, ".toml")))),*];
    };
}

descriptors![
    "airtable",
    "anthropic",
    "asana",
    "aws",
    "bitbucket",
    "box",
    "calendly",
    "datadog",
    "discord",
    "dropbox",
    "figma",
    "generic-api-key",
    "generic-basic",
    "generic-oauth2",
    "generic-oidc",
    "github",
    "gitlab",
    "google",
    "hubspot",
    "intercom",
    "jira",
    "linear",
    "linkedin",
    "mailchimp",
    "microsoft",
    "notion",
    "openai",
    "pagerduty",
    "quickbooks",
    "reddit",
    "salesforce",
    "sendgrid",
    "sentry",
    "shopify",
    "slack",
    "spotify",
    "stripe",
    "trello",
    "twitch",
    "x",
    "xero",
    "zendesk",
    "zoom",
];

static ALL: LazyLock<Vec<Arc<Provider>>> =
    LazyLock::new(|| TEXTS.iter().filter_map(|(_, text)| Provider::read(text).ok().map(Arc::new)).collect());

/// Every provider, by id.
pub fn all() -> &'static [Arc<Provider>] {
    &ALL
}

/// The provider with this id.
pub fn find(id: &str) -> Option<Arc<Provider>> {
    ALL.iter().find(|provider| provider.id == id).cloned()
}
