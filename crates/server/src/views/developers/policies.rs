//! What the calls of an app need.

use super::app::AppHead;
use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// A rule in the list.
#[derive(Debug, Clone)]
pub struct PolicyRow {
    pub id: String,
    /// *Asks the person before*
    pub says: String,
    /// *calls at Google*
    pub place: String,
    /// `DELETE /calendar/**`
    pub matches: Vec<String>,
    /// *set by the operator*
    pub made_by: &'static str,
    pub since: Moment,
    pub can_end: bool,
}

/// What a new rule can do.
#[derive(Debug, Clone)]
pub struct PolicyKind {
    pub word: &'static str,
    pub says: &'static str,
    pub is_chosen: bool,
}

/// `GET /developers/apps/{id}/policies`; `POST` there with `csrf`, `kind`, `provider`, `match` (repeated, empty ones are left out),
/// `times`, `per_secs` adds one. Link: `…/{policy}/end`.
#[derive(Debug, Clone, Template)]
#[template(path = "developers/app_policies.html")]
pub struct AppPolicies {
    pub frame: Frame,
    pub rail: Rail,
    pub head: AppHead,
    pub rows: Vec<PolicyRow>,
    pub kinds: Vec<PolicyKind>,
    pub kind_said: Option<String>,
    pub provider: Entry,
    pub matches: Vec<Entry>,
    pub times: Entry,
    pub per_secs: Entry,
    pub may_change: bool,
}

impl AppPolicies {
    fn provider_field(&self) -> Field {
        let hint = "The id of a provider or of a secret. Empty: everywhere.";
        Field::new("provider", "Service", &self.provider).maxlength(64).hint(hint)
    }

    fn match_fields(&self) -> Vec<Field> {
        let field = |(place, entry): (usize, &Entry)| {
            let field = Field::new("match", "Calls", entry).id(format!("match-{place}")).maxlength(500).code();
            if place == 0 {
                field
                    .placeholder("DELETE /calendar/**")
                    .hint("A method or *, a space and a path. * is one segment, ** at the end any number.")
            } else {
                field.listed()
            }
        };
        self.matches.iter().enumerate().map(field).collect()
    }

    fn times_field(&self) -> Field {
        Field::new("times", "Of a limit: so many calls", &self.times).inputmode("numeric").maxlength(9)
    }

    fn per_secs_field(&self) -> Field {
        Field::new("per_secs", "In so many seconds", &self.per_secs).inputmode("numeric").maxlength(9)
    }
}

pages!(Home: AppPolicies);
