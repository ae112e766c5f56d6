//! The agents of an app.

use super::end::Nothing;
use super::keys::line as key_line;
use super::{Desk, change_vault};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AgentLine, AppAgents, AppTab, DevelopersTab};
use crate::views::{End, Link, Moment, Name, Pager};
use axum::extract::{Path, State};
use base::{AgentId, Time};
use oauth::app::App as Registered;
use serde::Deserialize;
use vault::agent::{self, Agent};
use vault::key::Key;

const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    said: Option<String>,
    #[serde(default)]
    after: u32,
}

impl Part {
    fn notice(&self) -> Option<&'static str> {
        Some(match self.said.as_deref()? {
            "suspended" => "The agent is suspended: its calls are refused until you resume it.",
            "resumed" => "The agent may act again.",
            "revoked" => "The agent is revoked, with its keys and everything it was allowed.",
            _ => return None,
        })
    }
}

fn home(app: &Registered) -> String {
    format!("/developers/apps/{}/agents", app.client_id())
}

/// `GET /developers/apps/{client_id}/agents?after=`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, after) = (desk.looks(&app), part.after);
    let found = server.store.read(move |tx| {
        let mut found = Vec::new();
        for one in agent::list_of_app(tx, &by.app, true, PAGE + 1, after)? {
            let keys = agent::list_keys(tx, &by, &one.id)?;
            found.push((one, keys));
        }
        Ok::<_, vault::Error>(found)
    });
    let mut found = found.await?;
    let has_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let here = home(&app);
    let older = has_more.then(|| Link::new("More", format!("{here}?after={}", after.saturating_add(PAGE))));
    let newer = (after > 0).then(|| Link::new("First", here));
    let frame = desk.frame(&server);
    page::show(&AppAgents {
        frame: match part.notice() {
            Some(notice) => frame.with_notice(notice),
            None => frame,
        },
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(&app, AppTab::Agents),
        rows: found.iter().map(|(one, keys)| row(one, keys, desk.now)).collect(),
        pager: Pager { newer, older },
        may_change: desk.may_change(),
    })
}

fn row(one: &Agent, keys: &[Key], now: Time) -> AgentLine {
    AgentLine {
        id: one.id.as_str().to_owned(),
        name: Name::new(one.display_name.as_deref().unwrap_or(&one.name)),
        key: one.name.clone(),
        kind: one.kind.as_str(),
        status: one.status().as_str(),
        scopes: one.effective_scopes(now).iter().map(|(provider, words)| (provider.clone(), words.join(" "))).collect(),
        made: Moment::day(one.created_at, now),
        last_used: one.last_used_at.map(|at| Moment::seen_from(at, now)),
        keys: keys.iter().map(|key| key_line(key, now)).collect(),
    }
}

/// `POST /developers/apps/{client_id}/agents/{agent_id}/suspend`
pub(super) async fn suspend(
    State(server): State<App>,
    signed: Signed,
    Path((id, agent)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, agent) = (desk.by(&app)?, AgentId::from_text(agent));
    change_vault(&server, by, move |tx, seams, by| agent::suspend(tx, seams, by, &agent, None)).await?;
    Ok(page::go(&format!("{}?said=suspended", home(&app))))
}

/// `POST /developers/apps/{client_id}/agents/{agent_id}/resume`
pub(super) async fn resume(
    State(server): State<App>,
    signed: Signed,
    Path((id, agent)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, agent) = (desk.by(&app)?, AgentId::from_text(agent));
    change_vault(&server, by, move |tx, seams, by| agent::resume(tx, seams, by, &agent, None)).await?;
    Ok(page::go(&format!("{}?said=resumed", home(&app))))
}

/// `GET /developers/apps/{client_id}/agents/{agent_id}/end`
pub(super) async fn ask(
    State(server): State<App>,
    signed: Signed,
    Path((id, agent)): Path<(String, String)>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, agent) = (desk.by(&app)?, AgentId::from_text(agent));
    let found =
        server.store.read(move |tx| agent::find(tx, &by.app, &agent)).await?.ok_or_else(PageError::not_found)?;
    let name = Name::new(found.display_name.as_deref().unwrap_or(&found.name));
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: format!("Revoke {name}?"),
        ends: vec![
            "Its keys stop to work.".to_owned(),
            "Everything that people have allowed it ends, and what it passed on to other agents.".to_owned(),
        ],
        note: Some("A revoked agent stays revoked. To stop it for a while, suspend it instead.".to_owned()),
        action: format!("{}/{}/end", home(&app), found.id),
        fields: Vec::new(),
        confirm: None,
        verb: "Revoke the agent".to_owned(),
        cancel_url: home(&app),
    })
}

/// `POST /developers/apps/{client_id}/agents/{agent_id}/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path((id, agent)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, agent) = (desk.by(&app)?, AgentId::from_text(agent));
    change_vault(&server, by, move |tx, seams, by| agent::revoke(tx, seams, by, &agent)).await?;
    Ok(page::go(&format!("{}?said=revoked", home(&app))))
}
