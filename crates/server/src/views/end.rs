//! The page before a destructive deed: what will end, said once.

use super::pages;
use super::parts::{Entry, Field, Frame};
use super::rail::Rail;
use askama::Template;

/// `GET` shows it; its button is `POST {action}` with `csrf`, the hidden `fields`, and `confirm` where something is to be typed.
#[derive(Debug, Clone, Template)]
#[template(path = "end.html")]
pub struct End {
    pub frame: Frame,
    pub rail: Rail,
    /// A question with the name: *End what Acme Notes may do?*
    pub heading: String,
    /// What will end, a line each: *It no longer knows you.*
    pub ends: Vec<String>,
    /// What goes on all the same, or what cannot be undone.
    pub note: Option<String>,
    pub action: String,
    pub fields: Vec<(&'static str, String)>,
    /// What has to be typed, and what was: *To confirm, type @ada*.
    pub confirm: Option<(String, Entry)>,
    /// The verb on the button says what is destroyed: *End and sign out everywhere*.
    pub verb: String,
    pub cancel_url: String,
}

impl End {
    fn confirm_field(&self) -> Option<Field> {
        let (wanted, entry) = self.confirm.as_ref()?;
        Some(Field::new("confirm", format!("To confirm, type {wanted}"), entry).required())
    }
}

pages!(Home: End);
