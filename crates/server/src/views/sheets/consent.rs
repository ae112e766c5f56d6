//! Consent: what an app asks for, as questions a person can answer.

use crate::views::pages;
use crate::views::parts::{Email, Frame, May, Name, Tile, Who};
use askama::Template;

/// One of a person's identities, to choose from.
#[derive(Debug, Clone)]
pub struct Persona {
    pub id: String,
    pub name: Name,
    /// Without the `@`.
    pub handle: String,
    pub email: Email,
    pub tile: Tile,
    pub is_chosen: bool,
}

/// What is said below the question, beside the scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentNote {
    /// The app is in development mode: its answer may go to any address on a developer's machine.
    DevelopmentMode,
    /// A Quick app: nobody registered it, its host is all that is known.
    Unregistered,
    /// `user_id` is asked.
    SeesAccount,
    /// The tokens are for somebody else's service (RFC 8707): its name and host.
    Target { name: Name, host: String },
    /// The answer goes to the app behind the scenes: somebody else may have sent the link.
    Backend,
}

/// The whole question: `GET /signin?flow=…`.
///
/// One form, `POST {action}`, with `flow`, `csrf`, `identity`, and `decision` = `allow` or `deny`. Nothing of the request is in it.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/consent.html")]
pub struct Consent {
    pub frame: Frame,
    pub app: Who,
    /// Where the form posts.
    pub action: String,
    pub flow: String,
    /// One to five; exactly one is chosen.
    pub personas: Vec<Persona>,
    /// A GET of this plus an identity's id shows the page for that one: `/signin?flow=…&identity=`. What is new may differ.
    pub switch_url: Option<String>,
    /// Every scope as a line (`scope_line`), new ones and already allowed ones tagged when there are both.
    pub may: May,
    /// Set when `email` is asked and the chosen identity has no verified address: where to add one and come back.
    pub add_email_url: Option<String>,
    pub notes: Vec<ConsentNote>,
}

impl Consent {
    fn chosen(&self) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.is_chosen).or_else(|| self.personas.first())
    }
}

/// The short question, for an unverified app whose consent is remembered: one sentence, Continue or Cancel.
///
/// The same form as [`Consent`]: `flow`, `csrf`, `identity`, `decision` = `allow` or `deny`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/continue.html")]
pub struct Continue {
    pub frame: Frame,
    pub app: Who,
    pub action: String,
    pub flow: String,
    /// As whom.
    pub persona: Persona,
    /// What it knows, from `knows`: *knows your name, picture and e-mail*.
    pub knows: String,
    /// Where to answer the whole question instead, to go on as somebody else.
    pub other_url: Option<String>,
}

pages!(Away: Consent, Continue);
