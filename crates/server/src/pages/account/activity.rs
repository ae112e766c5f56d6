//! `/account/activity`: what happened, a sentence each.

use super::{Done, linked, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, Activity};
use crate::views::{Event, Link, Moment, Name, Pager, Weight};
use axum::extract::State;
use base::AppId;
use ledger::journal::Told;
use people::identity::Identity;
use serde::Deserialize;
use vault::agent;

const PAGE: u32 = 50;

#[derive(Deserialize)]
pub struct Range {
    before: Option<i64>,
}

/// `GET /account/activity?before=`
pub async fn show(State(app): State<App>, signed: Signed, Query(range): Query<Range>) -> PageResult {
    let (frame, rail, identities) = place(&app, &signed, AccountTab::Activity, &Done::default()).await?;
    let told = app.people.activity(&signed.session.account, range.before.unwrap_or(i64::MAX), PAGE).await?;
    let is_full = told.len() == PAGE as usize;
    let older = told
        .last()
        .filter(|_| is_full)
        .map(|last| Link::new("Older", format!("/account/activity?before={}", last.number)));
    let newer = range.before.map(|_| Link::new("Newest", "/account/activity"));
    let view = Activity {
        frame,
        rail,
        filters: Vec::new(),
        events: events(&app, &told, &identities).await?,
        pager: Pager { newer, older },
        kept_for: "as long as the account".to_owned(),
    };
    page::show(&view)
}

/// The lines as sentences.
pub async fn events(app: &App, told: &[Told], identities: &[Identity]) -> Result<Vec<Event>, PageError> {
    let providers = app.vault.providers().await?;
    let mut events = Vec::with_capacity(told.len());
    for line in told {
        let name = name_of(app, line.app.as_ref()).await?;
        let at = name_of(app, line.target.as_ref()).await?;
        let agent = agent_of(app, line).await?;
        let id = line.detail.as_ref().and_then(|detail| detail.get("provider")).and_then(|own| own.as_str());
        let provider = providers.iter().find(|own| Some(own.id.as_str()) == id);
        let provider = provider.map_or_else(|| Name::new(id.unwrap_or("a service")), |own| Name::new(&own.name));
        let device = line.detail.as_ref().and_then(|detail| detail.get("device")).and_then(|device| device.as_str());
        events.push(Event {
            sentence: sentence(line, (name.as_str(), at.as_str(), agent.as_str(), provider.as_str()), identities),
            device: device.map(Name::new),
            place: line.source.clone(),
            when: Moment::seen_from(line.at, app.seams.now()),
            weight: weight(&line.act),
        });
    }
    Ok(events)
}

pub(super) async fn name_of(app: &App, id: Option<&AppId>) -> Result<Name, PageError> {
    let found = match id {
        Some(id) => app.oauth.app(id.as_str()).await?,
        None => None,
    };
    Ok(found.map_or_else(|| Name::new("an app"), |found| Name::new(&found.name)))
}

/// The agent that a line is about, also one that has been revoked.
pub(super) async fn agent_of(app: &App, line: &Told) -> Result<Name, PageError> {
    let (Some(owner), Some(id)) = (line.app.clone(), line.agent.clone()) else { return Ok(Name::new("an agent")) };
    let found = app.store.read(move |tx| agent::find(tx, &owner, &id)).await?;
    Ok(found.map_or_else(|| Name::new("an agent"), |found| linked::name_of(&found)))
}

/// How much a line deserves a look.
pub fn weight(act: &str) -> Weight {
    match act {
        "passkey.copied" | "recovery_code.refused" | "refresh_token.reused" | "code.replayed" => Weight::Alarming,
        "passkey.added"
        | "passkey.removed"
        | "recovery_code.used"
        | "recovery_codes.made"
        | "approval.given"
        | "one_time_link.used"
        | "operator.made"
        | "session.opened"
        | "sign_in.allowed"
        | "connector.allowed"
        | "session_token.made"
        | "call_approval.decided"
        | "connection.created"
        | "connection.reauth_required"
        | "agent_grant.opened"
        | "data.exported" => Weight::Notable,
        _ => Weight::Plain,
    }
}

/// A deed in the past tense. `at` is the other app, where two took part.
fn sentence(told: &Told, (app, at, agent, provider): (&str, &str, &str, &str), identities: &[Identity]) -> String {
    let detail = |name: &str| {
        let value = told.detail.as_ref().and_then(|detail| detail.get(name)).and_then(|value| value.as_str());
        value.map(Name::new).unwrap_or_default()
    };
    let identity = || {
        let found = identities.iter().find(|identity| told.identity.as_ref() == Some(&identity.id));
        found.map_or_else(|| "an identity".to_owned(), |identity| format!("@{}", identity.handle))
    };
    let caller = if told.agent.is_some() { format!("{agent}, an agent of {app},") } else { app.to_owned() };
    match told.act.as_str() {
        "account.created" => "You made this account.".to_owned(),
        "account.disabled" => "This account was disabled.".to_owned(),
        "operator.made" => "You became an operator of this server.".to_owned(),
        "identity.created" => format!("You made {}.", identity()),
        "identity.changed" => format!("You changed {}.", identity()),
        "identity.deleted" => "You deleted an identity.".to_owned(),
        "picture.changed" => format!("You changed the picture of {}.", identity()),
        "email.asked" => format!("A code was sent to prove an address of {}.", identity()),
        "email.verified" => format!("You proved the address of {}.", identity()),
        "email.removed" => format!("You removed the address of {}.", identity()),
        "passkey.added" => format!("You added the passkey {}.", detail("name")),
        "passkey.renamed" => "You renamed a passkey.".to_owned(),
        "passkey.removed" => "You removed a passkey.".to_owned(),
        "passkey.copied" => {
            format!("A sign-in with the passkey {} was refused: it may have been copied. Remove it.", detail("name"))
        }
        "session.opened" => match detail("by").as_str() {
            "passkey" => "You signed in with a passkey.".to_owned(),
            "recovery_code" => "You signed in with a recovery code.".to_owned(),
            "approval" => "You signed in, approved by another device.".to_owned(),
            "one_time_link" => "You signed in by a one-time link.".to_owned(),
            _ => "You signed in.".to_owned(),
        },
        "session.renewed" => "You confirmed that it is you.".to_owned(),
        "session.ended" => "You signed out.".to_owned(),
        "sessions.ended" => "You signed out everywhere else.".to_owned(),
        "device.renamed" => "You renamed a device.".to_owned(),
        "device.removed" => "You removed a device.".to_owned(),
        "recovery_codes.made" => "You made new recovery codes.".to_owned(),
        "recovery_code.used" => "A recovery code was used.".to_owned(),
        "recovery_code.refused" => "A wrong recovery code was tried.".to_owned(),
        "approval.given" => "You let another device in.".to_owned(),
        "approval.denied" => "You turned another device away.".to_owned(),
        "one_time_link.made" => "A one-time link was made for you by whoever runs this server.".to_owned(),
        "one_time_link.used" => "A one-time link was used to sign in.".to_owned(),
        "invitation.made" => "You made an invitation.".to_owned(),
        "data.exported" => "You took your data along.".to_owned(),
        "access.ended" => format!("You ended what {app} may do."),
        "sign_in.allowed" => format!("You let {app} know you as {}.", identity()),
        "sign_in.denied" => format!("You did not let {app} know you."),
        "code.redeemed" => format!("You signed in to {app}."),
        "code.replayed" | "code.burned" => format!("A sign-in to {app} was used twice, so it was ended."),
        "refresh_token.reused" => format!("{app} used something twice that works once, so you are signed out there."),
        "connector.allowed" => format!("You let {app} use {at} as {}.", identity()),
        "connector.denied" => format!("You did not let {app} use {at}."),
        "connector.granted" => format!("{app} got what you allowed it at {at}."),
        "connector.ended" => format!("What {app} may do at {at} ended."),
        "token.exchanged" => format!("{app} used {at} in your name."),
        "token_exchange.refused" => format!("{app} wanted to use {at} in your name, and was refused."),
        "delegated_token.revoked" => format!("What {app} held for {at} was given back."),
        "session_token.made" => format!("You made the key {} for a program of yours.", detail("name")),
        "session_token.ended" => "You ended a key of a program of yours.".to_owned(),
        "connect.session_opened" => format!("{app} asked you to link an account."),
        "connect.declined" => format!("You did not link an account to {app}."),
        "connection.created" => format!("You linked {} at {provider} to {app}.", detail("account")),
        "connection.repaired" => format!("You connected {} at {provider} again.", detail("account")),
        "connection.refreshed" => format!("The connection to {provider} was renewed."),
        "connection.reauth_required" => {
            format!("{} at {provider} has to be connected again.", detail("account"))
        }
        "connection.removed" => format!("{} at {provider} was removed.", detail("account")),
        "connection.revoked_upstream" => format!("{provider} was told to forget a connection."),
        "connection.scope_mismatch" => format!("{app} found that an account allows it less than it needs."),
        "connection_grant.opened" => format!("You let {app} use an account that you linked."),
        "connection_grant.ended" => format!("What {app} may do with an account that you linked ended."),
        "connection_grant.minted" => format!("{app} took a part of what it may do with an account that you linked."),
        "agent_grant.opened" => format!("{app} let its agent {agent} use an account that you linked."),
        "agent_grant.ended" => format!("{agent}, an agent of {app}, may no longer use an account that you linked."),
        "token.handed_out" => format!("{app} took a key to your account at {provider} to use it itself."),
        "token.refused" => format!("{app} wanted a key to your account at {provider}, and was refused."),
        "call.sent" => format!("{caller} called {provider} in your name."),
        "call.answered" => format!("{caller} got an answer to a call in your name."),
        "call.refused" => format!("{caller} wanted to call {provider} in your name, and was refused."),
        "call.reported" => format!("{app} says that it called {provider} in your name."),
        "approval.requested" => format!("{caller} asked you to approve a call at {provider}."),
        "approval.decided" => format!("You decided about a call of {caller} at {provider}."),
        "approval.executed" => format!("A call of {caller} at {provider} was made after you approved it."),
        "app_key.minted" => format!("You made a key for {app}."),
        "app_key.derived" => format!("A key of {app} was derived from another."),
        "app_key.rotated" => format!("You rotated a key of {app}."),
        "app_key.revoked" => format!("You revoked a key of {app}."),
        "agent.created" => format!("You made {agent}, an agent of {app}."),
        "agent.changed" => format!("You changed {agent}, an agent of {app}."),
        "agent.suspended" => format!("You suspended {agent}, an agent of {app}."),
        "agent.resumed" => format!("You resumed {agent}, an agent of {app}."),
        "agent.revoked" => format!("You revoked {agent}, an agent of {app}."),
        "agent.key_minted" => format!("You made a key for {agent}, an agent of {app}."),
        "agent.key_deprecated" | "agent.key_undeprecated" => {
            format!("You changed a key of {agent}, an agent of {app}.")
        }
        "agent.key_revoked" => format!("You revoked a key of {agent}, an agent of {app}."),
        "identity_issuer.set" => format!("You set the identity provider of {app}."),
        "identity_issuer.removed" => format!("You removed the identity provider of {app}."),
        "webhook.created" => format!("You added a webhook to {app}."),
        "webhook.changed" => format!("You changed a webhook of {app}."),
        "webhook.removed" => format!("You removed a webhook of {app}."),
        "webhook.resent" => format!("You sent something to a webhook of {app} once more."),
        "token.revoked" => format!("{app} signed you out there."),
        "call_approval.requested" => {
            format!("{caller} asked you before it used your account at {}.", detail("provider"))
        }
        "call_approval.decided" => match detail("decision").as_str() {
            "approved" => format!("You allowed one call of {app} at {}.", detail("provider")),
            "denied" => format!("You denied one call of {app} at {}.", detail("provider")),
            _ => format!("Nobody decided on a call of {app} at {} in time.", detail("provider")),
        },
        "call_approval.executed" => format!("The call of {app} that you allowed was made."),
        other => other.replace(['.', '_'], " "),
    }
}
