//! What the calls of an app need, in plain words; adding a rule and ending one.

use super::end::Nothing;
use super::fields::Several;
use super::{Desk, WRONG, change_vault};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::developers::{AppPolicies, AppTab, DevelopersTab, PolicyKind, PolicyRow};
use crate::views::{End, Entry, Moment, Name};
use axum::extract::{Path, State};
use oauth::app::App as Registered;
use serde::Deserialize;
use vault::policy::{self, Need, Rule, RuleWish};

/// The kinds, and what each says of the calls that match.
const KINDS: [(&str, &str); 4] = [
    ("deny", "Refuse these calls"),
    ("require_approval", "Ask the person first"),
    ("limit", "Let through only so many"),
    ("allow", "Let through these and no others"),
];

#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    said: Option<String>,
}

fn home(app: &Registered) -> String {
    format!("/developers/apps/{}/policies", app.client_id())
}

/// `GET /developers/apps/{client_id}/policies`
pub(super) async fn list(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let mut view = view(&server, &desk, &app, &Sent::default(), None).await?;
    let notice = match part.said.as_deref() {
        Some("added") => Some("The rule holds from now on."),
        Some("removed") => Some("The rule is gone."),
        _ => None,
    };
    if let Some(notice) = notice {
        view.frame = view.frame.with_notice(notice);
    }
    page::show(&view)
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    provider: String,
    #[serde(default, rename = "match")]
    matches: Several,
    #[serde(default)]
    times: String,
    #[serde(default)]
    per_secs: String,
}

impl Sent {
    fn wish(&self, matches: Vec<String>) -> Result<RuleWish, vault::Error> {
        // What is no number is above no zero.
        let number = |text: &str| if text.trim().is_empty() { None } else { Some(text.trim().parse().unwrap_or(0)) };
        let need = Need::read(&self.kind, number(&self.times), number(&self.per_secs))?;
        let provider = Some(self.provider.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(RuleWish { provider, agent: None, grant: None, made_by: policy::DEVELOPER, need, matches })
    }
}

/// `POST /developers/apps/{client_id}/policies`
pub(super) async fn create(
    State(server): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(mut sent): Form<Sent>,
) -> PageResult {
    let (desk, app) = Desk::of_app(&server, signed, &id).await?;
    let by = desk.by(&app)?;
    let matches = std::mem::take(&mut sent.matches).into_filled();
    let set = match sent.wish(matches.clone()) {
        Ok(wish) => change_vault(&server, by, move |tx, seams, by| policy::put(tx, seams, by, &wish)).await,
        Err(error) => Err(error),
    };
    match set {
        Ok(_) => Ok(page::go(&format!("{}?said=added", home(&app)))),
        Err(error) => {
            let wrong = Wrong::of(error)?;
            sent.matches = Several::Many(matches);
            page::show_with(WRONG, &view(&server, &desk, &app, &sent, Some(wrong)).await?, None)
        }
    }
}

/// The field that is wrong, and the sentence about it.
struct Wrong {
    field: String,
    sentence: String,
}

impl Wrong {
    fn of(error: vault::Error) -> Result<Wrong, PageError> {
        match error {
            vault::Error::Refused(refusal)
                if refusal.code.status() < 404 || refusal.code == vault::Code::QuotaExceeded =>
            {
                let field = refusal.extra.get("field").and_then(serde_json::Value::as_str).unwrap_or("match");
                let sentence = match field {
                    "kind" => "Choose what the rule does.",
                    "provider" => "It is the id of a provider or a secret, or empty.",
                    "times" => "A limit has two numbers above zero; no other rule has any.",
                    _ if refusal.code == vault::Code::QuotaExceeded => "This app has as many rules as it may have.",
                    _ => "Write a method or *, a space and a path: DELETE /calendar/**.",
                };
                Ok(Wrong { field: field.to_owned(), sentence: sentence.to_owned() })
            }
            other => Err(other.into()),
        }
    }
}

async fn open(
    server: &App,
    signed: Signed,
    (id, rule): (String, String),
) -> Result<(Desk, Registered, Rule), PageError> {
    let (desk, app) = Desk::of_app(server, signed, &id).await?;
    let (by, owner) = (desk.by(&app)?, app.id.clone());
    let found = server.store.read(move |tx| policy::list_of_app(tx, &owner)).await?;
    let found = found.into_iter().find(|own| own.id == rule && own.is_for(&by));
    Ok((desk, app, found.ok_or_else(PageError::not_found)?))
}

/// `GET /developers/apps/{client_id}/policies/{policy_id}/end`
pub(super) async fn ask(State(server): State<App>, signed: Signed, Path(of): Path<(String, String)>) -> PageResult {
    let (desk, app, found) = open(&server, signed, of).await?;
    let place = place(&server, &found).await?;
    let calls = found.matches.iter().map(|text| format!("{} {place}: {text}", says(found.need)));
    page::show(&End {
        frame: desk.frame(&server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        heading: "Remove this rule?".to_owned(),
        ends: calls.chain(["It holds for no call any more, from the next one on.".to_owned()]).collect(),
        note: None,
        action: format!("{}/{}/end", home(&app), found.id),
        fields: Vec::new(),
        confirm: None,
        verb: "Remove the rule".to_owned(),
        cancel_url: home(&app),
    })
}

/// `POST /developers/apps/{client_id}/policies/{policy_id}/end`
pub(super) async fn end(
    State(server): State<App>,
    signed: Signed,
    Path(of): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> PageResult {
    let (desk, app, found) = open(&server, signed, of).await?;
    let removed =
        change_vault(&server, desk.by(&app)?, move |tx, seams, by| policy::remove(tx, seams, by, &found.id)).await?;
    if !removed {
        return Err(PageError::not_found());
    }
    Ok(page::go(&format!("{}?said=removed", home(&app))))
}

async fn view(
    server: &App,
    desk: &Desk,
    app: &Registered,
    sent: &Sent,
    wrong: Option<Wrong>,
) -> Result<AppPolicies, PageError> {
    let (owner, by) = (app.id.clone(), desk.looks(app));
    let found = server.store.read(move |tx| policy::list_of_app(tx, &owner)).await?;
    let mut rows = Vec::with_capacity(found.len());
    for rule in &found {
        rows.push(PolicyRow {
            id: rule.id.clone(),
            says: says(rule.need),
            place: place(server, rule).await?,
            matches: rule.matches.clone(),
            made_by: match rule.made_by.as_str() {
                policy::MANIFEST => "set by the operator's file",
                policy::OPERATOR => "set by the operator",
                policy::DEVELOPER => "set here",
                _ => "set by a person",
            },
            since: Moment::day(rule.created_at, desk.now),
            can_end: desk.may_change() && rule.is_for(&by),
        });
    }
    let entry = |field: &str, typed: &str| match wrong.as_ref().filter(|wrong| wrong.field == field) {
        Some(wrong) => Entry::refused(typed, wrong.sentence.as_str()),
        None => Entry::of(typed),
    };
    let mut matches: Vec<Entry> = sent.matches.clone().into_all().into_iter().map(Entry::of).collect();
    matches.resize_with(matches.len().max(2) + 1, Entry::empty);
    if let (Some(first), Some(wrong)) = (matches.first_mut(), wrong.as_ref().filter(|wrong| wrong.field == "match")) {
        first.error = Some(wrong.sentence.clone());
    }
    Ok(AppPolicies {
        frame: desk.frame(server),
        rail: desk.rail(DevelopersTab::App(app.client_id())),
        head: Desk::head(app, AppTab::Policies),
        rows,
        kinds: KINDS.map(|(word, says)| PolicyKind { word, says, is_chosen: word == sent.kind }).to_vec(),
        kind_said: wrong.as_ref().filter(|wrong| wrong.field == "kind").map(|wrong| wrong.sentence.clone()),
        provider: entry("provider", &sent.provider),
        matches,
        times: entry("times", &sent.times),
        per_secs: Entry::of(&*sent.per_secs),
        may_change: desk.may_change(),
    })
}

/// What a rule does, in plain words.
fn says(need: Need) -> String {
    match need {
        Need::Deny => "Refuses".to_owned(),
        Need::Allow => "Lets through, and refuses all that no such rule names,".to_owned(),
        Need::RequireApproval => "Asks the person before".to_owned(),
        Need::Limit { times, per_secs } => format!("Lets through at most {times} in {per_secs} seconds of"),
        Need::Broken => "Cannot be read, and so refuses everything".to_owned(),
    }
}

/// Which calls it is about besides their patterns, in plain words.
async fn place(server: &App, rule: &Rule) -> Result<String, PageError> {
    let mut place = match &rule.provider {
        None => "calls everywhere".to_owned(),
        Some(id) => {
            let known = server.vault.provider(id).await?;
            let name = known.as_ref().map_or_else(|| Name::new(id), |known| Name::new(&known.name));
            format!("calls at {name}")
        }
    };
    if rule.agent.is_some() {
        place.push_str(" by one agent");
    }
    if rule.grant.is_some() {
        place.push_str(" on one permission");
    }
    Ok(place)
}
