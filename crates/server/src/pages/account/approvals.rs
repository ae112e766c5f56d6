//! `/account/approvals`: calls that had to ask their person first. Looking decides nothing; denying needs a form of ours, allowing a
//! fresh proof of who one is that was asked for this very call (threat 155).

use super::{Done, done, place};
use crate::api::people::{signed_in, with_session};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::{ApiError, PageError};
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::json::Json;
use crate::edge::page::{self, PageResult};
use crate::edge::refused;
use crate::edge::session::{ApiSigned, Signed, Visitor};
use crate::views::account::{AccountTab, ApprovalRow, Approvals, CallState, CallToDecide};
use crate::views::{Entry, Moment, Name, Tile};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::ApprovalId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use vault::approval::{Decision, Frozen, Shown, Status};

const HERE: &str = "/account/approvals";
const PAGE: u32 = 50;
/// More of a body would be scrolled past.
const LONGEST_SHOWN: usize = 64 << 10;

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    before: Option<String>,
    done: Option<String>,
}

/// `GET /account/approvals`
pub async fn list(State(app): State<App>, signed: Signed, Query(asked): Query<Asked>) -> PageResult {
    let said = Done { done: asked.done };
    let (frame, rail, _) = place(&app, &signed, AccountTab::Approvals, &said).await?;
    let before = asked.before.unwrap_or_default();
    let all = app.vault.approvals_of(&signed.session.account, &before, PAGE).await.map_err(told)?;
    let older = all.last().filter(|_| all.len() == PAGE as usize).map(|last| last.approval.id.clone());
    let mut rows = Vec::with_capacity(all.len());
    for shown in &all {
        rows.push(ApprovalRow {
            url: format!("{HERE}/{}", shown.approval.id),
            who: app_of(&app, shown).await?.0,
            deed: deed(&app, shown).await?,
            asked: Moment::seen_from(shown.approval.created_at, app.seams.now()),
            state: state(shown.approval.status),
        });
    }
    page::show(&Approvals { frame, rail, rows, older_url: older.map(|id| format!("{HERE}?before={id}")) })
}

/// `GET /account/approvals/{id}`
pub async fn show(State(app): State<App>, signed: Signed, flow: FlowCookie, Path(id): Path<String>) -> PageResult {
    let view = view(&app, &signed, &id, Entry::empty()).await?;
    Ok(flow.on(page::show(&view)?))
}

#[derive(Deserialize)]
pub struct Decided {
    #[serde(default)]
    digest: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    code: String,
}

/// `POST /account/approvals/{id}`: denies; in the demo a recovery code allows.
pub async fn decide(
    State(app): State<App>,
    signed: Signed,
    Visitor(visit): Visitor,
    Path(id): Path<String>,
    Form(form): Form<Decided>,
) -> PageResult {
    let (account, approval) = (&signed.session.account, ApprovalId::from_text(id.clone()));
    if form.decision != "approve" {
        let denied =
            app.vault.decide_approval(account, &approval, &form.digest, Decision::Deny, "session", &visit.source).await;
        denied.map_err(told)?;
        return Ok(done(HERE, "denied"));
    }
    // Only the demo has this way; elsewhere nothing of the kind is known.
    match app.people.step_up_by_code(&signed.session, &form.code, visit.clone()).await {
        Ok(renewed) => {
            let proof = "recovery_code";
            let allowed = app
                .vault
                .decide_approval(account, &approval, &form.digest, Decision::Approve, proof, &visit.source)
                .await;
            let onward = match allowed {
                Ok(_) => page::go(&format!("{HERE}/{id}")),
                Err(error) => told(error).into_response(),
            };
            Ok(with_session(&app, &renewed, onward))
        }
        Err(people::Error::Refused(refusal)) if refusal.code != people::Code::NotFound => {
            let entry = Entry::refused(form.code, refused::sentence(refusal.sentence));
            let view = view(&app, &signed, &id, entry).await?;
            page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub struct Start {
    digest: String,
}

/// `POST /api/approvals/{id}/start`: a challenge for this very call.
pub async fn start(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    flow: FlowCookie,
    Path(id): Path<String>,
    Json(body): Json<Start>,
) -> Result<Response, ApiError> {
    let shown =
        app.vault.approval_for(&session.account, &ApprovalId::from_text(id.clone())).await.map_err(refused_api)?;
    if shown.approval.digest_hex() != body.digest {
        return Err(ApiError::not_found());
    }
    let started = app.people.begin_login(&flow.flow.about(&subject(&id, &body.digest))).await?;
    let answer = json!({ "authSessionId": started.id.reveal(), "authOptions": started.options });
    Ok(flow.on(axum::Json(answer).into_response()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    auth_session_id: String,
    credential: Value,
    digest: String,
}

/// `POST /api/approvals/{id}/approve`: the passkey's answer to that challenge is the person's yes.
pub async fn approve(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    Path(id): Path<String>,
    Json(body): Json<Proof>,
) -> Result<Response, ApiError> {
    let bound = flow.flow.about(&subject(&id, &body.digest));
    let source = visit.source.clone();
    let renewed = app.people.step_up(&session, &bound, &body.auth_session_id, &body.credential, visit).await?;
    let approval = ApprovalId::from_text(id);
    let allowed = app
        .vault
        .decide_approval(&session.account, &approval, &body.digest, Decision::Approve, "passkey", &source)
        .await;
    match allowed {
        Ok(_) => Ok(signed_in(&app, &renewed, json!({ "success": true }))),
        Err(error) => Ok(with_session(&app, &renewed, refused_api(error).into_response())),
    }
}

/// What a challenge is for, so that its answer is good for nothing else.
fn subject(id: &str, digest: &str) -> String {
    format!("approval\n{id}\n{digest}")
}

async fn view(app: &App, signed: &Signed, id: &str, code: Entry) -> Result<CallToDecide, PageError> {
    let shown = app.vault.approval_for(&signed.session.account, &ApprovalId::from_text(id)).await.map_err(told)?;
    let (name, host, tile) = app_of(app, &shown).await?;
    let (approval, now) = (&shown.approval, app.seams.now());
    let (raw, is_body_hidden) = shown.request.as_ref().map(raw).unwrap_or_default();
    let place = shown.request.as_ref().map(|request| request.url.split_once("://").map_or("", |(_, place)| place));
    let here = format!("{HERE}/{id}");
    Ok(CallToDecide {
        frame: page::frame(app).with_csrf(&signed.csrf),
        app: name,
        host,
        tile,
        agent: shown.request.as_ref().and_then(Frozen::agent_name).map(Name::new),
        deed: deed(app, &shown).await?,
        service: service(app, &approval.provider).await?,
        account: Name::new(&account_of(app, &shown).await?),
        method: shown.request.as_ref().map(|request| request.method.clone()).unwrap_or_default(),
        address: place.unwrap_or_default().to_owned(),
        reason: shown.request.as_ref().and_then(|request| request.reason.clone()),
        raw,
        is_body_hidden,
        digest: approval.digest_hex(),
        asked: Moment::seen_from(approval.created_at, now),
        ends: Moment::seen_from(approval.expires_at, now),
        state: state(approval.status),
        start: format!("/api/approvals/{id}/start"),
        approve: format!("/api/approvals/{id}/approve"),
        action: here,
        may_use_code: app.config.demo,
        code,
    })
}

/// The request as it goes out: line, headers, body.
fn raw(request: &Frozen) -> (String, bool) {
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    }
    let body = request.body();
    if body.is_empty() {
        return (text, false);
    }
    match std::str::from_utf8(&body) {
        Ok(body) if body.len() <= LONGEST_SHOWN && !body.chars().any(is_hidden) => {
            text.push('\n');
            text.push_str(&pretty(body));
            (text, false)
        }
        _ => {
            let _ = writeln!(text, "\n({} bytes)", body.len());
            (text, true)
        }
    }
}

/// Letters that hide others or change their order would make a body look like another one.
fn is_hidden(letter: char) -> bool {
    (letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// JSON is shown a member a line; anything else as it is.
fn pretty(body: &str) -> String {
    serde_json::from_str::<Value>(body)
        .ok()
        .filter(|value| value.is_object() || value.is_array())
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| body.to_owned())
}

/// The app that asks, as people know it.
async fn app_of(app: &App, shown: &Shown) -> Result<(Name, String, Tile), PageError> {
    let id = shown.approval.app.as_str();
    let found = app.oauth.apps.get(id).await?;
    let name = found.as_ref().map(|found| Name::new(&found.name)).unwrap_or_default();
    let host =
        found.and_then(|found| found.website.clone()).and_then(|url| url::Url::parse(&url).ok()).and_then(|url| {
            url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
    let tile = Tile::app(id, &name, None);
    Ok((name, host.unwrap_or_default(), tile))
}

async fn service(app: &App, provider: &str) -> Result<String, PageError> {
    Ok(app.vault.provider(provider).await?.map_or_else(|| provider.to_owned(), |provider| provider.name.clone()))
}

async fn account_of(app: &App, shown: &Shown) -> Result<String, PageError> {
    let all = app.vault.linked_by(&signed_account(shown), "", 200).await?;
    let own = all.into_iter().find(|linked| linked.grants.iter().any(|grant| grant.id == shown.approval.grant));
    Ok(own.map(|linked| linked.connection.label).unwrap_or_default())
}

fn signed_account(shown: &Shown) -> base::AccountId {
    shown.approval.account.clone().unwrap_or_else(|| base::AccountId::from_text(""))
}

/// What the method comes to, in a person's words.
async fn deed(app: &App, shown: &Shown) -> Result<String, PageError> {
    let verb = match shown.request.as_ref().map(|request| request.method.as_str()) {
        Some("GET" | "HEAD" | "OPTIONS") => "look at something",
        Some("DELETE") => "delete something",
        Some("POST") => "add or send something",
        _ => "change something",
    };
    Ok(format!("{verb} in {}", service(app, &shown.approval.provider).await?))
}

fn state(status: Status) -> CallState {
    match status {
        Status::Pending => CallState::Waiting,
        Status::Approved | Status::Executing => CallState::Allowed,
        Status::Denied => CallState::Denied,
        Status::Expired => CallState::TooLate,
        Status::Executed => CallState::Done,
        Status::Failed => CallState::Failed,
    }
}

fn told(error: vault::Error) -> PageError {
    match error {
        vault::Error::Fault(fault) => PageError::fault(&fault),
        vault::Error::Refused(refusal) if refusal.code == vault::Code::ApprovalNotFound => PageError::not_found(),
        vault::Error::Refused(_) => PageError::new(
            StatusCode::CONFLICT,
            "This call was decided already, or its time is over.",
            "Nothing was changed. Look at the list to see what came of it.",
        )
        .with_action("All approvals", HERE),
    }
}

fn refused_api(error: vault::Error) -> ApiError {
    match error {
        vault::Error::Fault(fault) => fault.into(),
        vault::Error::Refused(refusal) if refusal.code == vault::Code::ApprovalNotFound => ApiError::not_found(),
        vault::Error::Refused(_) => ApiError::new(
            StatusCode::CONFLICT,
            "approval_over",
            "This call was decided already, or its time is over. Load the page again to see what came of it.",
        ),
    }
}
