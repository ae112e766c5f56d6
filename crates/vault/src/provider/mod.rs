//! Providers: what a descriptor says of a service, and what follows from it.
//!
//! Promise: a descriptor that was read is whole: its places are https (on this computer also http, where whoever reads it says so), a
//! credential can go nowhere but to its `hosts`, each scope has words and a risk, and nothing in it is unknown. `providers/README.md` is the format in words.

mod answer;
mod ask;
mod check;
mod fake;
mod identity;
mod plain;
mod quirk;
mod request;
mod shelf;
pub(crate) mod sigv4;

#[cfg(test)]
mod tests;

pub use answer::{Grants, Trouble};
pub use ask::{Ask, Inputs, KeyPlace};
pub(crate) use check::host_fits;
pub use fake::fake;
pub use identity::Account;
pub(crate) use plain::is_host as is_plain_host;
pub use quirk::Quirk;
pub use request::{ClientCredentials, Injection, Request};
pub use shelf::{all, find};

use serde::Deserialize;
use std::collections::BTreeMap;

/// A service, as its file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub id: String,
    pub name: String,
    pub category: Category,
    /// The service's own page about its OAuth or keys.
    pub docs: String,
    /// The only places a credential may be sent to: exact, or `*.suffix` for one label. The first is where the API is.
    pub hosts: Vec<String>,
    #[serde(default)]
    pub base_path: String,
    #[serde(default)]
    pub quirks: Vec<Quirk>,
    pub auth: Auth,
    pub identity: Option<Identity>,
    pub verify: Option<Verify>,
    pub rate: Option<Rate>,
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Those of its hosts that are spoken to without TLS.
    #[serde(skip)]
    plain: Vec<String>,
}

/// What it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Ai,
    Calendar,
    Chat,
    Cloud,
    Code,
    Crm,
    Design,
    Files,
    Finance,
    Generic,
    Mail,
    Media,
    Meetings,
    Monitoring,
    Social,
    Support,
    Tasks,
}

impl Category {
    /// The word of the descriptor.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Ai => "ai",
            Category::Calendar => "calendar",
            Category::Chat => "chat",
            Category::Cloud => "cloud",
            Category::Code => "code",
            Category::Crm => "crm",
            Category::Design => "design",
            Category::Files => "files",
            Category::Finance => "finance",
            Category::Generic => "generic",
            Category::Mail => "mail",
            Category::Media => "media",
            Category::Meetings => "meetings",
            Category::Monitoring => "monitoring",
            Category::Social => "social",
            Category::Support => "support",
            Category::Tasks => "tasks",
        }
    }
}

/// How one gets in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub kind: AuthKind,
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub revoke_url: Option<String>,
    /// Of ID tokens, and of `iss` in answers (RFC 9207), where it is told.
    pub issuer: Option<String>,
    /// It takes S256 (RFC 7636).
    #[serde(default)]
    pub pkce: bool,
    pub client_auth: Option<ClientAuth>,
    #[serde(default = "space")]
    pub scope_separator: String,
    /// Added to the authorization request.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Added to the token request.
    #[serde(default)]
    pub token_params: BTreeMap<String, String>,
    /// What must be given first, for places that are written with `{name}`.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// Where an API key goes: `header:NAME` or `query:NAME`.
    pub place: Option<String>,
    /// What stands before it.
    #[serde(default)]
    pub prefix: String,
    pub refresh: Option<Refresh>,
    #[serde(default)]
    pub response: ResponsePaths,
}

fn space() -> String {
    " ".to_owned()
}

/// The kinds of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthKind {
    Oauth2,
    Oidc,
    ApiKey,
    Basic,
    AwsSigv4,
}

impl AuthKind {
    /// True when a person is sent there to allow something.
    pub fn is_oauth(self) -> bool {
        matches!(self, AuthKind::Oauth2 | AuthKind::Oidc)
    }
}

/// How a client proves itself at the token endpoint (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    Post,
    Basic,
}

/// Something that a person or an operator gives first: a shop's name, a region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    pub text: String,
    /// One character class, repeated, or plain words with `|` between them.
    pub pattern: String,
}

/// How access is renewed. A descriptor without it has tokens that do not end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Every use yields a new refresh token and kills the old one.
    pub rotates: bool,
    /// When an answer leaves `expires_in` out.
    pub default_lifetime_secs: i64,
    pub idle_lifetime_secs: Option<i64>,
    /// It refuses `scope` on refresh.
    #[serde(default)]
    pub omit_scope: bool,
}

/// Where an answer keeps what RFC 6749 §5.1 keeps at its top (JSON pointers, RFC 6901).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsePaths {
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub scope: Option<String>,
    pub expires_in: Option<String>,
    pub error: Option<String>,
}

/// How to tell which account it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    #[serde(default)]
    pub source: IdentitySource,
    pub url: Option<String>,
    pub method: Option<String>,
    pub body: Option<String>,
    /// The id that never changes.
    pub pointer: String,
    /// What people recognise it by.
    pub label: String,
}

/// Where the account is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentitySource {
    #[default]
    Url,
    Token,
    IdToken,
}

/// A cheap call that proves a credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    pub path: String,
}

/// The headers in which it tells how much is left.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub retry_after: Option<String>,
    pub remaining: Option<String>,
    pub reset: Option<String>,
    #[serde(default)]
    pub reset_is_delta: bool,
}

/// One thing that can be allowed, in words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    pub name: String,
    /// Begins with a verb: *Read your calendars*.
    pub text: String,
    pub risk: Risk,
    #[serde(default)]
    pub implies: Vec<String>,
    /// Asked when nobody says otherwise.
    #[serde(default)]
    pub default: bool,
    /// The calls that it is good for (`GET /v3/events/**`). Where none are named, single calls cannot be judged by it.
    #[serde(default)]
    pub allow: Vec<String>,
}

impl Scope {
    /// A scope that the descriptor does not know: it stands as it is, and counts as dangerous.
    pub(crate) fn unknown(name: &str) -> Scope {
        Scope {
            name: name.to_owned(),
            text: name.to_owned(),
            risk: Risk::High,
            implies: Vec::new(),
            default: false,
            allow: Vec::new(),
        }
    }
}

/// What can happen when it is misused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Low,
    Medium,
    High,
}

/// Why a descriptor is no good: a sentence for each thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong(pub Vec<String>);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Wrong {}

impl Provider {
    /// Reads a descriptor and judges it. All of its places are https.
    pub fn read(text: &str) -> Result<Provider, Wrong> {
        Provider::read_with(text, |_| false)
    }

    /// Reads a descriptor whose hosts on this computer are spoken to by http where they are allowed: asked of each that is named, as
    /// `hosts` writes it (`localhost:9000`). Of other hosts it is never asked.
    pub fn read_with(text: &str, allows_http: impl Fn(&str) -> bool) -> Result<Provider, Wrong> {
        let mut provider: Provider =
            toml::from_str(text).map_err(|error| Wrong(vec![error.message().lines().collect::<Vec<_>>().join(" ")]))?;
        let is_plain = |host: &&String| plain::is_host(host) && allows_http(host);
        provider.plain = provider.hosts.iter().filter(is_plain).cloned().collect();
        let wrongs = check::wrongs(&provider);
        if wrongs.is_empty() { Ok(provider) } else { Err(Wrong(wrongs)) }
    }

    /// True for a host (with its port) that is spoken to by http; every other one by https.
    pub fn is_plain(&self, host: &str) -> bool {
        self.plain.iter().any(|plain| plain == host)
    }

    /// True when it needs this named behaviour.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// The scopes that are asked when nobody says otherwise.
    pub fn default_scopes(&self) -> Vec<&str> {
        self.scopes.iter().filter(|scope| scope.default).map(|scope| scope.name.as_str()).collect()
    }

    /// Scopes in words; one that the descriptor does not know stands as it is.
    pub fn in_words(&self, scopes: &base::Scope) -> Vec<Scope> {
        let known = |name: &str| self.scopes.iter().find(|scope| scope.name == name).cloned();
        scopes.iter().map(|name| known(name).unwrap_or_else(|| Scope::unknown(name))).collect()
    }

    /// The address that people know the service by. Nothing where each account has an address of its own.
    pub fn known_host(&self) -> &str {
        let known = self.auth.authorize_url.as_deref().unwrap_or(&self.docs);
        let host = known.split_once("://").map_or(known, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
        if host.contains('{') { "" } else { host }
    }

    /// True when a credential may be sent to this host: it is named, or one label under a named suffix.
    pub fn admits_host(&self, host: &str, inputs: &Inputs) -> bool {
        self.hosts
            .iter()
            .any(|pattern| ask::filled(pattern, inputs).is_some_and(|pattern| check::host_fits(&pattern, host)))
    }
}
