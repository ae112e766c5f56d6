//! The keys with which an app's backend calls.

use super::app::AppHead;
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// A key, of which only the digest is kept.
#[derive(Debug, Clone)]
pub struct KeyLine {
    pub id: String,
    pub name: Name,
    /// Its beginning.
    pub hint: String,
    /// *everything*, or its scopes.
    pub scopes: String,
    /// `derived`, `publishable`, or nothing.
    pub kind: &'static str,
    pub made: Moment,
    pub last_used: Option<Moment>,
    /// When it stops to work.
    pub ends: Option<Moment>,
    /// It does not work any more.
    pub is_over: bool,
    pub can_rotate: bool,
}

/// A key that has just been made: the only time it is shown.
#[derive(Clone)]
pub struct FreshKey {
    pub value: String,
}

impl std::fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FreshKey(..)")
    }
}

/// A kind of thing, and how far the new key reaches there.
#[derive(Debug, Clone)]
pub struct KeyVerbs {
    pub resource: &'static str,
    /// `read`, `write`, `admin`, or empty.
    pub chosen: String,
}

/// `GET /developers/apps/{id}/keys`. Forms, each with `csrf`:
///
/// - `POST …/keys` with `name`, `reach` = `all` or `some`, and for `some` each `verb.{resource}` and `action` (repeated); answers with
///   this page and `fresh`
/// - `POST …/keys/{key}/rotate` with `overlap_days`; answers so too
///
/// Link: `…/keys/{key}/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_keys.html")]
pub struct AppKeys {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub rows: Vec<KeyLine>,
    pub fresh: Option<FreshKey>,
    pub name: Entry,
    pub reaches_all: bool,
    pub verbs: Vec<KeyVerbs>,
    /// Each action, and whether it is ticked.
    pub actions: Vec<(&'static str, bool)>,
    pub mistake: Option<String>,
    pub may_change: bool,
}

impl AppKeys {
    fn name_field(&self) -> Field {
        Field::new("name", "Name", &self.name)
            .required()
            .maxlength(255)
            .hint("To tell it from others: where it is used.")
    }
}

pages!(Home: AppKeys);
