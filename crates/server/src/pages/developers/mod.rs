//! The developers' place: who sees what, and what its forms do. Every rule is the domain's; an app of others is not found.

mod activity;
mod agents;
mod apps;
mod check_redirect;
mod connections;
mod end;
mod fields;
mod identity_provider;
mod keys;
mod members;
mod policies;
mod proof;
mod providers;
mod resources;
mod scopes;
mod set_up;
mod tokens;
mod webhooks;

use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::page;
use crate::edge::session::Signed;
use crate::views::developers::{AppHead, AppTab, DevelopersTab, Team};
use crate::views::{Frame, Link, Name, Rail, Who};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use base::{AccountId, AppId, OrganizationId, Seams, Time};
use db::Tx;
use oauth::app::{self, App as Registered, AppKind, Error};
use oauth::organization::{self, Actor, Organization, Role};
use vault::By;

/// The status of a form that comes back with sentences at its fields.
const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
/// An organization's apps beyond these are reached by address, not by list.
const MOST_APPS: u32 = 500;

/// The routes of the place.
pub fn router() -> Router<App> {
    let one = "/developers/apps/{client_id}";
    Router::new()
        .route("/developers", get(apps::list))
        .route("/developers/members", get(members::show))
        .route("/developers/check-redirect", get(check_redirect::check))
        .route("/developers/apps/new", get(apps::ask))
        .route("/developers/apps", post(apps::create))
        .route(one, get(set_up::show).post(set_up::change))
        .route(&format!("{one}/secrets"), post(set_up::rotate))
        .route(&format!("{one}/secrets/{{secret}}/end"), get(end::ask_secret).post(end::end_secret))
        .route(&format!("{one}/end"), get(end::ask_app).post(end::end_app))
        .route(&format!("{one}/scopes"), get(scopes::show).post(scopes::change))
        .route(&format!("{one}/tokens"), get(tokens::show).post(tokens::change))
        .route(&format!("{one}/activity"), get(activity::show))
        .merge(resources::router())
        .merge(connect())
}

/// The routes about what an app has in the vault.
fn connect() -> Router<App> {
    Router::new()
        .route("/developers/apps/{client_id}/providers", get(providers::list))
        .route("/developers/apps/{client_id}/providers/{provider_id}", get(providers::show).post(providers::change))
        .route("/developers/apps/{client_id}/providers/{provider_id}/test", post(providers::test))
        .route("/developers/apps/{client_id}/providers/{provider_id}/end", get(providers::ask).post(providers::end))
        .route("/developers/apps/{client_id}/connections", get(connections::show))
        .route("/developers/apps/{client_id}/keys", get(keys::show).post(keys::mint))
        .route("/developers/apps/{client_id}/keys/{key_id}/rotate", post(keys::rotate))
        .route("/developers/apps/{client_id}/keys/{key_id}/end", get(keys::ask).post(keys::end))
        .route("/developers/apps/{client_id}/agents", get(agents::show))
        .route("/developers/apps/{client_id}/agents/{agent_id}/suspend", post(agents::suspend))
        .route("/developers/apps/{client_id}/agents/{agent_id}/resume", post(agents::resume))
        .route("/developers/apps/{client_id}/agents/{agent_id}/end", get(agents::ask).post(agents::end))
        .route(
            "/developers/apps/{client_id}/identity-provider",
            get(identity_provider::show).post(identity_provider::change),
        )
        .route(
            "/developers/apps/{client_id}/identity-provider/end",
            get(identity_provider::ask).post(identity_provider::end),
        )
        .route("/developers/apps/{client_id}/policies", get(policies::list).post(policies::create))
        .route("/developers/apps/{client_id}/policies/{policy_id}/end", get(policies::ask).post(policies::end))
        .route("/developers/apps/{client_id}/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/developers/apps/{client_id}/webhooks/{webhook_id}", get(webhooks::show).post(webhooks::change))
        .route("/developers/apps/{client_id}/webhooks/{webhook_id}/end", get(webhooks::ask).post(webhooks::end))
        .route(
            "/developers/apps/{client_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
            post(webhooks::resend),
        )
}

/// One visit: the person, the organization that is open, what the person may do there.
struct Desk {
    actor: Actor,
    csrf: String,
    organization: Organization,
    role: Role,
    apps: Vec<Registered>,
    others: Vec<Organization>,
    now: Time,
}

impl Desk {
    /// Opens the organization that is asked for, or the person's first. A newcomer gets a personal one where that is allowed.
    async fn open(server: &App, signed: Signed, asked: Option<String>) -> Result<Desk, PageError> {
        let asked = asked.filter(|asked| !asked.is_empty()).map(OrganizationId::from_text);
        Desk::at(server, signed, asked).await
    }

    /// Opens the organization that owns an app, and the app.
    async fn of_app(server: &App, signed: Signed, client_id: &str) -> Result<(Desk, Registered), PageError> {
        let (id, actor) = (AppId::from_text(client_id), Actor::Account(signed.session.account.clone()));
        let found = server.store.read(move |tx| organization::find_app_for(tx, &actor, &id, Role::Viewer)).await;
        let found = found.map_err(refused)?;
        let desk = Desk::at(server, signed, found.organization.clone()).await?;
        Ok((desk, found))
    }

    async fn at(server: &App, signed: Signed, asked: Option<OrganizationId>) -> Result<Desk, PageError> {
        let account = signed.session.account;
        let reader = account.clone();
        let mut mine = server.store.read(move |tx| organization::of_account(tx, &reader)).await?;
        if mine.is_empty() {
            mine.push((personal(server, &account).await?, Role::Owner));
        }
        let place = match &asked {
            None => Some(0),
            Some(asked) => mine.iter().position(|(own, _)| own.id == *asked),
        };
        let place = place.ok_or_else(PageError::not_found)?;
        let (organization, role) = mine.remove(place);
        let owner = organization.id.clone();
        let apps = server.store.read(move |tx| app::list_of_organization(tx, &owner, "", MOST_APPS)).await?;
        let others = mine.into_iter().map(|(other, _)| other).collect();
        Ok(Desk {
            actor: Actor::Account(account),
            csrf: signed.csrf,
            organization,
            role,
            apps,
            others,
            now: server.seams.now(),
        })
    }

    /// True for those who make and change apps.
    fn may_change(&self) -> bool {
        self.role >= Role::Developer
    }

    /// Who looks at what an app has in the vault.
    fn looks(&self, app: &Registered) -> By {
        let who = match &self.actor {
            Actor::Account(account) => vault::by::Who::Account(account.clone()),
            Actor::Operator => vault::by::Who::Operator,
        };
        By { app: app.id.clone(), organization: app.organization.clone(), who }
    }

    /// Who changes what an app has in the vault; whoever only looks does not find the deed.
    fn by(&self, app: &Registered) -> Result<By, PageError> {
        if self.may_change() { Ok(self.looks(app)) } else { Err(PageError::not_found()) }
    }

    fn frame(&self, server: &App) -> Frame {
        page::frame(server).with_csrf(&self.csrf)
    }

    fn rail(&self, tab: DevelopersTab<'_>) -> Rail {
        let others = self
            .others
            .iter()
            .map(|other| Link::new(Name::new(&other.name).as_str(), format!("/developers?organization={}", other.id)));
        let mut apps: Vec<_> = self.apps.iter().map(|app| (app.client_id().to_owned(), Name::new(&app.name))).collect();
        apps.sort_by_key(|(_, name)| name.as_str().to_lowercase());
        let (id, name) = (self.organization.id.as_str().to_owned(), Name::new(&self.organization.name));
        Team { id, name, apps, others: others.collect() }.rail(tab)
    }

    fn head(app: &Registered, tab: AppTab) -> AppHead {
        AppHead { id: app.client_id().to_owned(), app: who(app), is_public: app.kind == AppKind::Public, tab }
    }
}

/// The personal organization of somebody who is in none, made at the first visit.
async fn personal(server: &App, account: &AccountId) -> Result<Organization, PageError> {
    if !server.config.developers.self_service {
        let what = "Only invited developers can register apps here.";
        return Err(PageError::new(StatusCode::FORBIDDEN, what, "Ask the people who run this server to add you."));
    }
    let reader = account.clone();
    let identities = server.store.read(move |tx| people::identity::list_of_account(tx, &reader)).await?;
    let name = identities.first().map_or_else(String::new, |identity| identity.display_name.clone());
    let (account, seams) = (account.clone(), server.seams.clone());
    let made = server.store.write_again(move |tx| organization::personal(tx, &seams, &account, &name)).await;
    made.map_err(refused)
}

/// An app as people see it.
fn who(app: &Registered) -> Who {
    let logo = app.logo.as_ref().map(|logo| format!("/logos/{logo}"));
    Who::app(app.client_id(), &app.name, &app.host(), logo)
}

/// One transaction that changes apps; this node sees the change at once.
async fn change<T, F>(server: &App, mut work: F) -> Result<T, Error>
where
    F: FnMut(&mut Tx<'_>, &Seams) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    let seams = server.seams.clone();
    server.oauth.apps.change(move |tx| work(tx, &seams)).await
}

/// One transaction that changes what an app has in the vault.
async fn change_vault<T, F>(server: &App, by: By, mut work: F) -> Result<T, vault::Error>
where
    F: FnMut(&mut Tx<'_>, &Seams, &By) -> Result<T, vault::Error> + Send + 'static,
    T: Send + 'static,
{
    let seams = server.seams.clone();
    server.store.write_again(move |tx| work(tx, &seams, &by)).await
}

/// The sentence of a refusal, for the field that it is about. Anything else goes its own way.
fn sentence(error: vault::Error) -> Result<String, PageError> {
    match error {
        vault::Error::Refused(refusal) if refusal.code.status() < 404 => {
            let mut letters = refusal.message.chars();
            let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
            Ok(format!("{first}{}.", letters.as_str()))
        }
        other => Err(other.into()),
    }
}

/// The page for a deed that was not done, where no field can say why.
fn refused(error: Error) -> PageError {
    match error {
        Error::NotFound => PageError::not_found(),
        Error::Fault(fault) => PageError::fault(&fault),
        Error::Complaints(complaints) => {
            let sentences: Vec<_> = complaints.iter().map(ToString::to_string).collect();
            PageError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "This was not saved.",
                "Go back, correct it and send it again.",
            )
            .with_detail(sentences.join("; "))
        }
    }
}
