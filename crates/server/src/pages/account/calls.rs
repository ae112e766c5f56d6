//! `/account/calls`: every use of a linked account, a sentence each.

use super::activity::{agent_of, name_of};
use super::{Done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, CallRow, Calls};
use crate::views::{Filter, Link, Moment, Name, Pager};
use axum::extract::State;
use base::{AppId, Time};
use ledger::journal::{self, Told};
use serde::Deserialize;
use std::collections::BTreeMap;

const HERE: &str = "/account/calls";
const PAGE: u32 = 50;
/// An answer comes soon after its call, but others' answers may lie between.
const ANSWERS: u32 = 500;

#[derive(Deserialize)]
pub struct Range {
    before: Option<i64>,
    #[serde(default)]
    app: String,
    #[serde(default)]
    agent: String,
    show: Option<String>,
}

impl Range {
    fn only_refused(&self) -> bool {
        self.show.as_deref() == Some("refused")
    }

    /// The address of another part of the same list.
    fn url(&self, only_refused: bool, before: Option<i64>) -> String {
        let mut fields = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("app", &self.app), ("agent", &self.agent)] {
            if !value.is_empty() {
                fields.append_pair(name, value);
            }
        }
        if only_refused {
            fields.append_pair("show", "refused");
        }
        if let Some(before) = before {
            fields.append_pair("before", &before.to_string());
        }
        let fields = fields.finish();
        if fields.is_empty() { HERE.to_owned() } else { format!("{HERE}?{fields}") }
    }
}

/// `GET /account/calls?show=&app=&agent=&before=`
pub async fn show(State(app): State<App>, signed: Signed, Query(range): Query<Range>) -> PageResult {
    let (frame, rail, _) = place(&app, &signed, AccountTab::Calls, &Done::default()).await?;
    let (account, before) = (signed.session.account.clone(), range.before.unwrap_or(i64::MAX));
    let only_refused = range.only_refused();
    let wanted = journal::Calls { app: range.app.clone(), agent: range.agent.clone(), only_refused };
    let (mut told, answers) = app
        .store
        .read(move |tx| {
            let told = journal::calls_of_account(tx, &account, &wanted, before, PAGE + 1)?;
            let oldest = told.last().map_or(i64::MAX, |last| last.number);
            let answers = journal::answers_of_account(tx, &account, oldest, ANSWERS)?;
            Ok::<_, base::Fault>((told, answers))
        })
        .await?;
    let has_more = told.len() > PAGE as usize;
    told.truncate(PAGE as usize);
    let answers: BTreeMap<&str, &Told> =
        answers.iter().filter_map(|answer| Some((text(answer, "call")?, answer))).collect();
    let (providers, now) = (app.vault.providers().await?, app.seams.now());
    let mut rows = Vec::with_capacity(told.len());
    for line in &told {
        let id = text(line, "provider").unwrap_or_default();
        let known = providers.iter().find(|own| own.id == id);
        let provider =
            known.map_or_else(|| Name::new(if id.is_empty() { "a service" } else { id }), |own| Name::new(&own.name));
        let agent = if line.agent.is_some() { Some(agent_of(&app, line).await?) } else { None };
        let answer = text(line, "call").and_then(|call| answers.get(call)).copied();
        rows.push(row(line, answer, name_of(&app, line.app.as_ref()).await?, agent, provider, now));
    }
    let only = match (told.first(), range.agent.is_empty(), range.app.is_empty()) {
        (Some(first), false, _) => Some(agent_of(&app, first).await?),
        (_, true, false) => Some(name_of(&app, Some(&AppId::from_text(range.app.clone()))).await?),
        _ => None,
    };
    let filter = |text: &str, refused: bool| Filter {
        text: text.to_owned(),
        url: range.url(refused, None),
        is_current: only_refused == refused,
    };
    let older =
        told.last().filter(|_| has_more).map(|last| Link::new("Older", range.url(only_refused, Some(last.number))));
    let newer = range.before.map(|_| Link::new("Newest", range.url(only_refused, None)));
    page::show(&Calls {
        frame,
        rail,
        filters: vec![filter("Every call", false), filter("Refused", true)],
        only,
        rows,
        pager: Pager { newer, older },
    })
}

fn text<'a>(told: &'a Told, name: &str) -> Option<&'a str> {
    told.detail.as_ref()?.get(name)?.as_str()
}

fn row(line: &Told, answer: Option<&Told>, app: Name, agent: Option<Name>, provider: Name, now: Time) -> CallRow {
    let method = text(line, "method").unwrap_or_default().to_ascii_uppercase();
    let url = text(line, "url").unwrap_or_default();
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let is_refused = matches!(line.act.as_str(), "call.refused" | "token.refused");
    CallRow {
        app,
        agent,
        deed: deed(&line.act, &method),
        provider,
        account: text(line, "account").map(Name::new),
        place: if url.is_empty() { method } else { format!("{method} {url}").trim().to_owned() },
        outcome: outcome(line, answer),
        is_refused,
        is_told: line.act == "call.reported",
        reason: text(line, "reason").map(Name::new),
        when: Moment::seen_from(line.at, now),
    }
}

/// What was done, by the method of the call (RFC 9110 §9).
fn deed(act: &str, method: &str) -> &'static str {
    match (act, method) {
        ("token.handed_out", _) => "took a key, to call by itself,",
        ("token.refused", _) => "wanted a key, to call by itself,",
        ("call.refused", "GET" | "HEAD") => "wanted to read from",
        ("call.refused", "DELETE") => "wanted to delete something at",
        ("call.refused", "PUT" | "PATCH") => "wanted to change something at",
        ("call.refused", _) => "wanted to do something at",
        (_, "GET" | "HEAD") => "read from",
        (_, "DELETE") => "deleted something at",
        (_, "PUT" | "PATCH") => "changed something at",
        _ => "did something at",
    }
}

fn outcome(line: &Told, answer: Option<&Told>) -> String {
    let number =
        |told: &Told| told.detail.as_ref().and_then(|detail| detail.get("status")).and_then(serde_json::Value::as_i64);
    match line.act.as_str() {
        "token.handed_out" => "handed out; what it did with it is its own".to_owned(),
        "call.refused" | "token.refused" => match text(line, "code") {
            Some("approval_required" | "approval_pending") => "it has to ask you first".to_owned(),
            Some(code) => format!("not let through: {}", code.replace('_', " ")),
            None => "not let through".to_owned(),
        },
        _ => {
            let told = answer.unwrap_or(line);
            match (text(told, "outcome"), number(told)) {
                (Some("network_error"), _) => "the service did not answer".to_owned(),
                (Some("left"), _) => "the app left before the answer was over".to_owned(),
                (_, Some(status @ 200..=399)) => format!("done ({status})"),
                (_, Some(status)) => format!("the service refused it ({status})"),
                (_, None) if line.act == "call.reported" => "nothing said about the answer".to_owned(),
                (_, None) => "no answer yet".to_owned(),
            }
        }
    }
}
