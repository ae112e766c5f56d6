//! `/account/access`: everything one has allowed, and ending it.

use super::linked::{self, Asked, MOST, Words};
use super::{Done, done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::oauth::authorize::who;
use crate::views::account::{Access, AccessBelow, AccessRow, AccountTab};
use crate::views::{End, Moment, Name, Pager, Who, deeds, knows};
use axum::extract::{Path, State};
use base::{GrantId, Time};
use ledger::{Grant, Kind, Presence};
use oauth::{Delegation, resource};
use people::identity::Identity;
use serde::Deserialize;
use vault::connection::Linked;

/// An app of the ledger, also one that is gone.
pub(super) async fn app_of(app: &App, grant: &Grant) -> Result<Who, PageError> {
    let Some(id) = &grant.app else { return Ok(Who::app("", "An app", "", None)) };
    Ok(match app.oauth.app(id.as_str()).await? {
        Some(client) => who(&client),
        None => Who::app(id.as_str(), "An app that is gone", "", None),
    })
}

fn name_of(grant: &Grant, identities: &[Identity]) -> Name {
    let found = identities.iter().find(|identity| grant.identity.as_ref() == Some(&identity.id));
    found.map(|identity| Name::new(&identity.display_name)).unwrap_or_default()
}

/// `GET /account/access`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    let (frame, rail, identities) = place(&app, &signed, AccountTab::Access, &said).await?;
    let (all, now) = (app.people.access(&signed.session.account).await?, app.seams.now());
    let account = &signed.session.account;
    let delegations = app.oauth.delegations(account, false).await?;
    let linked = app.vault.linked_by(account, "", MOST).await?;
    let words = Words::of(&app, &linked, delegations.clone()).await?;
    let mut rows = Vec::new();
    for grant in all.iter().filter(|grant| grant.parent.is_none()) {
        let scopes: Vec<&str> = grant.scope.iter().collect();
        let mut below = Vec::new();
        let is_own = |own: &Grant| own.parent.as_ref() == Some(&grant.id) || own.id == grant.id;
        for one in &linked {
            for own in linked::of_apps(one).filter(|own| own.kind == Kind::Connection && is_own(own)) {
                below.extend(of_account(own, one, &words, now));
            }
        }
        for child in delegations.iter().filter(|child| child.parent.as_ref() == Some(&grant.id)) {
            below.push(AccessBelow {
                agent: None,
                deed: deeds(&child.words, &child.key),
                target: target_of(&app, child).await?,
                account: linked
                    .iter()
                    .find(|one| one.grants.iter().any(|own| own.id == child.id))
                    .map(|one| Name::new(&one.connection.label)),
                is_away: child.presence == Presence::Background,
                until: None,
                is_suspended: child.is_suspended,
                last_used: child.last_used_at.map(|at| Moment::seen_from(at, now)),
                end_url: end_url(&child.id),
            });
        }
        rows.push(AccessRow {
            app: app_of(&app, grant).await?,
            knows: if grant.kind == Kind::SignIn {
                knows(&scopes)
            } else {
                "uses an account that you linked".to_owned()
            },
            place: place_of(&app, grant).await?,
            identity: name_of(grant, &identities),
            since: Moment::day(grant.created_at, now),
            last_used: grant.last_used_at.map(|at| Moment::seen_from(at, now)),
            is_linked_alone: grant.kind != Kind::SignIn,
            is_quick: grant.app.as_ref().is_some_and(|id| id.as_str().starts_with("origin:")),
            end_url: end_url(&grant.id),
            below,
        });
    }
    page::show(&Access { frame, rail, filters: Vec::new(), rows, pager: Pager::default() })
}

/// The lines of an app's permission on a linked account: its own, and those of the agents that it let in.
fn of_account<'a>(
    grant: &'a Grant,
    one: &'a Linked,
    words: &'a Words,
    now: Time,
) -> impl Iterator<Item = AccessBelow> + 'a {
    let all = std::iter::once(grant).chain(linked::below(one, &grant.id));
    all.filter(move |own| own.is_live(now)).map(move |own| AccessBelow {
        agent: own.agent.as_ref().map(|id| words.agent_name(Some(id))),
        deed: words.deed(own, &one.connection),
        target: words.provider_name(&one.connection.provider),
        account: Some(Name::new(&one.connection.label)),
        is_away: true,
        is_suspended: false,
        until: own.expires_at.map(|at| Moment::seen_from(at, now)),
        last_used: own.last_used_at.map(|at| Moment::seen_from(at, now)),
        end_url: end_url(&own.id),
    })
}

/// The name of what the tokens of a sign-in are for, where that is not this server (RFC 8707).
async fn place_of(app: &App, grant: &Grant) -> Result<Option<Name>, PageError> {
    if grant.target.is_empty() || grant.kind != Kind::SignIn {
        return Ok(None);
    }
    let audience = grant.target.clone();
    let found = app.store.read(move |tx| resource::find_by_audience(tx, &audience)).await?;
    Ok(Some(Name::new(found.as_ref().map_or(&grant.target, |resource| &resource.name))))
}

pub(super) fn end_url(id: &GrantId) -> String {
    format!("/account/access/{id}/end")
}

/// The name of the app at which it may be done.
pub(super) async fn target_of(app: &App, delegation: &Delegation) -> Result<Name, PageError> {
    let Some(id) = &delegation.target else { return Ok(Name::new("an app that is gone")) };
    Ok(app
        .oauth
        .app(id.as_str())
        .await?
        .map_or_else(|| Name::new("an app that is gone"), |found| Name::new(&found.name)))
}

/// `GET /account/access/{id}/end`
pub async fn ask(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let grant = app.people.one_access(&signed.session, &id).await?;
    let (frame, rail, identities) = place(&app, &signed, AccountTab::Access, &Done::default()).await?;
    let name = app_of(&app, &grant).await?.name;
    let delegations = app.oauth.delegations(&signed.session.account, false).await?;
    let linked = app.vault.linked_by(&signed.session.account, "", MOST).await?;
    let words = Words::of(&app, &linked, delegations.clone()).await?;
    let on = linked.iter().find(|one| one.grants.iter().any(|own| own.id == grant.id));
    let is_linked = is_on_account(&grant);
    let asked = if let (Some(on), true) = (on, is_linked) {
        linked::about(&app, &grant, on, &words).await?
    } else if let Some(one) = delegations.iter().find(|one| one.id == grant.id) {
        about_delegation(&name, one, &target_of(&app, one).await?)
    } else {
        let mut below = Vec::new();
        for one in delegations.iter().filter(|one| one.parent.as_ref() == Some(&grant.id)) {
            below.push(may_no_longer(&Name::new("It"), one, &target_of(&app, one).await?));
        }
        for one in &linked {
            for own in linked::of_apps(one).filter(|own| own.parent.as_ref() == Some(&grant.id)) {
                if own.kind == Kind::Connection {
                    let provider = words.provider_name(&one.connection.provider);
                    below.push(format!("It may no longer {} at {provider}.", words.deed(own, &one.connection)));
                }
            }
        }
        about_sign_in(&name, &name_of(&grant, &identities), below)
    };
    let view = End {
        frame,
        rail,
        heading: asked.heading,
        ends: asked.ends,
        note: Some(asked.note),
        action: end_url(&grant.id),
        fields: Vec::new(),
        confirm: None,
        verb: "End".to_owned(),
        cancel_url: if is_linked { "/account/connections" } else { "/account/access" }.to_owned(),
    };
    page::show(&view)
}

/// True for what hangs on a linked account alone.
fn is_on_account(grant: &Grant) -> bool {
    matches!(grant.kind, Kind::Connection | Kind::Agent)
}

fn may_no_longer(name: &Name, one: &Delegation, target: &Name) -> String {
    format!("{name} may no longer {} at {target}.", deeds(&one.words, &one.key))
}

fn about_sign_in(name: &Name, identity: &Name, below: Vec<String>) -> Asked {
    let mut ends = vec![
        format!("{name} no longer knows you as {identity}."),
        "You are signed out there, and what it may do while you are away ends.".to_owned(),
    ];
    ends.extend(below);
    Asked {
        heading: format!("End what {name} may do?"),
        ends,
        note: format!("What {name} has kept about you stays there. You can sign in to it again at any time."),
    }
}

fn about_delegation(name: &Name, one: &Delegation, target: &Name) -> Asked {
    Asked {
        heading: format!("End what {name} may do at {target}?"),
        ends: vec![
            may_no_longer(name, one, target),
            format!(
                "It gets nothing new for that from now on. What {target} has already been shown ends within ten minutes."
            ),
        ],
        note: format!("{name} still knows you. What it has already got from {target} stays with it."),
    }
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/access/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    let session = &signed.session;
    let grant = app.people.one_access(session, &id).await?;
    if is_on_account(&grant) {
        app.vault.end_grant_of_person(&session.account, &grant.id).await?;
        return Ok(done("/account/connections", "ended"));
    }
    if grant.kind == Kind::Connector {
        app.oauth.end_delegation(&session.account, &id, &session.source).await?;
    } else {
        let oauth = app.oauth.clone();
        app.people.end_access_and(session, &id, move |tx, ended| oauth.tell_ended(tx, ended)).await?;
    }
    app.vault.tend_connections_of(&session.account).await?;
    Ok(done("/account/access", "ended"))
}
