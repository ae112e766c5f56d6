//! `/account/agents`: agents that may use what one has linked, and putting them out.

use super::access::app_of;
use super::connections::{Nothing, words};
use super::linked::{self, MOST, Words};
use super::{Done, done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, AgentDeed, AgentRow, Agents};
use crate::views::{End, Moment, Name};
use axum::extract::{Path, State};
use base::{AgentId, Time};
use ledger::Grant;
use std::collections::BTreeMap;
use vault::agent::Status;
use vault::connection::Linked;

const HERE: &str = "/account/agents";

/// What each agent may use, by agent.
fn by_agent(all: &[Linked], now: Time) -> BTreeMap<&AgentId, Vec<(&Grant, &Linked)>> {
    let mut found: BTreeMap<&AgentId, Vec<(&Grant, &Linked)>> = BTreeMap::new();
    for one in all {
        for grant in one.grants.iter().filter(|grant| grant.is_live(now)) {
            if let Some(agent) = &grant.agent {
                found.entry(agent).or_default().push((grant, one));
            }
        }
    }
    found
}

fn deed(grant: &Grant, one: &Linked, words: &Words, now: Time) -> AgentDeed {
    AgentDeed {
        deed: words.deed(grant, &one.connection),
        provider: words.provider_name(&one.connection.provider),
        account: Name::new(&one.connection.label),
        until: grant.expires_at.map(|at| Moment::seen_from(at, now)),
    }
}

/// `GET /account/agents`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    let (frame, rail, _) = place(&app, &signed, AccountTab::Agents, &said).await?;
    let (account, now) = (&signed.session.account, app.seams.now());
    let all = app.vault.used_by(account, MOST).await?;
    let words = words(&app, account, &all).await?;
    let mut rows = Vec::new();
    for (id, uses) in by_agent(&all, now) {
        let Some((first, _)) = uses.first() else { continue };
        let last = uses.iter().filter_map(|(grant, _)| grant.last_used_at).max();
        rows.push(AgentRow {
            name: words.agent_name(Some(id)),
            app: app_of(&app, first).await?,
            is_suspended: words.agent(id).is_some_and(|agent| agent.status() != Status::Active),
            deeds: uses.iter().map(|(grant, one)| deed(grant, one, &words, now)).collect(),
            last_call: last.map(|at| Moment::seen_from(at, now)),
            calls_url: format!("/account/calls?agent={id}"),
            end_url: format!("{HERE}/{id}/end"),
        });
    }
    page::show(&Agents { frame, rail, rows })
}

/// `GET /account/agents/{id}/end`
pub async fn ask(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let (account, now, id) = (&signed.session.account, app.seams.now(), AgentId::from_text(id));
    let all = app.vault.used_by(account, MOST).await?;
    let uses = by_agent(&all, now).remove(&id).ok_or_else(PageError::not_found)?;
    let words = words(&app, account, &all).await?;
    let name = words.agent_name(Some(&id));
    let mut ends = Vec::new();
    for (grant, one) in &uses {
        let told = deed(grant, one, &words, now);
        ends.push(format!("{name} may no longer {} at {} as {}.", told.deed, told.provider, told.account));
        for child in linked::below(one, &grant.id).into_iter().filter(|child| child.agent.as_ref() != Some(&id)) {
            let other = words.agent_name(child.agent.as_ref());
            ends.push(format!(
                "{other}, which had it from {name}, may no longer {}.",
                words.deed(child, &one.connection)
            ));
        }
    }
    let (frame, rail, _) = place(&app, &signed, AccountTab::Agents, &Done::default()).await?;
    page::show(&End {
        frame,
        rail,
        heading: format!("End everything that {name} may do?"),
        ends,
        note: Some("Its app keeps what you allowed the app itself. End that under Connections.".to_owned()),
        action: format!("{HERE}/{id}/end"),
        fields: Vec::new(),
        confirm: None,
        verb: "End all of it".to_owned(),
        cancel_url: HERE.to_owned(),
    })
}

/// `POST /account/agents/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    let ended = app.vault.end_agent_of_person(&signed.session.account, &AgentId::from_text(id)).await?;
    if ended == 0 {
        return Err(PageError::not_found());
    }
    Ok(done(HERE, "agent-ended"))
}
