//! The services whose accounts people can link to an app: which there are, and the app's credentials there.

use super::end::Nothing;
use super::fields::Several;
use super::{Desk, WRONG, change_vault};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::Signed;
use crate::views::developers::{AppProvider, AppProviders, AppTab, DevelopersTab, ProviderLine, ProviderScopeChoice};
use crate::views::{End, Entry, Moment, Name, Tile};
use axum::extract::{Path, State};
use base::{Scope, Secret};
use oauth::app::App as Registered;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use vault::catalogue::{self, ClientWish, Configured, Tested};
use vault::provider::{Inputs, Provider, Risk};

const LONGEST: usize = 8_192;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    said: Option<String>,
}

fn home(app: &Registered) -> String {
    format!("/developers/apps/{}/providers", app.client_id())
}

fn line(provider: &Provider, configured: Option<&Configured>) -> ProviderLine {
    let name = Name::new(&provider.name);
    ProviderLine {
        id: provider.id.clone(),
        tile: Tile::app(&provider.id, &name, None).small(),
        name,
        category: provider.category.as_str(),
        host: provider.known_host().to_owned(),
        state: match configured.map(|own| own.client.app.is_some()) {
            Some(true) => "Your credentials",
            Some(false) => "The server’s credentials",
            None => "",
        },
        is_refused: configured.is_some_and(|own| own.client.refused_at.is_some()),
    }
}

/// `GET /developers/apps/{client_id}/providers`
pub(super) async fn list(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let configured = server.vault.configured(&app.id).await?;
    let all = server.vault.providers().await?;
    let (mut ready, mut others) = (Vec::new(), Vec::new());
    for provider in &all {
        let own = configured.iter().find(|own| own.provider.id == provider.id);
        if own.is_some() { &mut ready } else { &mut others }.push(line(provider, own));
    }
    let frame = desk.frame(&server);
    page::show(&AppProviders {
        frame: match part.said.as_deref() {
            Some("removed") => frame.with_notice("The app’s credentials are removed."),
            _ => frame,
        },
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(&app, AppTab::Providers),
        ready,
        others,
    })
}

/// One provider, and how the app is known there.
struct Opened {
    desk: Desk,
    app: Registered,
    provider: Arc<Provider>,
    configured: Option<Configured>,
}

async fn open(server: &App, signed: Signed, (id, provider): (String, String)) -> Result<Opened, PageError> {
    let (desk, app) = Desk::of_app(server, signed, &id).await?;
    let all = server.vault.providers().await?;
    let provider = all.into_iter().find(|own| own.id == provider).ok_or_else(PageError::not_found)?;
    let configured = server.vault.configured_as(&app.id, &provider.id).await?;
    Ok(Opened { desk, app, provider, configured })
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    allowed: Several,
    #[serde(default)]
    default: Several,
    /// `input.{name}`
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl Sent {
    /// The form as it is before anybody types. The server's own credentials are nobody's to see.
    fn of(opened: &Opened) -> Sent {
        let Some(client) = opened.own() else { return Sent::default() };
        let words =
            |scope: &Option<Scope>| Several::Many(scope.iter().flat_map(Scope::iter).map(str::to_owned).collect());
        Sent {
            client_id: client.client_id.clone(),
            client_secret: String::new(),
            allowed: words(&client.scopes_allowed),
            default: words(&client.scopes_default),
            rest: client.inputs.iter().map(|(name, value)| (format!("input.{name}"), value.as_str().into())).collect(),
        }
    }

    fn input(&self, name: &str) -> &str {
        self.rest.get(&format!("input.{name}")).and_then(serde_json::Value::as_str).unwrap_or_default().trim()
    }

    fn wish(&self, provider: &Provider) -> ClientWish {
        let inputs: Inputs = provider
            .auth
            .inputs
            .iter()
            .map(|input| (input.name.clone(), self.input(&input.name).to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let scopes = |words: &Several| {
            let words = words.clone().into_filled();
            (!words.is_empty()).then(|| Scope::of(words))
        };
        ClientWish {
            client_id: self.client_id.trim().to_owned(),
            secret: Some(self.client_secret.trim()).filter(|text| !text.is_empty()).map(Secret::new),
            scopes_allowed: scopes(&self.allowed),
            scopes_default: scopes(&self.default),
            inputs,
        }
    }

    /// What is wrong before the descriptor is asked.
    fn mistake(&self, provider: &Provider) -> Option<String> {
        let is_known = |word: &String| provider.scopes.iter().any(|scope| scope.name == *word);
        let mut words = self.allowed.clone().into_filled();
        words.extend(self.default.clone().into_filled());
        if !words.iter().all(is_known) {
            return Some("A scope is none of this provider’s.".to_owned());
        }
        let is_text = |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
        (!is_text(&self.client_id) || !is_text(self.client_secret.trim()))
            .then(|| "The credentials are longer than any, or hold what cannot be seen.".to_owned())
    }
}

impl Opened {
    /// The app's own credentials there.
    fn own(&self) -> Option<&catalogue::ProviderClient> {
        self.configured.as_ref().map(|own| &*own.client).filter(|client| client.app.is_some())
    }

    fn view(&self, server: &App, sent: &Sent) -> AppProvider {
        let (provider, own) = (&self.provider, self.own());
        let (allowed, default) = (sent.allowed.clone().into_filled(), sent.default.clone().into_filled());
        let scope = |scope: &vault::provider::Scope| ProviderScopeChoice {
            name: scope.name.clone(),
            text: Name::new(&scope.text),
            is_high: scope.risk == Risk::High,
            is_allowed: allowed.contains(&scope.name),
            is_default: default.contains(&scope.name),
        };
        AppProvider {
            frame: self.desk.frame(server),
            rail: self.desk.rail(DevelopersTab::App(self.app.client_id())),
            head: Desk::head(&self.app, AppTab::Providers),
            provider: line(provider, self.configured.as_ref()),
            docs: provider.docs.clone(),
            callback: server.vault.callback(&provider.id),
            is_oauth: provider.auth.kind.is_oauth(),
            is_own: own.is_some(),
            refused_since: self
                .configured
                .as_ref()
                .and_then(|own| own.client.refused_at)
                .map(|at| Moment::seen_from(at, self.desk.now)),
            client_id: Entry::of(&sent.client_id),
            has_secret: own.is_some_and(|own| own.secret.is_some()),
            client_secret: Entry::empty(),
            scopes: provider.scopes.iter().map(scope).collect(),
            inputs: provider
                .auth
                .inputs
                .iter()
                .map(|input| (input.name.clone(), input.text.clone(), Entry::of(sent.input(&input.name))))
                .collect(),
            mistake: None,
            tested: None,
            may_change: self.desk.may_change(),
        }
    }
}

/// `GET /developers/apps/{client_id}/providers/{provider_id}`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Query(part): Query<Part>,
) -> PageResult {
    let opened = open(&server, signed, of).await?;
    let mut view = opened.view(&server, &Sent::of(&opened));
    if part.said.as_deref() == Some("saved") {
        view.frame = view.frame.with_notice("Saved. Test it before you show it to people.");
    }
    page::show(&view)
}

/// `POST /developers/apps/{client_id}/providers/{provider_id}`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let opened = open(&server, signed, of).await?;
    let by = opened.desk.by(&opened.app)?;
    let wish = sent.wish(&opened.provider);
    let mistake = sent.mistake(&opened.provider).or_else(|| catalogue::check_client(&opened.provider, &wish));
    if let Some(mistake) = mistake {
        let view = AppProvider { mistake: Some(mistake), ..opened.view(&server, &sent) };
        return page::show_with(WRONG, &view, None);
    }
    let (id, sealer) = (opened.provider.id.clone(), server.sealer.clone());
    change_vault(&server, by, move |tx, seams, by| {
        Ok(catalogue::set_client(tx, seams, &sealer, &id, Some(&by.app), &wish)?)
    })
    .await?;
    server.vault.forget_providers();
    Ok(page::go(&format!("{}/{}?said=saved", home(&opened.app), opened.provider.id)))
}

/// `POST /developers/apps/{client_id}/providers/{provider_id}/test`
pub(super) async fn test(
    State(server): State<App>,
    signed: Signed,
    source: Source,
    Path(of): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    server.limits.pass(Gate::Connect, source, None).map_err(PageError::too_many)?;
    let opened = open(&server, signed, of).await?;
    opened.desk.by(&opened.app)?;
    let configured = opened.configured.as_ref().ok_or_else(PageError::not_found)?;
    let outcome = server.vault.test_provider(configured).await;
    let mut view = opened.view(&server, &Sent::of(&opened));
    view.tested = Some(told(&outcome, &view.provider.name));
    page::show(&view)
}

/// What a test means, and whether that is good.
fn told(outcome: &Tested, name: &Name) -> (String, bool) {
    match outcome {
        Tested::Accepted => (
            format!(
                "{name} knows these credentials: it refused the code, and not who sent it (invalid_grant). Whether the callback URL is registered shows only when somebody links an account."
            ),
            true,
        ),
        Tested::Refused => (
            format!(
                "{name} does not know these credentials (invalid_client). Compare client ID and secret with what it shows you."
            ),
            false,
        ),
        Tested::Unreachable(why) => (format!("{name} could not be reached: {why}."), false),
        Tested::Unclear(status) => (
            format!(
                "{name} was reached and answered {status}, which tells neither that it knows the credentials nor that it does not. Link an account to be sure."
            ),
            false,
        ),
        Tested::Untestable => {
            (format!("There is nothing to ask at {name} yet: each person gives what is needed to find it."), false)
        }
    }
}

/// `GET /developers/apps/{client_id}/providers/{provider_id}/end`
pub(super) async fn ask(State(server): State<App>, signed: Signed, Path(of): Path<(String, String)>) -> PageResult {
    let opened = open(&server, signed, of).await?;
    opened.desk.by(&opened.app)?;
    opened.own().ok_or_else(PageError::not_found)?;
    let (name, here) = (Name::new(&opened.provider.name), home(&opened.app));
    page::show(&End {
        frame: opened.desk.frame(&server),
        rail: opened.desk.rail(DevelopersTab::App(opened.app.client_id())),
        heading: format!("Remove the app’s credentials at {name}?"),
        ends: vec![
            format!("Nobody can link a {name} account to the app with them."),
            "Accounts that were linked with them cannot be renewed, and have to be connected again.".to_owned(),
        ],
        note: Some("Where the server has credentials of its own there, the app uses those from now on.".to_owned()),
        action: format!("{here}/{}/end", opened.provider.id),
        fields: Vec::new(),
        confirm: None,
        verb: "Remove the credentials".to_owned(),
        cancel_url: format!("{here}/{}", opened.provider.id),
    })
}

/// `POST /developers/apps/{client_id}/providers/{provider_id}/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let opened = open(&server, signed, of).await?;
    let (by, id) = (opened.desk.by(&opened.app)?, opened.provider.id.clone());
    change_vault(&server, by, move |tx, seams, by| Ok(catalogue::remove_client(tx, seams, &id, Some(&by.app))?))
        .await?;
    server.vault.forget_providers();
    Ok(page::go(&format!("{}?said=removed", home(&opened.app))))
}
