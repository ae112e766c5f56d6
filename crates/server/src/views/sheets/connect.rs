//! Connector consent: what one app asks to do at another, as a question a person can answer.

use super::Persona;
use crate::views::pages;
use crate::views::parts::{Frame, May, Name, Who};
use askama::Template;

/// When it may be done, as the page says or asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is said: only while the app is used.
    Using,
    /// It is said: also when the person is away, as they allowed before.
    Away,
    /// It is asked; whether *away* is what holds now.
    Asked { is_away: bool },
}

/// The person's accounts at a service: one is chosen, or one is linked next.
#[derive(Debug, Clone)]
pub struct LinkedChoice {
    pub service: Name,
    /// Id, what it is recognised by, and whether it is the one so far.
    pub accounts: Vec<(String, Name, bool)>,
}

/// The whole question: `GET /connect?…` or `GET /signin?flow=…` of a request that names a resource.
///
/// One form, `POST {action}`, with `flow`, `csrf`, `identity`, `when` = `using` or `away` where it is asked, and `decision` =
/// `allow` or `deny`. Nothing of the request is in it.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/connect.html")]
pub struct Connect {
    pub frame: Frame,
    /// The app that asks.
    pub app: Who,
    /// The app at which it would act.
    pub target: Who,
    /// What the other app calls the thing: *Iris inference*.
    pub resource: Name,
    pub description: Option<String>,
    /// Where the form posts.
    pub action: String,
    pub flow: String,
    /// One to five; exactly one is chosen.
    pub personas: Vec<Persona>,
    /// A GET of this plus an identity's id shows the page for that one.
    pub switch_url: Option<String>,
    /// Every scope as a line, new ones and already allowed ones tagged when there are both.
    pub may: May,
    pub when: When,
    /// The person has not signed in to the app before: allowing this lets it recognise them.
    pub opens_sign_in: bool,
    /// Something was allowed before, and the other app has since changed what it means.
    pub is_suspended: bool,
    /// The app is in development mode.
    pub is_in_development: bool,
    /// The account elsewhere that it is about; nothing where an app offers the resource.
    pub account: Option<LinkedChoice>,
}

impl Connect {
    fn chosen(&self) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.is_chosen).or_else(|| self.personas.first())
    }
}

/// The short question, when all that is asked was allowed before: one sentence, Continue or Cancel.
///
/// The same form as [`Connect`]: `flow`, `csrf`, `identity`, `decision` = `allow` or `deny`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/connect_again.html")]
pub struct ConnectAgain {
    pub frame: Frame,
    pub app: Who,
    pub target: Who,
    pub resource: Name,
    pub action: String,
    pub flow: String,
    pub persona: Persona,
    /// What is asked now, of what was allowed before.
    pub may: May,
    pub is_away: bool,
    /// The account elsewhere that it is about, id and label.
    pub account: Option<(String, Name)>,
}

pages!(Away: Connect, ConnectAgain);
