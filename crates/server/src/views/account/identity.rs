//! Identities: the names one goes by.

use crate::views::pages;
use crate::views::parts::{Email, Entry, Field, Frame, Name, Tile};
use crate::views::rail::Rail;
use askama::Template;

/// One identity in the list.
#[derive(Debug, Clone)]
pub struct IdentityRow {
    pub id: String,
    pub name: Name,
    pub handle: String,
    pub email: Email,
    pub tile: Tile,
    /// The one that is chosen beforehand.
    pub is_main: bool,
    /// How many apps know it.
    pub apps: u32,
}

/// `GET /account/identities`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/identities.html")]
pub struct Identities {
    pub frame: Frame,
    pub rail: Rail,
    pub rows: Vec<IdentityRow>,
    /// False at five.
    pub may_add: bool,
}

/// `GET /account/identities/new`; `POST /account/identities` with `csrf`, `displayName`, `handle`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/identity_new.html")]
pub struct IdentityNew {
    pub frame: Frame,
    pub rail: Rail,
    pub name: Entry,
    pub handle: Entry,
}

/// `GET /account/identities/{id}`. Its forms, each with `csrf`:
///
/// - `POST /account/identities/{id}` with `displayName`, `handle`
/// - `POST /account/identities/{id}/picture` (multipart) with `picture`, or `POST …/picture/remove`
/// - `POST /account/identities/{id}/main` makes it the main one
/// - `POST /account/identities/{id}/email/remove`
///
/// Links: `/account/identities/{id}/email` (add, prove or change the address), `/account/identities/{id}/end` (delete).
#[derive(Debug, Clone, Template)]
#[template(path = "account/identity_edit.html")]
pub struct IdentityEdit {
    pub frame: Frame,
    pub rail: Rail,
    pub id: String,
    pub tile: Tile,
    /// The name as it is kept, for the heading.
    pub title: Name,
    pub name: Entry,
    pub handle: Entry,
    /// Why the last picture was refused.
    pub picture_mistake: Option<String>,
    pub email: Email,
    pub is_main: bool,
    /// False for the main one and the last one.
    pub may_delete: bool,
}

fn name_field(entry: &Entry) -> Field {
    Field::new("displayName", "Name", entry).required().autocomplete("name").maxlength(64)
}

fn handle_field(entry: &Entry) -> Field {
    let field = Field::new("handle", "Handle", entry).handle().required().maxlength(32).checked_as("handle");
    field.hint("3 to 32 letters, digits or _.")
}

impl IdentityNew {
    fn name_field(&self) -> Field {
        name_field(&self.name)
    }

    fn handle_field(&self) -> Field {
        handle_field(&self.handle)
    }
}

impl IdentityEdit {
    fn name_field(&self) -> Field {
        name_field(&self.name)
    }

    fn handle_field(&self) -> Field {
        handle_field(&self.handle)
    }
}

pages!(Home: IdentityNew, IdentityEdit);
pages!(Nothing: Identities);
