//! Who works on the apps of an organization.

use super::Desk;
use super::apps::Where;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{DevelopersTab, MemberRow, Members};
use crate::views::{Moment, Name, Tile};
use axum::extract::State;
use base::Fault;
use oauth::organization::{self, Actor, Member, Role};
use people::identity::{self, Identity};

/// `GET /developers/members`
pub(super) async fn show(State(server): State<App>, signed: Signed, Query(place): Query<Where>) -> PageResult {
    let desk = Desk::open(&server, signed, place.organization).await?;
    let id = desk.organization.id.clone();
    let members = server
        .store
        .read(move |tx| {
            let mut found = Vec::new();
            for member in organization::members(tx, &id)? {
                let first = identity::list_of_account(tx, &member.account)?.into_iter().next();
                found.push((member, first));
            }
            Ok::<_, Fault>(found)
        })
        .await?;
    page::show(&Members {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::Members),
        organization: Name::new(&desk.organization.name),
        rows: members.iter().map(|(member, identity)| row(&desk, member, identity.as_ref())).collect(),
    })
}

fn row(desk: &Desk, member: &Member, identity: Option<&Identity>) -> MemberRow {
    let name = Name::new(identity.map_or("", |identity| &identity.display_name));
    let picture = identity.and_then(|identity| identity.picture.clone());
    let role = match member.role {
        Role::Viewer => "Viewer",
        Role::Developer => "Developer",
        Role::Admin => "Admin",
        Role::Owner => "Owner",
    };
    MemberRow {
        tile: Tile::person(identity.map_or("", |identity| identity.id.as_str()), &name, picture),
        name,
        handle: identity.map_or_else(String::new, |identity| identity.handle.clone()),
        role: role.to_owned(),
        since: Moment::day(member.joined_at, desk.now),
        is_you: desk.actor == Actor::Account(member.account.clone()),
    }
}
