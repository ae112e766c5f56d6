//! `/`: the tour, in fifteen steps that tick themselves off.

use super::session::{SignedIn, Visit};
use super::{Notes, Trouble};
use crate::page;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};

/// A step of the tour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Identity,
    SignIn,
    Tokens,
    Refresh,
    SignOut,
    Quick,
    TakeBack,
    Connect,
    Ask,
    Disconnect,
    Link,
    Agent,
    Approve,
    Unlink,
    Resource,
}

impl Step {
    pub(crate) const ALL: [Step; 15] = [
        Step::Identity,
        Step::SignIn,
        Step::Tokens,
        Step::Refresh,
        Step::SignOut,
        Step::Quick,
        Step::TakeBack,
        Step::Connect,
        Step::Ask,
        Step::Disconnect,
        Step::Link,
        Step::Agent,
        Step::Approve,
        Step::Unlink,
        Step::Resource,
    ];

    /// Its place on the page, and in `/done/{step}`.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Step::Identity => "identity",
            Step::SignIn => "sign-in",
            Step::Tokens => "tokens",
            Step::Refresh => "refresh",
            Step::SignOut => "sign-out",
            Step::Quick => "quick",
            Step::TakeBack => "take-back",
            Step::Connect => "connect",
            Step::Ask => "ask",
            Step::Disconnect => "disconnect",
            Step::Link => "link",
            Step::Agent => "agent",
            Step::Approve => "approve",
            Step::Unlink => "unlink",
            Step::Resource => "resource",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Step::Identity => "Make your identity",
            Step::SignIn => "Sign in at Notes",
            Step::Tokens => "Read the tokens",
            Step::Refresh => "Refresh them",
            Step::SignOut => "Sign out",
            Step::Quick => "Sign in at Iris, which nobody registered",
            Step::TakeBack => "Take it back",
            Step::Connect => "Let Notes use Iris",
            Step::Ask => "Ask Iris from Notes",
            Step::Disconnect => "Take that back too",
            Step::Link => "Link your calendar",
            Step::Agent => "Let an agent read it",
            Step::Approve => "Let it add something, if you agree",
            Step::Unlink => "Take it back at once",
            Step::Resource => "The same calendar, as a resource",
        }
    }

    /// The part of the tour that begins with it.
    fn part(self) -> Option<&'static str> {
        match self {
            Step::Identity => Some("Who you are"),
            Step::Connect => Some("One app at another"),
            Step::Link => Some("Your accounts elsewhere"),
            _ => None,
        }
    }
}

/// A step as the page shows it.
struct Row {
    step: Step,
    number: usize,
    is_done: bool,
    /// The first one that is not done: its button is the bright one.
    is_next: bool,
}

impl Row {
    fn id(&self) -> &'static str {
        self.step.id()
    }

    fn title(&self) -> &'static str {
        self.step.title()
    }

    fn part(&self) -> Option<&'static str> {
        self.step.part()
    }

    fn button(&self) -> &'static str {
        if self.is_next { "button go" } else { "button" }
    }
}

#[derive(Template)]
#[template(path = "tour.html")]
struct Tour<'a> {
    issuer: &'a str,
    issuer_host: &'a str,
    own_host: &'a str,
    iris: &'a str,
    iris_host: &'a str,
    manifest: &'a str,
    rows: Vec<Row>,
    signed_in: Option<&'a SignedIn>,
    refused: Option<String>,
    may_use_iris: bool,
    iris_refused: Option<String>,
    agent: &'a str,
    is_over: bool,
}

/// `GET /`
pub(crate) async fn show(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Response {
    let kept = visit.kept.lock().await;
    let next = Step::ALL.into_iter().find(|step| !kept.done.contains(step));
    let row = |(place, step): (usize, Step)| Row {
        step,
        number: place + 1,
        is_done: kept.done.contains(&step),
        is_next: next == Some(step),
    };
    let settings = &notes.settings;
    let page = Tour {
        issuer: &settings.issuer,
        issuer_host: page::host(&settings.issuer),
        own_host: page::host(&settings.origin),
        iris: &settings.iris,
        iris_host: page::host(&settings.iris),
        manifest: &settings.manifest,
        rows: Step::ALL.into_iter().enumerate().map(row).collect(),
        signed_in: kept.signed_in.as_ref(),
        refused: kept.refused.as_ref().map(super::issuer::Answer::pretty),
        may_use_iris: kept.may_use_iris,
        iris_refused: kept.iris_refused.as_ref().map(super::issuer::Answer::pretty),
        agent: &settings.agent,
        is_over: next.is_none(),
    };
    page::show(StatusCode::OK, &page, &settings.issuer)
}

/// `GET /done/{step}`: the issuer and Iris send the newcomer back here, and so does the page that asks Iris. It ticks a box, no more.
pub(crate) async fn tick(Extension(visit): Extension<Visit>, Path(name): Path<String>) -> Result<Redirect, Trouble> {
    let step = [Step::Identity, Step::Quick, Step::Ask].into_iter().find(|step| step.id() == name);
    let step = step.ok_or(Trouble::Wrong("There is no such step"))?;
    let mut kept = visit.kept.lock().await;
    kept.done.insert(step);
    // The first steps are at the top of the page anyway.
    Ok(Redirect::to(&if step == Step::Identity { "/".to_owned() } else { kept.tour() }))
}
