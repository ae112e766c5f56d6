//! What an app offers to other apps: its resources, one of them, and who holds grants on it.

use super::app::AppHead;
use super::snippets::Snippet;
use crate::views::event::Pager;
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Who};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;
use askama::filters::HtmlSafe;

/// One resource in the list.
#[derive(Debug, Clone)]
pub struct ResourceRow {
    pub id: String,
    pub key: String,
    pub name: Name,
    pub audience: String,
    pub scopes: u32,
    pub grants: u32,
    pub is_paused: bool,
}

/// `GET /developers/apps/{id}/resources`
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_resources.html")]
pub struct AppResources {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub rows: Vec<ResourceRow>,
    /// False for viewers.
    pub may_change: bool,
}

/// A scope as typed.
#[derive(Debug, Clone, Default)]
pub struct ScopeEntry {
    pub name: Entry,
    pub text: Entry,
    /// `low`, `medium` or `high`.
    pub risk: Entry,
    /// Of accounts elsewhere: what has to be granted there, with spaces between.
    pub provider_scopes: Entry,
    /// Of accounts elsewhere: the calls that it lets through, one in a line.
    pub allow: Entry,
}

/// What only a resource of kind vault has.
#[derive(Debug, Clone)]
pub struct VaultFields {
    pub provider: Entry,
    /// Id and name of each service that there is.
    pub providers: Vec<(String, Name)>,
}

/// A scope's fields, each with its place in its id.
struct ScopeFields<'a> {
    name: Field,
    text: Field,
    risk: &'a Entry,
    provider_scopes: Field,
    allow: &'a Entry,
}

/// The fields of a registration, on the page of a new one and of one that is there: `name`, `description`, `audience`,
/// `runtime_endpoint`, `allow_chains` and `open_audience` (`on` or absent), and for each scope `scope_name`, `scope_text` and
/// `scope_risk`; a new one also has `key`. The buttons `add` and `remove` (with the place of a scope) give the page back with a
/// scope more or less, and everything as typed.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/resource_form.html")]
pub struct ResourceForm {
    /// Set for accounts at other services: `kind` = `vault`, `provider`, and for each scope `scope_provider_scopes` and
    /// `scope_allow`. Audience, endpoint and the two switches are not asked then.
    pub vault: Option<VaultFields>,
    /// Asked for a new one alone.
    pub key: Option<Entry>,
    pub name: Entry,
    pub description: Entry,
    pub audience: Entry,
    pub runtime_endpoint: Entry,
    pub allow_chains: bool,
    pub open_audience: bool,
    /// At least one, which may be empty.
    pub scopes: Vec<ScopeEntry>,
    /// The sentence about all of them.
    pub mistake: Option<String>,
    /// How many grants the change would suspend: then it has to be confirmed, with `confirm` = `on`.
    pub suspends: Option<u32>,
    pub may_change: bool,
}

impl HtmlSafe for ResourceForm {}

impl ResourceForm {
    fn scope_fields<'a>(&'a self) -> Vec<ScopeFields<'a>> {
        let fields = |(place, scope): (usize, &'a ScopeEntry)| {
            let name = Field::new("scope_name", "Name", &scope.name).id(format!("scope_name-{place}")).maxlength(80);
            let text =
                Field::new("scope_text", "In words", &scope.text).id(format!("scope_text-{place}")).maxlength(120);
            ScopeFields {
                name: name.placeholder("resource.access"),
                text: text.placeholder("Ask Iris questions in your name"),
                risk: &scope.risk,
                provider_scopes: Field::new("scope_provider_scopes", "Provider scopes", &scope.provider_scopes)
                    .id(format!("scope_provider_scopes-{place}"))
                    .maxlength(2000)
                    .hint("What the person has to grant at the provider for it, with spaces between."),
                allow: &scope.allow,
            }
        };
        self.scopes.iter().enumerate().map(fields).collect()
    }

    fn key_field(&self) -> Option<Field> {
        let hint = "3 to 100 lowercase letters, digits, - and _, in two parts: a word of yours, a :, and what it is. The word \
                    before the : is your organization’s from then on. A key never changes.";
        Some(
            Field::new("key", "Key", self.key.as_ref()?)
                .required()
                .maxlength(100)
                .placeholder("iris:inference")
                .hint(hint),
        )
    }

    fn name_field(&self) -> Field {
        Field::new("name", "Name", &self.name).required().maxlength(80).hint("As people see it when they are asked.")
    }

    fn description_field(&self) -> Field {
        Field::new("description", "Description", &self.description).maxlength(240)
    }

    fn audience_field(&self) -> Field {
        let hint = "The aud of its delegated tokens: a URL at the app’s website or at a redirect URI, or a name that begins like the key.";
        let field = Field::new("audience", "Audience", &self.audience).required().maxlength(200);
        field.placeholder("https://").hint(hint)
    }

    fn endpoint_field(&self) -> Field {
        let hint = "Where the browser runtime sends requests; its origin is the targetOrigin. Empty: no runtime.";
        let field = Field::new("runtime_endpoint", "Runtime endpoint", &self.runtime_endpoint).kind("url");
        field.placeholder("https://").maxlength(2048).hint(hint)
    }
}

/// `GET /developers/apps/{id}/resources/new`; its form is `POST /developers/apps/{id}/resources` with `csrf`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/resource_new.html")]
pub struct ResourceNew {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub form: ResourceForm,
}

/// A grant on a resource: which app holds it, never who gave it.
#[derive(Debug, Clone)]
pub struct HolderRow {
    pub app: Who,
    pub scope: String,
    /// `user_present` or `background`.
    pub mode: &'static str,
    pub since: Moment,
    pub last_used: Option<Moment>,
    pub is_suspended: bool,
}

/// `GET /developers/apps/{id}/resources/{resource}`. Its forms, each with `csrf`:
///
/// - `POST` there, with the fields of [`ResourceForm`] and `confirm` where that is asked
/// - `POST …/pause` and `POST …/resume`
/// - `GET …?with=node` chooses the snippet, `GET …?before=…` shows older grants
///
/// Link: `…/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/resource.html")]
pub struct ResourcePage {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub id: String,
    pub key: String,
    /// `aud` of its delegated tokens.
    pub audience: String,
    pub title: Name,
    pub is_paused: bool,
    pub form: ResourceForm,
    /// Where everybody reads what it is.
    pub metadata_url: String,
    /// The origin of its runtime endpoint.
    pub target_origin: Option<String>,
    pub snippets: Vec<Snippet>,
    pub grants: u32,
    pub suspended: u32,
    pub holders: Vec<HolderRow>,
    pub pager: Pager,
    /// True for owners and admins.
    pub may_delete: bool,
}

impl ResourcePage {
    fn path(&self) -> String {
        format!("/developers/apps/{}/resources/{}", self.head.id, self.id)
    }

    fn snippet(&self) -> Option<&Snippet> {
        self.snippets.iter().find(|snippet| snippet.is_current)
    }
}

pages!(Nothing: AppResources);
pages!(Home: ResourceNew, ResourcePage);
