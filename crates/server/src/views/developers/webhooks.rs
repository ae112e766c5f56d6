//! Where an app hears of what happened, and what became of each delivery.

use super::app::{AppHead, FreshSecret};
use crate::views::event::{Filter, Pager};
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// An event that can be told, and whether it is.
#[derive(Debug, Clone)]
pub struct EventChoice {
    pub name: &'static str,
    pub is_chosen: bool,
}

/// A webhook in the list.
#[derive(Debug, Clone)]
pub struct WebhookRow {
    pub id: String,
    pub url: String,
    /// *every event*, or the events.
    pub events: String,
    pub is_off: bool,
    pub since: Moment,
}

/// `GET /developers/apps/{id}/webhooks`; `POST` there with `csrf`, `url`, `event` (repeated; none for all of them) makes one and
/// answers with the page of it.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_webhooks.html")]
pub struct AppWebhooks {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub rows: Vec<WebhookRow>,
    pub url: Entry,
    pub events: Vec<EventChoice>,
    pub may_change: bool,
}

impl AppWebhooks {
    fn url_field(&self) -> Field {
        url_field(&self.url)
    }
}

fn url_field(entry: &Entry) -> Field {
    let hint = "An https address of yours. Redirects are not followed.";
    Field::new("url", "Address", entry).kind("url").required().maxlength(2048).placeholder("https://").hint(hint)
}

/// One delivery.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// `Procura-Webhook-Id`.
    pub id: String,
    pub event: String,
    /// `waiting`, `delivered` or `dead`.
    pub state: &'static str,
    /// *answered 204*, *could not be reached*.
    pub outcome: String,
    pub attempts: i64,
    pub next: Option<Moment>,
    pub when: Moment,
    pub body: String,
}

/// `GET /developers/apps/{id}/webhooks/{webhook}?show=dead&before=`. Forms, each with `csrf`:
///
/// - `POST` there with `url`, `event` (repeated), `is_on` (`on` or absent)
/// - `POST …/deliveries/{delivery}/resend`
///
/// Link: `…/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_webhook.html")]
pub struct AppWebhook {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub id: String,
    pub url: Entry,
    pub events: Vec<EventChoice>,
    pub is_on: bool,
    pub fresh: Option<FreshSecret>,
    pub filters: Vec<Filter>,
    pub deliveries: Vec<DeliveryRow>,
    pub pager: Pager,
    pub may_change: bool,
}

impl AppWebhook {
    fn path(&self) -> String {
        format!("/developers/apps/{}/webhooks/{}", self.head.id, self.id)
    }

    fn url_field(&self) -> Field {
        url_field(&self.url)
    }

    fn is_filtered(&self) -> bool {
        self.filters.iter().skip(1).any(|filter| filter.is_current)
    }
}

pages!(Home: AppWebhooks, AppWebhook);
