//! What happened with an app. Developers see deeds and numbers, never who the people are.

use super::Desk;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppActivity, AppCounts, AppTab, DevelopersTab};
use crate::views::{Event, Link, Moment, Name, Pager, Weight};
use axum::extract::{Path, State};
use base::Fault;
use base::id::first_number_at;
use ledger::grant;
use ledger::journal::{self, Told};
use serde::Deserialize;

const LINES: u32 = 50;
const WEEK_SECS: i64 = 7 * 86_400;

#[derive(Deserialize)]
pub(super) struct Part {
    before: Option<i64>,
}

/// `GET /developers/apps/{client_id}/activity`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (id, since) = (app.id.clone(), first_number_at(desk.now.plus_secs(-WEEK_SECS)));
    let before = part.before.unwrap_or(i64::MAX);
    let (mut told, deeds, (people, _)) = server
        .store
        .read(move |tx| {
            let told = journal::list_of_both(tx, &id, before, LINES + 1)?;
            Ok::<_, Fault>((told, journal::count_of_app(tx, &id, since)?, grant::use_of_app(tx, &id)?))
        })
        .await?;
    let here = format!("/developers/apps/{}/activity", app.client_id());
    let has_more = told.len() > LINES as usize;
    told.truncate(LINES as usize);
    let older =
        told.last().filter(|_| has_more).map(|last| Link::new("Older", format!("{here}?before={}", last.number)));
    let newer = part.before.map(|_| Link::new("Newest", here));
    let count = |wanted: &[&str]| {
        let times: i64 = deeds.iter().filter(|(act, _)| wanted.contains(&act.as_str())).map(|(_, times)| times).sum();
        u32::try_from(times).unwrap_or(u32::MAX)
    };
    page::show(&AppActivity {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(&app, AppTab::Activity),
        counts: AppCounts {
            people: u32::try_from(people).unwrap_or(u32::MAX),
            sign_ins_7_days: count(&["code.redeemed"]),
            refusals_7_days: count(&["sign_in.denied", "code.replayed", "code.burned", "refresh_token.reused"]),
        },
        events: told.iter().map(|told| event(told, &desk)).collect(),
        pager: Pager { newer, older },
    })
}

fn event(told: &Told, desk: &Desk) -> Event {
    let (sentence, weight) = sentence(told);
    Event { sentence, device: None, place: None, when: Moment::seen_from(told.at, desk.now), weight }
}

/// A deed in the past tense. One that has no sentence yet is told in its own words.
fn sentence(told: &Told) -> (String, Weight) {
    let detail = |name: &str| told.detail.as_ref().and_then(|detail| detail.get(name));
    let by = match detail("by").and_then(|by| by.as_str()) {
        Some("operator") => "An operator",
        Some(by) if by.starts_with("key ") => "The backend",
        _ => "A member",
    };
    let text = |name: &str| detail(name).and_then(|value| value.as_str()).map(Name::new).unwrap_or_default();
    let resource = text("resource");
    match told.act.as_str() {
        "app.created" => (format!("{by} registered the app."), Weight::Notable),
        "app.updated" => {
            let fields = detail("fields").and_then(|fields| fields.as_array());
            let names: Vec<_> = fields.into_iter().flatten().filter_map(|name| name.as_str()).collect();
            let what = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            (format!("{by} changed {what}."), Weight::Plain)
        }
        "app.disabled" => (format!("{by} switched the app off."), Weight::Alarming),
        "app.enabled" => (format!("{by} switched the app on again."), Weight::Notable),
        "app.secret_rotated" => (format!("{by} made a new client secret."), Weight::Notable),
        "app.secret_ended" => (format!("{by} ended a client secret."), Weight::Notable),
        "sign_in.allowed" => ("Somebody allowed it.".to_owned(), Weight::Plain),
        "sign_in.denied" => ("Somebody denied it.".to_owned(), Weight::Plain),
        "code.redeemed" => ("Somebody signed in.".to_owned(), Weight::Plain),
        "code.replayed" => {
            ("A code was sent a second time; the tokens of the first were ended.".to_owned(), Weight::Alarming)
        }
        "code.burned" => ("A code came with a wrong code_verifier and was burned.".to_owned(), Weight::Alarming),
        "refresh_token.reused" => {
            ("A refresh token was sent a second time; its family was ended.".to_owned(), Weight::Alarming)
        }
        "client_credentials.issued" => ("The app got a token for itself.".to_owned(), Weight::Plain),
        "token.revoked" => ("The app gave a token back.".to_owned(), Weight::Plain),
        "connector.allowed" => (format!("Somebody allowed it to use {resource}."), Weight::Plain),
        "connector.denied" => (format!("Somebody did not let it use {resource}."), Weight::Plain),
        "connector.granted" => (format!("It got a grant on {resource}."), Weight::Plain),
        "connector.ended" => (format!("A grant on {resource} ended."), Weight::Plain),
        "token.exchanged" => (format!("A token was exchanged for {resource}."), Weight::Plain),
        "delegated_token.revoked" => (format!("A delegated token for {resource} was revoked."), Weight::Plain),
        "token_exchange.refused" => {
            (format!("A token exchange for {resource} was refused: {}.", text("error")), Weight::Plain)
        }
        "resource.created" => (format!("{by} registered the resource {resource}."), Weight::Notable),
        "resource.updated" if detail("suspends_grants").and_then(serde_json::Value::as_bool) == Some(true) => (
            format!("{by} changed {resource}: every grant on it waits until its person is asked again."),
            Weight::Notable,
        ),
        "resource.updated" => (format!("{by} changed {resource}."), Weight::Plain),
        "resource.paused" => (format!("{by} paused {resource}."), Weight::Notable),
        "resource.resumed" => (format!("{by} resumed {resource}."), Weight::Notable),
        "resource.deleted" => (format!("{by} removed the resource {resource}."), Weight::Notable),
        "grant.ended" => ("Somebody ended what they had allowed it.".to_owned(), Weight::Plain),
        "app_key.minted" => (format!("{by} made the key {}.", text("name")), Weight::Notable),
        "app_key.derived" => ("A key was derived from another.".to_owned(), Weight::Plain),
        "app_key.rotated" => (format!("{by} rotated a key."), Weight::Notable),
        "app_key.revoked" => (format!("{by} revoked the key {}….", text("hint")), Weight::Notable),
        "agent.created" => (format!("{by} made the agent {}.", text("name")), Weight::Notable),
        "agent.changed" => (format!("{by} changed the agent {}.", text("name")), Weight::Plain),
        "agent.suspended" => (format!("{by} suspended the agent {}.", text("name")), Weight::Notable),
        "agent.resumed" => (format!("{by} resumed the agent {}.", text("name")), Weight::Notable),
        "agent.revoked" => (format!("{by} revoked the agent {}.", text("name")), Weight::Notable),
        "agent.key_minted" => (format!("{by} made a key of an agent."), Weight::Notable),
        "agent.key_revoked" => (format!("{by} revoked a key of an agent."), Weight::Notable),
        "provider.changed" => (format!("The credentials at {} were changed.", text("provider")), Weight::Notable),
        "provider.credentials_refused" => {
            (format!("{} refuses the credentials: paste new ones.", text("provider")), Weight::Alarming)
        }
        "identity_issuer.set" => (format!("{by} set the identity provider {}.", text("issuer")), Weight::Notable),
        "identity_issuer.removed" => (format!("{by} removed the identity provider."), Weight::Notable),
        "webhook.created" => (format!("{by} added the webhook {}.", text("url")), Weight::Notable),
        "webhook.changed" => (format!("{by} changed the webhook {}.", text("url")), Weight::Plain),
        "webhook.removed" => (format!("{by} removed the webhook {}.", text("url")), Weight::Notable),
        "webhook.resent" => (format!("{by} sent a delivery once more."), Weight::Plain),
        "connect.session_opened" => ("The backend opened a connect session.".to_owned(), Weight::Plain),
        "connect.declined" => ("Somebody did not link an account.".to_owned(), Weight::Plain),
        "connection.created" => (format!("Somebody linked an account at {}.", text("provider")), Weight::Plain),
        "connection.repaired" => {
            (format!("Somebody connected an account at {} again.", text("provider")), Weight::Plain)
        }
        "connection.refreshed" => (format!("A connection to {} was renewed.", text("provider")), Weight::Plain),
        "connection.reauth_required" => {
            (format!("A connection to {} has to be connected again.", text("provider")), Weight::Notable)
        }
        "connection.removed" => (format!("A connection to {} was removed.", text("provider")), Weight::Plain),
        "connection.scope_mismatch" => ("A call found a scope missing.".to_owned(), Weight::Notable),
        "connection_grant.ended" => ("A grant on a connection ended.".to_owned(), Weight::Plain),
        "agent_grant.opened" => ("An agent was let in.".to_owned(), Weight::Plain),
        "agent_grant.ended" => ("An agent was put out.".to_owned(), Weight::Plain),
        "token.handed_out" => (format!("A token of {} was handed out.", text("provider")), Weight::Plain),
        "token.refused" => (format!("A token of {} was refused: {}.", text("provider"), text("code")), Weight::Plain),
        "call.sent" => (format!("A call went to {}.", text("provider")), Weight::Plain),
        "call.answered" => ("A call was answered.".to_owned(), Weight::Plain),
        "call.refused" => (format!("A call to {} was refused: {}.", text("provider"), text("code")), Weight::Plain),
        "call.reported" => (format!("The backend reported a call to {}.", text("provider")), Weight::Plain),
        other => (format!("{}.", other.replace(['.', '_'], " ")), Weight::Plain),
    }
}
