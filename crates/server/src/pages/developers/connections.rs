//! The accounts that were linked to an app: whose, at which service, in what state. No credential is read for it.

use super::Desk;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppConnections, AppTab, DevelopersTab, LinkedRow};
use crate::views::{Link, Moment, Name, Pager, Tile};
use axum::extract::{Path, State};
use serde::Deserialize;
use vault::connection::Trouble;

const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    before: String,
}

/// `GET /developers/apps/{client_id}/connections?before=`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut found = server.vault.linked_to(&app.id, &part.before, PAGE + 1).await?;
    let has_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let owners = found.clone();
    let people = server
        .store
        .read(move |tx| {
            let mut people = Vec::new();
            for one in &owners {
                people.push(match (&one.identity, &one.app_user) {
                    (Some(id), _) => people::identity::find(tx, id)?.map(|own| format!("@{}", own.handle)),
                    (None, Some(id)) => vault::subject::find_user(tx, id)?.map(|own| own.email.unwrap_or(own.subject)),
                    (None, None) => Some("the app itself".to_owned()),
                });
            }
            Ok::<_, base::Fault>(people)
        })
        .await?;
    let providers = server.vault.providers().await?;
    let rows = found.iter().zip(people).map(|(one, person)| {
        let known = providers.iter().find(|own| own.id == one.provider);
        let provider = known.map_or_else(|| Name::new(&one.provider), |own| Name::new(&own.name));
        LinkedRow {
            tile: Tile::app(&one.provider, &provider, None).small(),
            provider,
            account: Name::new(&one.label),
            person: person.unwrap_or_else(|| "somebody who is gone".to_owned()),
            scopes: one.scopes.to_string(),
            trouble: one.trouble.map(|trouble| match trouble {
                Trouble::Refused => "the provider refused the refresh token",
                Trouble::InDoubt => "the answer to a refresh was lost",
                Trouble::Expired => "expired, without a refresh token",
            }),
            since: Moment::day(one.created_at, desk.now),
            last_used: one.last_used_at.map(|at| Moment::seen_from(at, desk.now)),
        }
    });
    let here = format!("/developers/apps/{}/connections", app.client_id());
    let older = found.last().filter(|_| has_more).map(|last| Link::new("Older", format!("{here}?before={}", last.id)));
    let newer = (!part.before.is_empty()).then(|| Link::new("Newest", here));
    page::show(&AppConnections {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(&app, AppTab::Connections),
        rows: rows.collect(),
        pager: Pager { newer, older },
    })
}
