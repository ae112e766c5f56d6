//! Who holds grants on a resource: apps and numbers, never people.

use crate::app::App;
use crate::edge::faults::PageError;
use crate::oauth::authorize::who;
use crate::pages::developers::Desk;
use crate::views::developers::HolderRow;
use crate::views::{Link, Moment, Pager, Who};
use oauth::Delegation;
use oauth::resource::{self, Resource};
use serde::Deserialize;

const LINES: u32 = 25;

/// Which part of the page is asked for.
#[derive(Default, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    before: String,
    /// The snippet.
    #[serde(default)]
    with: String,
    #[serde(default)]
    said: String,
}

impl Part {
    /// What has just been done.
    pub(super) fn notice(&self) -> Option<&'static str> {
        match self.said.as_str() {
            "registered" => Some("Registered. Other apps can ask for it now."),
            "saved" => Some("Saved."),
            "paused" => Some("Paused. Its delegated tokens are inactive."),
            "resumed" => Some("Resumed, with the grants that it had."),
            _ => None,
        }
    }
}

/// A page of the list, and how long all of it is.
pub(super) struct Holders {
    pub(super) count: resource::Holders,
    pub(super) rows: Vec<HolderRow>,
    pub(super) pager: Pager,
    pub(super) with: String,
}

impl Holders {
    pub(super) async fn read(server: &App, desk: &Desk, of: &Resource, part: &Part) -> Result<Holders, PageError> {
        let held = of.clone();
        let count = server.store.read(move |tx| resource::holders(tx, &held)).await?;
        let mut found = server.oauth.holders(&of.key, &part.before, LINES + 1).await?;
        let has_more = found.len() > LINES as usize;
        found.truncate(LINES as usize);
        let older = found.last().filter(|_| has_more).map(|last| format!("?before={}#grants", last.id));
        let mut rows = Vec::new();
        for one in &found {
            rows.push(row(server, desk, one).await?);
        }
        let newer = (!part.before.is_empty()).then(|| Link::new("Newest", "?#grants"));
        let pager = Pager { newer, older: older.map(|url| Link::new("Older", url)) };
        Ok(Holders { count, rows, pager, with: part.with.clone() })
    }
}

async fn row(server: &App, desk: &Desk, of: &Delegation) -> Result<HolderRow, PageError> {
    let app = match server.oauth.app(of.source.as_str()).await? {
        Some(found) => who(&found),
        None => Who::app(of.source.as_str(), "An app that is gone", "", None),
    };
    Ok(HolderRow {
        app,
        scope: of.scope.to_string(),
        mode: of.presence.as_str(),
        since: Moment::day(of.created_at, desk.now),
        last_used: of.last_used_at.map(|at| Moment::seen_from(at, desk.now)),
        is_suspended: of.is_suspended,
    })
}
