//! The keys of an app's backend.

use super::end::Nothing;
use super::fields::Several;
use super::{Desk, WRONG, change_vault, sentence};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppKeys, AppTab, DevelopersTab, FreshKey, KeyLine, KeyVerbs};
use crate::views::{End, Entry, Moment, Name};
use axum::extract::{Path, State};
use base::{KeyId, Scope, Time};
use oauth::app::App as Registered;
use serde::Deserialize;
use std::collections::BTreeMap;
use vault::KeyKind;
use vault::key::{self, Force, Key, Minted, NewKey, scopes};

const MOST: u32 = 500;

#[derive(Default, Deserialize)]
pub(super) struct Shown {
    said: Option<String>,
}

/// `GET /developers/apps/{client_id}/keys`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut view = view(&server, &desk, &app, &Sent::default()).await?;
    if shown.said.as_deref() == Some("revoked") {
        view.frame = view.frame.with_notice("The key is revoked, and what was derived from it.");
    }
    page::show(&view)
}

#[derive(Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    name: String,
    reach: Option<String>,
    #[serde(default)]
    action: Several,
    /// `verb.{resource}`
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl Sent {
    fn reaches_all(&self) -> bool {
        self.reach.as_deref() != Some("some")
    }

    fn verb(&self, resource: &str) -> &str {
        self.rest.get(&format!("verb.{resource}")).and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    /// What the key is to do; nothing when a word is none of ours.
    fn scopes(&self) -> Option<Scope> {
        if self.reaches_all() {
            return Some(scopes::all());
        }
        let verbs = scopes::RESOURCES.iter().map(|resource| (resource, self.verb(resource)));
        let mut words: Vec<String> =
            verbs.filter(|(_, verb)| !verb.is_empty()).map(|(resource, verb)| format!("{resource}:{verb}")).collect();
        words.extend(self.action.clone().into_filled());
        scopes::read(words.iter().map(String::as_str)).filter(|read| !read.is_empty())
    }
}

/// `POST /developers/apps/{client_id}/keys`
pub(super) async fn mint(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let by = desk.by(&app)?;
    let Some(allowed) = sent.scopes() else {
        let mut wrong = view(&server, &desk, &app, &sent).await?;
        wrong.mistake = Some("Choose at least one thing that the key may do.".to_owned());
        return page::show_with(WRONG, &wrong, None);
    };
    let new = NewKey { scopes: allowed, ..NewKey::of_app(sent.name.trim()) };
    match change_vault(&server, by, move |tx, seams, by| key::mint(tx, seams, by, &new)).await {
        Ok(minted) => fresh(&server, &desk, &app, &minted).await,
        Err(error) => {
            let said = sentence(error)?;
            let mut wrong = view(&server, &desk, &app, &sent).await?;
            wrong.name = Entry::refused(&sent.name, said);
            page::show_with(WRONG, &wrong, None)
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Overlap {
    #[serde(default)]
    overlap_days: String,
}

/// `POST /developers/apps/{client_id}/keys/{key_id}/rotate`
pub(super) async fn rotate(
    State(server): State<App>,
    signed: Signed,
    Path((id, key)): Path<(String, String)>,
    Form(sent): Form<Overlap>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let by = desk.by(&app)?;
    let (key, days) = (KeyId::from_text(key), sent.overlap_days.trim().parse().unwrap_or(i64::MIN));
    let found = find(&server, &app, &key).await?;
    if found.agent.is_some() {
        return Err(PageError::not_found());
    }
    let minted = change_vault(&server, by, move |tx, seams, by| key::rotate(tx, seams, by, &key, days)).await?;
    fresh(&server, &desk, &app, &minted).await
}

async fn fresh(server: &App, desk: &Desk, app: &Registered, minted: &Minted) -> PageResult {
    let mut shown = view(server, desk, app, &Sent::default()).await?;
    shown.fresh = Some(FreshKey { value: minted.secret.reveal().to_owned() });
    page::show(&shown)
}

async fn find(server: &App, app: &Registered, id: &KeyId) -> Result<Key, PageError> {
    let (owner, id) = (app.id.clone(), id.clone());
    let found = server.store.read(move |tx| key::find(tx, &owner, &id)).await?;
    found.filter(|key| key.agent.is_none()).ok_or_else(PageError::not_found)
}

/// `GET /developers/apps/{client_id}/keys/{key_id}/end`
pub(super) async fn ask(
    State(server): State<App>,
    signed: Signed,
    Path((id, key)): Path<(String, String)>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    desk.by(&app)?;
    let found = find(&server, &app, &KeyId::from_text(key)).await?;
    let here = format!("/developers/apps/{}/keys", app.client_id());
    let name = Name::new(&found.name);
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: format!("Revoke the key {name}?"),
        ends: vec![
            format!("Calls with {}… are answered with 401 key_revoked.", found.hint),
            "Keys that were derived from it end too.".to_owned(),
        ],
        note: Some("Grants, connections and agents stay. To change over without a gap, rotate it instead.".to_owned()),
        action: format!("{here}/{}/end", found.id),
        fields: Vec::new(),
        confirm: None,
        verb: "Revoke the key".to_owned(),
        cancel_url: here,
    })
}

/// `POST /developers/apps/{client_id}/keys/{key_id}/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path((id, key)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, key) = (desk.by(&app)?, KeyId::from_text(key));
    change_vault(&server, by, move |tx, seams, by| key::revoke(tx, seams, by, &key, Force::Yes)).await?;
    Ok(page::go(&format!("/developers/apps/{}/keys?said=revoked", app.client_id())))
}

async fn view(server: &App, desk: &Desk, app: &Registered, sent: &Sent) -> Result<AppKeys, PageError> {
    let owner = app.id.clone();
    let found = server.store.read(move |tx| key::list_of_app(tx, &owner, MOST)).await?;
    let ticked = sent.action.clone().into_filled();
    Ok(AppKeys {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Keys),
        rows: found.iter().filter(|key| key.agent.is_none()).map(|key| line(key, desk.now)).collect(),
        fresh: None,
        name: Entry::of(&sent.name),
        reaches_all: sent.reaches_all(),
        verbs: scopes::RESOURCES
            .iter()
            .map(|resource| KeyVerbs { resource, chosen: sent.verb(resource).to_owned() })
            .collect(),
        actions: scopes::ACTIONS.iter().map(|action| (*action, ticked.iter().any(|own| own == action))).collect(),
        mistake: None,
        may_change: desk.may_change(),
    })
}

/// A key as lists show it; also an agent's.
pub(super) fn line(key: &Key, now: Time) -> KeyLine {
    let ends = [key.expires_at, key.grace_until].into_iter().flatten().min();
    let is_over = !key.is_usable(now);
    KeyLine {
        id: key.id.as_str().to_owned(),
        name: Name::new(&key.name),
        hint: key.hint.clone(),
        scopes: match &key.scopes {
            _ if key.agent.is_some() => "what its agent may do".to_owned(),
            own if *own == scopes::all() => "everything".to_owned(),
            own => own.to_string(),
        },
        kind: match key.kind {
            KeyKind::Derived => "Derived",
            KeyKind::Publishable => "Publishable",
            KeyKind::App | KeyKind::Agent => "",
        },
        made: Moment::seen_from(key.created_at, now),
        last_used: key.last_used_at.map(|at| Moment::seen_from(at, now)),
        ends: ends.map(|at| Moment::seen_from(at, now)),
        is_over,
        can_rotate: !is_over && key.grace_until.is_none() && key.parent.is_none(),
    }
}
