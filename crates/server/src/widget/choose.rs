//! The page: which service, what it will be asked for, and the answers (`connect-wire.md` 5).

use super::{done, lost, number_in, page_of, refused, secret};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::MaybeSigned;
use crate::oauth::authorize::who;
use crate::pages::account::connections;
use crate::views::{
    Entry, Field, Link, LinkAgent, LinkPage, LinkPick, LinkService, LinkState, LinkWho, May, Name, Tile,
};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::{ConnectionId, Secret};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use vault::Subject;
use vault::provider::{AuthKind, Inputs, Quirk};
use vault::session::{Choice, Linkable, Next, Session, Status};

#[derive(Deserialize)]
pub struct Place {
    /// The service that the person looks at.
    service: Option<String>,
}

/// `GET /sdk/oauth/connect/s/{number}`
pub async fn show(
    State(app): State<App>,
    Path(number): Path<String>,
    Query(place): Query<Place>,
    cookie: FlowCookie,
    signed: MaybeSigned,
) -> PageResult {
    let session = found(&app, &number, &cookie).await?;
    if session.status(app.seams.now()) != Status::Pending {
        return done::show(&app, &session).await;
    }
    if let Some(elsewhere) = check_person(&session, &signed)? {
        return Ok(elsewhere);
    }
    if session.terms.secret.is_some() {
        return secret::draw(&app, &session, None, &cookie, &signed).await;
    }
    let services = app.vault.linkables(&session).await.map_err(refused)?;
    // Nothing to ask: the app's own person, one service, and the app asked to skip the page.
    if session.terms.direct
        && session.subject.identity().is_some()
        && session.result.failed.is_empty()
        && let [only] = services.as_slice()
        && only.configured.provider.auth.kind.is_oauth()
        && only.configured.open_inputs().is_empty()
    {
        let choice = Choice::Continue { provider: only.configured.provider.id.clone(), inputs: Inputs::new() };
        let next = app.vault.go_on(&session, choice, &cookie.browser).await.map_err(refused)?;
        return go(&app, &session, next, &place, &cookie, &signed, &services).await;
    }
    draw(&app, &session, &services, place.service.as_deref(), None, &cookie, &signed).await
}

#[derive(Deserialize)]
pub struct Answer {
    decision: String,
    #[serde(default)]
    service: String,
    connection: Option<String>,
    /// The agent may come in.
    agent: Option<String>,
    /// And pass it on.
    pass_on: Option<String>,
    /// What else was typed: `input.NAME`, `secret.NAME`.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// `POST /sdk/oauth/connect/s/{number}`
pub async fn choose(
    State(app): State<App>,
    Path(number): Path<String>,
    cookie: FlowCookie,
    signed: MaybeSigned,
    Form(answer): Form<Answer>,
) -> PageResult {
    let mut session = found(&app, &number, &cookie).await?;
    if session.status(app.seams.now()) != Status::Pending {
        return Ok(page::go(&page_of(session.number)));
    }
    if let Some(elsewhere) = check_person(&session, &signed)? {
        return Ok(elsewhere);
    }
    let place = Place { service: Some(answer.service.clone()).filter(|service| !service.is_empty()) };
    let (inputs, secrets) = typed(&answer.rest);
    let provider = answer.service;
    let is_yes = matches!(answer.decision.as_str(), "continue" | "use" | "key" | "approve");
    if is_yes && session.terms.agent.is_some() {
        let (is_let_in, may_pass_on) = (answer.agent.is_some(), answer.pass_on.is_some());
        app.vault.answer_agent(&session, is_let_in, may_pass_on).await.map_err(refused)?;
        session = found(&app, &number, &cookie).await?;
    }
    let choice = match answer.decision.as_str() {
        "continue" => Choice::Continue { provider, inputs },
        "use" => {
            let connection = ConnectionId::from_text(answer.connection.unwrap_or_default());
            Choice::Use { provider, connection }
        }
        "key" => Choice::Key { provider, inputs, secrets },
        "approve" => Choice::Approve,
        "skip" => Choice::Skip { provider },
        "finish" => Choice::Finish,
        _ => Choice::Cancel,
    };
    let next = app.vault.go_on(&session, choice, &cookie.browser).await.map_err(refused)?;
    if session.terms.secret.is_some() {
        return match next {
            Next::Again(sentence) => secret::draw(&app, &session, Some(sentence), &cookie, &signed).await,
            Next::Away(_) | Next::Page => Ok(page::go(&page_of(session.number))),
        };
    }
    let services = app.vault.linkables(&session).await.map_err(refused)?;
    go(&app, &session, next, &place, &cookie, &signed, &services).await
}

async fn go(
    app: &App,
    session: &Session,
    next: Next,
    place: &Place,
    cookie: &FlowCookie,
    signed: &MaybeSigned,
    services: &[Linkable],
) -> PageResult {
    match next {
        Next::Away(url) => Ok(Redirect::to(&url).into_response()),
        Next::Page => Ok(page::go(&page_of(session.number))),
        Next::Again(sentence) => {
            draw(app, session, services, place.service.as_deref(), Some(sentence), cookie, signed).await
        }
    }
}

/// The session of this page, when this is its browser.
pub(super) async fn found(app: &App, number: &str, cookie: &FlowCookie) -> Result<Session, PageError> {
    let number = number_in(number).ok_or_else(lost)?;
    app.vault.session_for(number, Some(&cookie.browser)).await.map_err(refused)?.ok_or_else(lost)
}

/// A session that an app opened for a person of ours is theirs alone: they sign in, and nobody else goes on (threat 140).
fn check_person(session: &Session, signed: &MaybeSigned) -> Result<Option<Response>, PageError> {
    let Subject::Identity { account, .. } = &session.subject else { return Ok(None) };
    match &signed.0 {
        None => {
            let back: String = url::form_urlencoded::byte_serialize(page_of(session.number).as_bytes()).collect();
            Ok(Some(page::go(&format!("/login?return_to={back}"))))
        }
        Some(signed) if signed.session.account == *account => Ok(None),
        Some(_) => Err(PageError::new(
            StatusCode::FORBIDDEN,
            "This is for somebody else.",
            "The app opened this window for another person than the one who is signed in here. Sign out, or start again in the app.",
        )
        .with_action("Sign out", "/logout")),
    }
}

async fn draw(
    app: &App,
    session: &Session,
    services: &[Linkable],
    chosen: Option<&str>,
    trouble: Option<&str>,
    cookie: &FlowCookie,
    signed: &MaybeSigned,
) -> PageResult {
    let client = app.oauth.app(session.app.as_str()).await?.ok_or_else(lost)?;
    let csrf = signed.0.as_ref().map_or_else(|| cookie.csrf.clone(), |signed| signed.csrf.clone());
    let person = person(app, session).await?;
    let is_single = services.len() == 1;
    let chosen = match services {
        [only] => Some(only),
        several => several.iter().find(|own| Some(own.configured.provider.id.as_str()) == chosen),
    };
    let failed = |id: &str| session.result.failed.iter().find(|failed| failed.provider == id);
    let trouble = trouble
        .map(str::to_owned)
        .or_else(|| chosen.and_then(|own| failed(&own.configured.provider.id)).map(|failed| failed.message.clone()));
    let view = LinkPage {
        frame: page::frame(app).with_csrf(csrf),
        app: who(&client),
        action: page_of(session.number),
        person,
        is_stranger: !matches!(session.subject, Subject::Identity { .. }),
        chosen: chosen.map(|own| pick(own, session)),
        services: services.iter().map(|own| service(own, session)).collect(),
        is_single,
        can_finish: !session.result.granted.is_empty(),
        is_repair: session.terms.repair.is_some(),
        agent: agent(session),
        trouble,
        back: (!is_single).then(|| Link::new("Other services", page_of(session.number))),
        mark: session.mark(),
        origin: told_at(session),
    };
    page::show(&view)
}

pub(super) async fn person(app: &App, session: &Session) -> Result<Option<LinkWho>, PageError> {
    let Subject::Identity { account, identity } = &session.subject else { return Ok(None) };
    let identities = app.people.identities(account).await.map_err(PageError::people)?;
    Ok(identities.iter().find(|own| own.id == *identity).map(|own| {
        let name = Name::new(&own.display_name);
        LinkWho {
            tile: Tile::person(own.id.as_str(), &name, own.picture.clone()).small(),
            name,
            handle: own.handle.clone(),
        }
    }))
}

/// The agent that comes in with it.
pub(super) fn agent(session: &Session) -> Option<LinkAgent> {
    session.terms.agent.as_ref().map(|_| LinkAgent {
        name: Name::new(session.terms.agent_name.as_deref().unwrap_or_default()),
        may_pass_on: session.terms.delegable == Some(true),
    })
}

/// Where the page tells what the person does, when a window waits for it.
pub(super) fn told_at(session: &Session) -> Option<String> {
    session.origin.clone().filter(|_| session.transport == Some(vault::session::Transport::Popup))
}

fn service(own: &Linkable, session: &Session) -> LinkService {
    let provider = &own.configured.provider;
    let name = Name::new(&provider.name);
    let granted = session.result.granted.iter().find(|granted| granted.provider == provider.id);
    let state = match granted {
        Some(granted) => LinkState::Connected(Name::new(&granted.account)),
        None if session.result.declined.iter().any(|own| own.provider == provider.id) => LinkState::Declined,
        None if session.result.failed.iter().any(|own| own.provider == provider.id) => LinkState::Failed,
        None => LinkState::Open,
    };
    LinkService {
        url: format!("{}?service={}", page_of(session.number), provider.id),
        tile: Tile::app(&provider.id, &name, None).small(),
        name,
        host: own.configured.provider.known_host().to_owned(),
        state,
    }
}

fn pick(own: &Linkable, session: &Session) -> LinkPick {
    let (configured, provider) = (&own.configured, &own.configured.provider);
    let input = |input: &vault::provider::Input| {
        Field::new(format!("input.{}", input.name), input.text.clone(), &Entry::empty()).maxlength(200).required()
    };
    let name = Name::new(&provider.name);
    let mut fields: Vec<Field> = configured.open_inputs().into_iter().map(input).collect();
    fields.extend(secrets_of(provider));
    LinkPick {
        id: provider.id.clone(),
        tile: Tile::app(&provider.id, &name, None),
        name,
        host: own.configured.provider.known_host().to_owned(),
        may: May { lines: own.in_words().iter().map(connections::line).collect() },
        linked: own.linked.iter().map(|linked| (linked.id.as_str().to_owned(), Name::new(&linked.label))).collect(),
        takes_key: !provider.auth.kind.is_oauth(),
        docs: provider.docs.clone(),
        fields,
        limits: limits(session),
    }
}

/// What is typed where a service gives keys.
fn secrets_of(provider: &vault::provider::Provider) -> Vec<Field> {
    let secret = |name: &'static str, label: &'static str| {
        Field::new(format!("secret.{name}"), label, &Entry::empty()).kind("password").maxlength(8192).required().code()
    };
    let plain = |name: &'static str, label: &'static str| {
        Field::new(format!("secret.{name}"), label, &Entry::empty()).maxlength(1024).required()
    };
    match provider.auth.kind {
        AuthKind::Oauth2 | AuthKind::Oidc => Vec::new(),
        AuthKind::ApiKey if provider.has(Quirk::DatadogApplicationKey) => {
            vec![secret("key", "API key"), secret("application_key", "Application key")]
        }
        AuthKind::ApiKey => vec![secret("key", "Key")],
        AuthKind::Basic => vec![plain("user", "User name"), secret("password", "Password")],
        AuthKind::AwsSigv4 => vec![plain("access_key_id", "Access key id"), secret("secret_key", "Secret access key")],
    }
}

/// What the app itself narrows, in words.
fn limits(session: &Session) -> Option<String> {
    let restrictions = session.terms.restrictions.as_ref()?;
    let methods = restrictions.allowed_methods.as_ref()?;
    let is_reading = methods.iter().all(|method| matches!(method.to_ascii_uppercase().as_str(), "GET" | "HEAD"));
    is_reading.then(|| "It can look, and change nothing.".to_owned())
}

fn typed(rest: &BTreeMap<String, Value>) -> (Inputs, Vec<(String, Secret)>) {
    let (mut inputs, mut secrets) = (Inputs::new(), Vec::new());
    for (name, value) in rest {
        let Some(text) = value.as_str() else { continue };
        if let Some(name) = name.strip_prefix("input.") {
            inputs.insert(name.to_owned(), text.trim().to_owned());
        } else if let Some(name) = name.strip_prefix("secret.") {
            secrets.push((name.to_owned(), Secret::new(text.trim())));
        }
    }
    (inputs, secrets)
}
