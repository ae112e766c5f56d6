//! The form of a manifest (`[[organization]]`, `[[app]]`, `[[resource]]`, `[[app_key]]`, `[[identity_issuer]]`,
//! `[[provider]]`, `[[managed_secret]]`, `[[policy]]`), and where each of its fields stands.

use super::{ApplyError, Mistake};
use oauth::app;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, HashMap};
use toml::de::{DeTable, DeValue};

/// A manifest as written.
pub(super) struct Manifest {
    pub(super) organizations: Vec<OrganizationTable>,
    pub(super) apps: Vec<AppTable>,
    pub(super) resources: Vec<ResourceTable>,
    pub(super) keys: Vec<KeyTable>,
    pub(super) issuers: Vec<IssuerTable>,
    pub(super) providers: Vec<ProviderTable>,
    pub(super) secrets: Vec<SecretTable>,
    pub(super) policies: Vec<PolicyTable>,
    lines: HashMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    organization: Vec<OrganizationTable>,
    #[serde(default)]
    app: Vec<AppTable>,
    #[serde(default)]
    resource: Vec<ResourceTable>,
    #[serde(default)]
    app_key: Vec<KeyTable>,
    #[serde(default)]
    identity_issuer: Vec<IssuerTable>,
    #[serde(default)]
    provider: Vec<ProviderTable>,
    #[serde(default)]
    managed_secret: Vec<SecretTable>,
    #[serde(default)]
    policy: Vec<PolicyTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationTable {
    pub(super) key: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppTable {
    pub(super) key: String,
    pub(super) organization: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) website_url: Option<String>,
    pub(super) redirect_uris: Vec<String>,
    #[serde(default)]
    pub(super) post_logout_redirect_uris: Vec<String>,
    pub(super) backchannel_logout_uri: Option<String>,
    #[serde(default)]
    pub(super) native: bool,
    #[serde(default)]
    pub(super) development_mode: bool,
    #[serde(default)]
    pub(super) background: bool,
    pub(super) scopes: Option<Vec<String>>,
    #[serde(default)]
    pub(super) require_pkce: bool,
    pub(super) token_endpoint_auth_method: Option<String>,
    pub(super) jwks: Option<IgnoredAny>,
    pub(super) jwks_uri: Option<IgnoredAny>,
    pub(super) id_token_signed_response_alg: Option<String>,
    pub(super) access_token_ttl_secs: Option<i64>,
    pub(super) refresh_token_idle_secs: Option<i64>,
    pub(super) refresh_token_absolute_secs: Option<i64>,
    pub(super) refresh_replay_window_secs: Option<i64>,
    #[serde(default = "yes")]
    pub(super) hand_out_tokens: bool,
    pub(super) branding: Option<Branding>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Branding {
    pub(super) logo: Option<String>,
    pub(super) accent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceTable {
    pub(super) key: String,
    pub(super) app: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) runtime_endpoint: Option<String>,
    #[serde(default)]
    pub(super) allow_chains: bool,
    #[serde(default)]
    pub(super) open_audience: bool,
    pub(super) scopes: Vec<ScopeTable>,
    pub(super) provider: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeTable {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) risk: String,
    #[serde(default)]
    pub(super) provider_scopes: Vec<String>,
    #[serde(default)]
    pub(super) allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyTable {
    pub(super) key: String,
    pub(super) app: String,
    pub(super) value: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerTable {
    pub(super) app: String,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) jwks_uri: Option<String>,
    pub(super) subject_claim: Option<String>,
    pub(super) email_claim: Option<String>,
    pub(super) name_claim: Option<String>,
    pub(super) groups_claim: Option<String>,
}

/// Credentials at a service, or a whole service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderTable {
    pub(super) id: String,
    pub(super) app: Option<String>,
    pub(super) descriptor: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) scopes_allowed: Option<Vec<String>>,
    pub(super) scopes_default: Option<Vec<String>>,
    #[serde(default)]
    pub(super) inputs: BTreeMap<String, String>,
}

/// A secret of the company, used through the proxy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretTable {
    pub(super) slug: String,
    pub(super) app: String,
    pub(super) name: String,
    pub(super) inject: String,
    pub(super) hosts: Vec<String>,
    pub(super) credential: String,
    pub(super) template: Option<String>,
}

/// What calls of an app need.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub(super) app: String,
    pub(super) provider: Option<String>,
    pub(super) kind: String,
    #[serde(rename = "match")]
    pub(super) matches: Vec<String>,
    /// Of a limit: so many calls …
    pub(super) times: Option<i64>,
    /// … in so many seconds.
    pub(super) per_secs: Option<i64>,
}

fn yes() -> bool {
    true
}

impl Manifest {
    /// Reads a manifest. Unknown tables and fields are named with their line.
    pub(super) fn read(text: &str) -> Result<Manifest, ApplyError> {
        let broken = |error: &toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            // The message alone: the library's own rendering would print the line, and with it a secret.
            ApplyError::at(line_at(text, start), error.message().lines().next().unwrap_or("is no TOML"))
        };
        let document = DeTable::parse(text).map_err(|error| broken(&error))?;
        let mut lines = HashMap::new();
        for (name, value) in document.get_ref() {
            note_lines(text, name.get_ref(), value.get_ref(), value.span().start, &mut lines);
        }
        let tables: Tables = toml::from_str(text).map_err(|error| broken(&error))?;
        Ok(Manifest {
            organizations: tables.organization,
            apps: tables.app,
            resources: tables.resource,
            keys: tables.app_key,
            issuers: tables.identity_issuer,
            providers: tables.provider,
            secrets: tables.managed_secret,
            policies: tables.policy,
            lines,
        })
    }

    /// Keys that name two things.
    pub(super) fn duplicates(&self) -> Vec<Mistake> {
        let organizations = self.organizations.iter().map(|table| table.key.as_str());
        let apps = self.apps.iter().map(|table| table.key.as_str());
        let mut mistakes = self.duplicates_of("organization", "key", organizations);
        mistakes.extend(self.duplicates_of("app", "key", apps));
        mistakes.extend(self.duplicates_of("resource", "key", self.resources.iter().map(|table| table.key.as_str())));
        mistakes.extend(self.duplicates_of("app_key", "key", self.keys.iter().map(|table| table.key.as_str())));
        let issuers = self.issuers.iter().map(|table| table.app.as_str());
        mistakes.extend(self.duplicates_of("identity_issuer", "app", issuers));
        let providers: Vec<String> = self
            .providers
            .iter()
            .map(|table| format!("{} {}", table.id, table.app.as_deref().unwrap_or_default()))
            .collect();
        mistakes.extend(self.duplicates_of("provider", "id", providers.iter().map(String::as_str)));
        let secrets: Vec<String> = self.secrets.iter().map(|table| format!("{} {}", table.app, table.slug)).collect();
        mistakes.extend(self.duplicates_of("managed_secret", "slug", secrets.iter().map(String::as_str)));
        mistakes
    }

    fn duplicates_of<'a>(&'a self, kind: &str, field: &str, keys: impl Iterator<Item = &'a str>) -> Vec<Mistake> {
        let mut seen = std::collections::HashSet::new();
        let repeated: Vec<_> = keys.enumerate().filter(|(_, key)| !seen.insert(*key)).map(|(place, _)| place).collect();
        repeated.into_iter().map(|place| self.mistake(kind, place, field, "occurs twice")).collect()
    }

    /// A sentence about a field of the table at a place.
    pub(super) fn mistake(&self, kind: &str, place: usize, field: &str, sentence: &str) -> Mistake {
        let table = format!("{kind}[{place}]");
        let mut path = format!("{table}.{field}");
        // A field that was left out has no line: then that of its table tells where to write it.
        let line = loop {
            if let Some(line) = self.lines.get(&path) {
                break *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) if end > table.len() => path.truncate(end),
                _ => break self.lines.get(&table).copied().unwrap_or(1),
            }
        };
        Mistake { line, sentence: format!("{kind} {field}: {sentence}") }
    }

    /// The mistakes that a verb found in the table at a place; a fault stays one.
    pub(super) fn mistakes(&self, kind: &str, place: usize, error: app::Error) -> Result<Vec<Mistake>, ApplyError> {
        match error {
            app::Error::Complaints(complaints) => {
                let about =
                    |complaint: &app::Complaint| self.mistake(kind, place, &complaint.field, &complaint.sentence);
                Ok(complaints.iter().map(about).collect())
            }
            app::Error::NotFound => Err(ApplyError::Fault(base::Fault::new("manifest apply: a row went away"))),
            app::Error::Fault(fault) => Err(ApplyError::Fault(fault)),
        }
    }
}

impl Manifest {
    /// The mistake that the vault found in the table at a place; a fault stays one.
    pub(super) fn vault_mistake(&self, kind: &str, place: usize, error: vault::Error) -> Result<Mistake, ApplyError> {
        match error {
            vault::Error::Fault(fault) => Err(ApplyError::Fault(fault)),
            vault::Error::Refused(refusal) => {
                let named = refusal.extra.get("field").and_then(serde_json::Value::as_str);
                let usual = match kind {
                    "app_key" => "value",
                    "managed_secret" => "slug",
                    "policy" => "match",
                    _ => "issuer",
                };
                Ok(self.mistake(kind, place, named.unwrap_or(usual), refusal.message))
            }
        }
    }
}

/// Notes the line of a value and of everything in it, under its path: `app[0].redirect_uris[1]`.
fn note_lines(text: &str, path: &str, value: &DeValue<'_>, start: usize, lines: &mut HashMap<String, usize>) {
    lines.insert(path.to_owned(), line_at(text, start));
    match value {
        DeValue::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                note_lines(text, &format!("{path}[{place}]"), value.get_ref(), value.span().start, lines);
            }
        }
        DeValue::Table(table) => {
            for (name, value) in table {
                note_lines(text, &format!("{path}.{}", name.get_ref()), value.get_ref(), name.span().start, lines);
            }
        }
        _ => {}
    }
}

fn line_at(text: &str, start: usize) -> usize {
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}
