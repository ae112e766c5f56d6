//! Webhooks of an app, and what became of each delivery.

use super::end::Nothing;
use super::fields::{Several, is_on};
use super::{Desk, WRONG, change_vault, sentence};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{
    AppTab, AppWebhook, AppWebhooks, DeliveryRow, DevelopersTab, EventChoice, FreshSecret, WebhookRow,
};
use crate::views::{End, Entry, Filter, Link, Moment, Pager};
use axum::extract::{Path, State};
use base::Time;
use oauth::app::App as Registered;
use serde::Deserialize;
use vault::webhook::{self, Delivery, EVENTS, State as Became, Webhook, Wish};

const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    said: Option<String>,
    show: Option<String>,
    before: Option<i64>,
}

impl Part {
    fn notice(&self) -> Option<&'static str> {
        Some(match self.said.as_deref()? {
            "saved" => "Saved.",
            "removed" => "The webhook is removed, with its deliveries.",
            "resent" => "It is on its way again.",
            _ => return None,
        })
    }
}

fn home(app: &Registered) -> String {
    format!("/developers/apps/{}/webhooks", app.client_id())
}

/// `GET /developers/apps/{client_id}/webhooks`
pub(super) async fn list(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut view = all(&server, &desk, &app, Entry::empty(), &[]).await?;
    if let Some(notice) = part.notice() {
        view.frame = view.frame.with_notice(notice);
    }
    page::show(&view)
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    url: String,
    #[serde(default)]
    event: Several,
    is_on: Option<String>,
}

/// `POST /developers/apps/{client_id}/webhooks`
pub(super) async fn create(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let (by, events) = (desk.by(&app)?, sent.event.into_filled());
    let wish = Wish { url: Some(sent.url.clone()), events: Some(events.clone()), is_on: None };
    let (sealer, egress) = (server.sealer.clone(), server.egress.clone());
    let made =
        change_vault(&server, by, move |tx, seams, by| webhook::create(tx, seams, &sealer, &egress, by, &wish)).await;
    match made {
        Ok(made) => {
            let mut shown = view(&server, &desk, &app, &made.webhook, &Part::default()).await?;
            shown.fresh = Some(FreshSecret { value: made.secret.reveal().to_owned() });
            page::show(&shown)
        }
        Err(error) => {
            let entry = Entry::refused(sent.url, sentence(error)?);
            page::show_with(WRONG, &all(&server, &desk, &app, entry, &events).await?, None)
        }
    }
}

async fn open(
    server: &App,
    signed: Signed,
    (id, webhook): (String, String),
) -> Result<(Desk, Registered, Webhook), PageError> {
    let (desk, app) = Desk::of_app(server, signed, &id).await?;
    let owner = app.id.clone();
    let found = server.store.read(move |tx| webhook::find(tx, &owner, &webhook)).await?;
    Ok((desk, app, found.ok_or_else(PageError::not_found)?))
}

/// `GET /developers/apps/{client_id}/webhooks/{webhook_id}`
pub(super) async fn show(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, of).await?;
    let mut view = view(&server, &desk, &app, &found, &part).await?;
    if let Some(notice) = part.notice() {
        view.frame = view.frame.with_notice(notice);
    }
    page::show(&view)
}

/// `POST /developers/apps/{client_id}/webhooks/{webhook_id}`
pub(super) async fn change(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, of).await?;
    let (by, egress, id) = (desk.by(&app)?, server.egress.clone(), found.id.clone());
    let wish = Wish {
        url: Some(sent.url.clone()),
        events: Some(sent.event.into_filled()),
        is_on: Some(is_on(sent.is_on.as_deref())),
    };
    match change_vault(&server, by, move |tx, seams, by| webhook::change(tx, seams, &egress, by, &id, &wish)).await {
        Ok(_) => Ok(page::go(&format!("{}/{}?said=saved", home(&app), found.id))),
        Err(error) => {
            let said = sentence(error)?;
            let mut wrong = view(&server, &desk, &app, &found, &Part::default()).await?;
            wrong.url = Entry::refused(sent.url, said);
            page::show_with(WRONG, &wrong, None)
        }
    }
}

/// `GET /developers/apps/{client_id}/webhooks/{webhook_id}/end`
pub(super) async fn ask(State(server): State<App>, signed: Signed, Path(of): Path<(String, String)>) -> PageResult {
    let (desk, app, found) = open(&server, signed, of).await?;
    desk.by(&app)?;
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: "Remove this webhook?".to_owned(),
        ends: vec![
            format!("{} is told of nothing any more.", found.url),
            "Its deliveries go, also those that wait.".to_owned(),
            "Its signing secret is wiped.".to_owned(),
        ],
        note: Some("To stop for a while and keep the secret, switch it off instead.".to_owned()),
        action: format!("{}/{}/end", home(&app), found.id),
        fields: Vec::new(),
        confirm: None,
        verb: "Remove the webhook".to_owned(),
        cancel_url: format!("{}/{}", home(&app), found.id),
    })
}

/// `POST /developers/apps/{client_id}/webhooks/{webhook_id}/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, of).await?;
    change_vault(&server, desk.by(&app)?, move |tx, seams, by| webhook::remove(tx, seams, by, &found.id)).await?;
    Ok(page::go(&format!("{}?said=removed", home(&app))))
}

/// `POST /developers/apps/{client_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/resend`
pub(super) async fn resend(
    State(server): State<App>,
    signed: Signed,
    Path((id, webhook, delivery)): Path<(String, String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, (id, webhook)).await?;
    let (by, number) = (desk.by(&app)?, webhook::number_in(&delivery).ok_or_else(PageError::not_found)?);
    let of = found.id.clone();
    change_vault(&server, by, move |tx, seams, by| webhook::resend(tx, seams, by, &of, number)).await?;
    Ok(page::go(&format!("{}/{}?said=resent", home(&app), found.id)))
}

fn choices(chosen: &[String]) -> Vec<EventChoice> {
    EVENTS.iter().map(|name| EventChoice { name, is_chosen: chosen.iter().any(|own| own == name) }).collect()
}

async fn all(
    server: &App,
    desk: &Desk,
    app: &Registered,
    url: Entry,
    chosen: &[String],
) -> Result<AppWebhooks, PageError> {
    let owner = app.id.clone();
    let found = server.store.read(move |tx| webhook::list_of_app(tx, &owner)).await?;
    let row = |own: &Webhook| WebhookRow {
        id: own.id.clone(),
        url: own.url.clone(),
        events: if own.events.is_empty() { "every event".to_owned() } else { own.events.join(", ") },
        is_off: own.disabled_at.is_some(),
        since: Moment::day(own.created_at, desk.now),
    };
    Ok(AppWebhooks {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Webhooks),
        rows: found.iter().map(row).collect(),
        url,
        events: choices(chosen),
        may_change: desk.may_change(),
    })
}

async fn view(
    server: &App,
    desk: &Desk,
    app: &Registered,
    found: &Webhook,
    part: &Part,
) -> Result<AppWebhook, PageError> {
    let wanted = part.show.as_deref().and_then(Became::parse);
    let (id, word, before) = (found.id.clone(), wanted.map_or("", Became::as_str), part.before.unwrap_or(i64::MAX));
    let mut told = server.store.read(move |tx| webhook::page_of_webhook(tx, &id, word, before, PAGE + 1)).await?;
    let has_more = told.len() > PAGE as usize;
    told.truncate(PAGE as usize);
    let here = format!("{}/{}", home(app), found.id);
    let narrowed = wanted.map_or_else(|| format!("{here}?"), |wanted| format!("{here}?show={}&", wanted.as_str()));
    let older =
        told.last().filter(|_| has_more).map(|last| Link::new("Older", format!("{narrowed}before={}", last.number)));
    let newer = part.before.map(|_| Link::new("Newest", narrowed.trim_end_matches(['?', '&'])));
    let filter = |text: &str, state: Option<Became>| Filter {
        text: text.to_owned(),
        url: state
            .map_or_else(|| format!("{here}#deliveries"), |state| format!("{here}?show={}#deliveries", state.as_str())),
        is_current: wanted == state,
    };
    Ok(AppWebhook {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Webhooks),
        id: found.id.clone(),
        url: Entry::of(&found.url),
        events: choices(&found.events),
        is_on: found.disabled_at.is_none(),
        fresh: None,
        filters: vec![
            filter("Every delivery", None),
            filter("Waiting", Some(Became::Waiting)),
            filter("Delivered", Some(Became::Delivered)),
            filter("Dead", Some(Became::Dead)),
        ],
        deliveries: told.iter().map(|own| row(own, desk.now)).collect(),
        pager: Pager { newer, older },
        may_change: desk.may_change(),
    })
}

fn row(own: &Delivery, now: Time) -> DeliveryRow {
    let outcome = match (own.state, own.last_status, &own.last_error) {
        (Became::Waiting, None, None) => "not sent yet".to_owned(),
        (_, Some(status), None) => format!("answered {status}"),
        (_, Some(status), Some(error)) => format!("answered {status}: {error}"),
        (_, None, Some(error)) => error.clone(),
        (_, None, None) => "sent".to_owned(),
    };
    let pretty = serde_json::from_str::<serde_json::Value>(&own.body)
        .and_then(|body| serde_json::to_string_pretty(&body))
        .unwrap_or_else(|_| own.body.clone());
    DeliveryRow {
        id: own.id(),
        event: own.event.clone(),
        state: own.state.as_str(),
        outcome,
        attempts: own.attempts,
        next: own.next_at.map(|at| Moment::seen_from(at, now)),
        when: Moment::seen_from(own.created_at, now),
        body: pretty,
    }
}
