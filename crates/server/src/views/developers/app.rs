//! One app, tab by tab.

use super::snippets::Snippet;
use crate::views::event::{Event, Pager};
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Who};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// A tab of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppTab {
    SetUp,
    Scopes,
    Tokens,
    Resources,
    Providers,
    Connections,
    Keys,
    Agents,
    IdentityProvider,
    Webhooks,
    Activity,
}

/// What stands above the tabs.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_head.html")]
pub struct AppHead {
    pub id: String,
    pub app: Who,
    pub is_public: bool,
    pub tab: AppTab,
}

impl askama::filters::HtmlSafe for AppHead {}

/// A client secret, of which only the digest is kept.
#[derive(Debug, Clone)]
pub struct SecretRow {
    pub id: String,
    pub made: Moment,
    pub last_used: Option<Moment>,
    /// When it stops to work, while another takes over.
    pub ends: Option<Moment>,
}

/// A secret that has just been made: the only time it is shown. Send the page with `Cache-Control: no-store`.
#[derive(Clone)]
pub struct FreshSecret {
    pub value: String,
}

impl std::fmt::Debug for FreshSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FreshSecret(..)")
    }
}

/// `GET /developers/apps/{id}`. Its forms, each with `csrf`:
///
/// - `POST /developers/apps/{id}` with `name`, `website_url`, `redirect_uri` and `post_logout_redirect_uri` (both repeated, empty
///   ones are left out), `development_mode` and `native` (`on` or absent)
/// - `POST /developers/apps/{id}/secrets` with `overlap` = seconds that the older secret lives on; answers with this page and `fresh`
/// - `GET /developers/apps/{id}?with=curl` chooses the snippet
///
/// Links: `/developers/apps/{id}/secrets/{secret}/end`, `/developers/apps/{id}/end`.
/// As typed, addresses are checked by `GET /developers/check-redirect?uri=…&app={id}` → `{ok, message}`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_set_up.html")]
pub struct AppSetUp {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub name: Entry,
    pub website: Entry,
    /// Newest first. Empty for public apps.
    pub secrets: Vec<SecretRow>,
    pub fresh: Option<FreshSecret>,
    pub redirect_uris: Vec<Entry>,
    pub post_logout_redirect_uris: Vec<Entry>,
    pub is_in_development: bool,
    pub is_native: bool,
    pub snippets: Vec<Snippet>,
    /// False for viewers: nothing can be changed.
    pub may_change: bool,
}

impl AppSetUp {
    fn name_field(&self) -> Field {
        Field::new("name", "Name", &self.name).required().maxlength(64)
    }

    fn website_field(&self) -> Field {
        Field::new("website_url", "Website", &self.website).kind("url").placeholder("https://").maxlength(2000)
    }

    fn redirect_fields(&self) -> Vec<Field> {
        uri_fields("redirect_uri", "Redirect URI", &self.redirect_uris)
    }

    fn post_logout_fields(&self) -> Vec<Field> {
        uri_fields("post_logout_redirect_uri", "Post-logout redirect URI", &self.post_logout_redirect_uris)
    }

    fn snippet(&self) -> Option<&Snippet> {
        self.snippets.iter().find(|snippet| snippet.is_current).or_else(|| self.snippets.first())
    }
}

/// The typed addresses and an empty field for one more.
pub(super) fn uri_fields(name: &'static str, label: &'static str, entries: &[Entry]) -> Vec<Field> {
    let typed = entries.iter().filter(|entry| !entry.value.is_empty() || entry.error.is_some());
    // One that is empty and was refused waits for an address itself.
    let is_waiting = |entry: &Entry| entry.value.is_empty() && entry.error.is_some();
    let one_more = (!entries.iter().any(is_waiting)).then(Entry::empty);
    let all = typed.cloned().chain(one_more).enumerate();
    let field = |(place, entry): (usize, Entry)| {
        let field =
            Field::new(name, label, &entry).id(format!("{name}-{place}")).kind("url").listed().checked_as("redirect");
        field.placeholder("https://").maxlength(2000)
    };
    all.map(field).collect()
}

/// A scope the app may ask for.
#[derive(Debug, Clone)]
pub struct ScopeChoice {
    /// `profile`.
    pub name: String,
    /// What people are asked: *See your name, handle and picture*.
    pub asks: String,
    /// What the app gets: `name, preferred_username, picture`.
    pub yields: String,
    pub is_allowed: bool,
    /// People are warned.
    pub is_high: bool,
}

/// `GET /developers/apps/{id}/scopes`; `POST` there with `csrf`, `scope` (repeated).
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_scopes.html")]
pub struct AppScopes {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub choices: Vec<ScopeChoice>,
    pub mistake: Option<String>,
    pub may_change: bool,
}

/// `GET /developers/apps/{id}/tokens`; `POST` there with `csrf`, `access_token_ttl_secs`, `refresh_token_idle_secs`,
/// `refresh_token_absolute_secs` (each empty = the server's), `refresh_replay_window_secs`, `id_token_signed_response_alg`,
/// `require_pkce` (`on` or absent).
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_tokens.html")]
pub struct AppTokens {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub access_ttl: Entry,
    pub refresh_idle: Entry,
    pub refresh_absolute: Entry,
    pub replay_window: Entry,
    /// What the server does where a field is empty, in words: *1 hour*, *30 days*, *365 days*.
    pub server_access_ttl: String,
    pub server_refresh_idle: String,
    pub server_refresh_absolute: String,
    /// `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    pub requires_pkce: bool,
    pub may_change: bool,
}

impl AppTokens {
    fn access_field(&self) -> Field {
        seconds(
            "access_token_ttl_secs",
            "Access token lives",
            &self.access_ttl,
            format!("Seconds, 300 to 86400. Empty: the server’s {}.", self.server_access_ttl),
        )
    }

    fn idle_field(&self) -> Field {
        let hint = format!("Seconds without use. Empty: the server’s {}.", self.server_refresh_idle);
        seconds("refresh_token_idle_secs", "Refresh token idles", &self.refresh_idle, hint)
    }

    fn absolute_field(&self) -> Field {
        let hint =
            format!("Seconds since the sign-in, used or not. Empty: the server’s {}.", self.server_refresh_absolute);
        seconds("refresh_token_absolute_secs", "Refresh token ends", &self.refresh_absolute, hint)
    }

    fn window_field(&self) -> Field {
        let hint = "Seconds, 0 to 60. Within them a repeated refresh gets the same answer again; 0 treats it as theft.";
        seconds("refresh_replay_window_secs", "Replay window", &self.replay_window, hint.to_owned())
    }
}

fn seconds(name: &'static str, label: &'static str, entry: &Entry, hint: String) -> Field {
    Field::new(name, label, entry).inputmode("numeric").maxlength(9).hint(hint)
}

/// The figures of an app.
#[derive(Debug, Clone, Default)]
pub struct AppCounts {
    /// Identities that have allowed it something.
    pub people: u32,
    pub sign_ins_7_days: u32,
    pub refusals_7_days: u32,
}

/// `GET /developers/apps/{id}/activity`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_activity.html")]
pub struct AppActivity {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub counts: AppCounts,
    pub events: Vec<Event>,
    pub pager: Pager,
}

pages!(Home: AppSetUp, AppScopes, AppTokens);
pages!(Nothing: AppActivity);
