//! `/account/connections`: accounts at other services, who may use them, repairing and removing them.

use super::access::{app_of, end_url};
use super::linked::{self, Words};
use super::{Done, done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, ConnectionRow, Connections, Holder, HolderAgent, Through};
use crate::views::{End, Line, Link, May, Moment, Name, Pager, Risk, Tile};
use crate::widget;
use axum::extract::{Path, State};
use base::{AccountId, ConnectionId, Time};
use ledger::{Grant, Presence};
use serde::Deserialize;
use vault::connection::{Linked, Trouble};
use vault::link::Outcome;
use vault::provider;

const HERE: &str = "/account/connections";
const PAGE: u32 = 25;

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    done: Option<String>,
    /// What went wrong on the way to a service.
    trouble: Option<String>,
    #[serde(default)]
    before: String,
}

/// `GET /account/connections?before=`
pub async fn show(State(app): State<App>, signed: Signed, Query(asked): Query<Asked>) -> PageResult {
    let said = Done { done: asked.done };
    let (frame, rail, _) = place(&app, &signed, AccountTab::Connections, &said).await?;
    let (account, now) = (&signed.session.account, app.seams.now());
    let mut all = app.vault.linked_by(account, &asked.before, PAGE + 1).await?;
    let has_more = all.len() > PAGE as usize;
    all.truncate(PAGE as usize);
    let words = words(&app, account, &all).await?;
    let mut rows = Vec::with_capacity(all.len());
    for one in &all {
        rows.push(row(&app, one, &words, now).await?);
    }
    let older =
        all.last().filter(|_| has_more).map(|last| Link::new("Older", format!("{HERE}?before={}", last.connection.id)));
    let newer = (!asked.before.is_empty()).then(|| Link::new("Newest", HERE));
    let trouble = asked.trouble.as_deref().and_then(trouble);
    page::show(&Connections { frame, rail, rows, trouble, pager: Pager { newer, older } })
}

/// The words for what these accounts are used for.
pub(super) async fn words(app: &App, account: &AccountId, all: &[Linked]) -> Result<Words, PageError> {
    Words::of(app, all, app.oauth.delegations(account, false).await?).await
}

async fn row(app: &App, one: &Linked, words: &Words, now: Time) -> Result<ConnectionRow, PageError> {
    let connection = &one.connection;
    let (known, name) = (words.provider(&connection.provider), words.provider_name(&connection.provider));
    let mut holders = Vec::new();
    for grant in linked::of_apps(one).filter(|grant| grant.is_live(now)) {
        holders.push(holder(app, one, grant, words, now).await?);
    }
    let lines = known.map(|known| known.in_words(&connection.scopes)).unwrap_or_default();
    Ok(ConnectionRow {
        id: connection.id.as_str().to_owned(),
        tile: Tile::app(&connection.provider, &name, None),
        host: known.map(|known| known.known_host().to_owned()).unwrap_or_default(),
        account: Name::new(&connection.label),
        may: May { lines: lines.iter().map(line).collect() },
        holders,
        since: Moment::day(connection.created_at, now),
        last_used: connection.last_used_at.map(|at| Moment::seen_from(at, now)),
        trouble: connection.trouble.map(|trouble| why(trouble, &name)),
        can_repair: known.is_some_and(|known| known.auth.kind.is_oauth()),
        provider: name,
    })
}

async fn holder(app: &App, one: &Linked, grant: &Grant, words: &Words, now: Time) -> Result<Holder, PageError> {
    let through = words.delegation(&grant.id).map(|own| Through {
        name: Name::new(own.resource_name.as_deref().unwrap_or(&own.key)),
        is_away: own.presence == Presence::Background,
        is_suspended: own.is_suspended,
    });
    let agents = linked::below(one, &grant.id).into_iter().filter(|child| child.is_live(now)).map(|child| {
        let parent = one.grants.iter().find(|own| Some(&own.id) == child.parent.as_ref());
        HolderAgent {
            name: words.agent_name(child.agent.as_ref()),
            deed: words.deed(child, &one.connection),
            passed_on_by: parent.and_then(|own| own.agent.as_ref()).map(|id| words.agent_name(Some(id))),
            last_used: child.last_used_at.map(|at| Moment::seen_from(at, now)),
            until: child.expires_at.map(|at| Moment::seen_from(at, now)),
            end_url: end_url(&child.id),
        }
    });
    Ok(Holder {
        app: app_of(app, grant).await?,
        deed: words.deed(grant, &one.connection),
        through,
        since: Moment::day(grant.created_at, now),
        last_used: grant.last_used_at.map(|at| Moment::seen_from(at, now)),
        until: grant.expires_at.map(|at| Moment::seen_from(at, now)),
        end_url: end_url(&grant.id),
        agents: agents.collect(),
    })
}

/// A scope of a service as a line with its mark.
pub(crate) fn line(scope: &provider::Scope) -> Line {
    let risk = match scope.risk {
        provider::Risk::Low => Risk::Sees,
        provider::Risk::Medium => Risk::Changes,
        provider::Risk::High => Risk::Acts,
    };
    Line::new(risk, Name::new(&scope.text).as_str())
}

fn why(trouble: Trouble, provider: &Name) -> String {
    let reason = match trouble {
        Trouble::Refused => format!("{provider} no longer accepts what is kept here"),
        Trouble::InDoubt => format!("an answer of {provider} was lost on the way"),
        Trouble::Expired => "its time is over and it cannot be renewed".to_owned(),
    };
    format!("This has to be connected again: {reason}. Until then nobody can use it. What you have allowed stays.")
}

fn trouble(word: &str) -> Option<&'static str> {
    Some(match word {
        "declined" => "You said no there, so nothing has changed.",
        "other-account" => {
            "You signed in there with another account, so nothing has changed. Repair it with the account that is named here."
        }
        "failed" => "The service could not connect it again. Wait a moment and repair it once more.",
        "not-set-up" => "This service is not set up here any more. Tell the people who make the app.",
        _ => return None,
    })
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/connections/{id}/repair`
pub async fn repair(
    State(app): State<App>,
    signed: Signed,
    source: Source,
    Path(id): Path<String>,
    cookie: FlowCookie,
    Form(_): Form<Nothing>,
) -> PageResult {
    app.limits.pass(Gate::Connect, source, None).map_err(PageError::too_many)?;
    let id = ConnectionId::from_text(id);
    let url = match app.vault.repair_of_person(&signed.session.account, &id, &cookie.browser).await {
        Ok(url) => url,
        Err(error) if error.code() == Some(vault::Code::ProviderMisconfigured) => {
            return Ok(page::go(&format!("{HERE}?trouble=not-set-up")));
        }
        Err(error) if error.code() == Some(vault::Code::NotFound) => return Err(PageError::not_found()),
        Err(error) => return Err(widget::refused(error)),
    };
    Ok(cookie.on(page::go(&url)))
}

/// Where a repair leads in the end.
pub(crate) fn repaired(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Granted(_) | Outcome::Linked(_) => format!("{HERE}?done=repaired"),
        Outcome::Declined { .. } => format!("{HERE}?trouble=declined"),
        Outcome::Failed { code, .. } if code == "account_mismatch" => format!("{HERE}?trouble=other-account"),
        Outcome::Failed { .. } => format!("{HERE}?trouble=failed"),
    }
}

/// `GET /account/connections/{id}/end`
pub async fn ask(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let account = &signed.session.account;
    let found = app.vault.linked_one(account, &ConnectionId::from_text(id)).await?.ok_or_else(PageError::not_found)?;
    let words = words(&app, account, std::slice::from_ref(&found)).await?;
    let asked = linked::about_all(&app, &found, &words).await?;
    let (frame, rail, _) = place(&app, &signed, AccountTab::Connections, &Done::default()).await?;
    page::show(&End {
        frame,
        rail,
        heading: asked.heading,
        ends: asked.ends,
        note: Some(asked.note),
        action: format!("{HERE}/{}/end", found.connection.id),
        fields: Vec::new(),
        confirm: None,
        verb: "Remove and end all of it".to_owned(),
        cancel_url: HERE.to_owned(),
    })
}

/// `POST /account/connections/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    let removed = app.vault.remove_connection_of_person(&signed.session.account, &ConnectionId::from_text(id)).await?;
    removed.ok_or_else(PageError::not_found)?;
    Ok(done(HERE, "connection-removed"))
}
