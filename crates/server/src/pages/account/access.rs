//! `/account/access`: everything one has allowed, and ending it.

use super::{Done, done, place};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::oauth::authorize::who;
use crate::views::account::{Access, AccessBelow, AccessRow, AccountTab};
use crate::views::{End, Moment, Name, Pager, Who, knows};
use axum::extract::{Path, State};
use ledger::Grant;
use people::identity::Identity;
use serde::Deserialize;

/// An app of the ledger, also one that is gone.
async fn app_of(app: &App, grant: &Grant) -> Result<Who, PageError> {
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
    let mut rows = Vec::new();
    for grant in all.iter().filter(|grant| grant.parent.is_none()) {
        let scopes: Vec<&str> = grant.scope.iter().collect();
        let below = all.iter().filter(|child| child.parent.as_ref() == Some(&grant.id)).map(|child| AccessBelow {
            before: "may use".to_owned(),
            deed: child.target.clone(),
            after: String::new(),
            end_url: end_url(child),
        });
        rows.push(AccessRow {
            app: app_of(&app, grant).await?,
            knows: knows(&scopes),
            identity: name_of(grant, &identities),
            since: Moment::day(grant.created_at, now),
            last_used: grant.last_used_at.map(|at| Moment::seen_from(at, now)),
            is_quick: grant.app.as_ref().is_some_and(|id| id.as_str().starts_with("origin:")),
            end_url: end_url(grant),
            below: below.collect(),
        });
    }
    page::show(&Access { frame, rail, filters: Vec::new(), rows, pager: Pager::default() })
}

fn end_url(grant: &Grant) -> String {
    format!("/account/access/{}/end", grant.id)
}

/// `GET /account/access/{id}/end`
pub async fn ask(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let grant = app.people.one_access(&signed.session, &id).await?;
    let (frame, rail, identities) = place(&app, &signed, AccountTab::Access, &Done::default()).await?;
    let name = app_of(&app, &grant).await?.name;
    let view = End {
        frame,
        rail,
        heading: format!("End what {name} may do?"),
        ends: vec![
            format!("{name} no longer knows you as {}.", name_of(&grant, &identities)),
            "You are signed out there, and what it may do while you are away ends.".to_owned(),
        ],
        note: Some(format!("What {name} has kept about you stays there. You can sign in to it again at any time.")),
        action: end_url(&grant),
        fields: Vec::new(),
        confirm: None,
        verb: "End".to_owned(),
        cancel_url: "/account/access".to_owned(),
    };
    page::show(&view)
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/access/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    app.people.end_access(&signed.session, &id).await?;
    Ok(done("/account/access", "ended"))
}
