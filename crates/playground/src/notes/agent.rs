//! Notes' agent at work: it has a key of its own, and what it may do is the person's to say, apart from the app.
//!
//! Some calls need the person's word each time. Then the issuer answers 202, asks the person, and makes the call itself, once; the
//! agent learns what came of it.

use super::issuer::Answer;
use super::link::CALENDAR;
use super::proxy::{Call, call};
use super::session::{Kept, Visit};
use super::tour::Step;
use super::{Notes, Trouble, refresh, signed};
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};

const LONGEST_TITLE: usize = 80;
/// How long one question how the person decides stays open.
const WAIT_SECS: u32 = 20;

/// A call that waits for the person.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(super) id: String,
    /// The page where they decide.
    pub(super) url: String,
}

/// `POST /agent/read`
pub(crate) async fn read(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Redirect, Trouble> {
    let mut kept = visit.kept.lock().await;
    let Some(answer) = calls(&notes, &mut kept, Method::GET, None).await? else { return Ok(Redirect::to("/#agent")) };
    if answer.refusal.is_some() {
        return Ok(refused(&mut kept, answer));
    }
    kept.done.insert(Step::Agent);
    (kept.accounts.read, kept.accounts.refused) = (Some(answer), None);
    Ok(Redirect::to("/accounts#read"))
}

/// `POST /agent/add`
pub(crate) async fn add(
    State(notes): State<Notes>,
    Extension(visit): Extension<Visit>,
    form: String,
) -> Result<Redirect, Trouble> {
    let fields = url::form_urlencoded::parse(form.as_bytes());
    let title = fields.into_iter().find(|(name, _)| name == "title").map(|(_, title)| title).unwrap_or_default();
    let title: String = title.trim().chars().take(LONGEST_TITLE).collect();
    if title.is_empty() {
        return Ok(Redirect::to("/accounts#add"));
    }
    let event = json!({ "title": title, "starts_at": "2031-03-10T16:00:00Z", "ends_at": "2031-03-10T17:00:00Z" });
    let mut kept = visit.kept.lock().await;
    let answer = calls(&notes, &mut kept, Method::POST, Some(&event)).await?;
    let Some(answer) = answer else { return Ok(Redirect::to("/#approve")) };
    if answer.status == 202 {
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        kept.accounts.waiting = Some(Waiting { id: text("approval_id"), url: text("approval_url") });
        kept.accounts.added = None;
        return Ok(Redirect::to("/accounts#add"));
    }
    if answer.refusal.is_some() {
        return Ok(refused(&mut kept, answer));
    }
    kept.accounts.added = Some(answer);
    Ok(Redirect::to("/accounts#add"))
}

/// A call of the agent in the name of whoever is signed in.
async fn calls(
    notes: &Notes,
    kept: &mut Kept,
    method: Method,
    body: Option<&Value>,
) -> Result<Option<Answer>, Trouble> {
    let Some(user_token) = refresh::user_token(notes, kept).await? else { return Ok(None) };
    let asked = Call {
        method,
        place: CALENDAR,
        bearer: &notes.settings.agent_key,
        user_token: Some(&user_token),
        reason: body.is_some().then_some("You asked for it in Notes"),
        body,
    };
    call(notes, asked).await.map(Some)
}

/// The issuer's no. An agent stops there: asking again changes nothing until the person lets it in again.
fn refused(kept: &mut Kept, answer: Answer) -> Redirect {
    let is_over = answer.refusal.as_deref() == Some("no_delegated_grant");
    if is_over && kept.done.contains(&Step::Agent) {
        kept.done.insert(Step::Unlink);
    }
    (kept.accounts.read, kept.accounts.refused) = (None, Some(answer));
    Redirect::to("/accounts#take-back")
}

/// `GET /agent/waiting`: answers once the person has decided and the call is made, or after a while. The page asks again until it is over.
pub(crate) async fn wait(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Response, Trouble> {
    // Not under the lock: the person does other things in the meantime.
    let waiting = visit.kept.lock().await.accounts.waiting.clone();
    let is_over = match waiting {
        None => true,
        Some(waiting) => is_over(&notes, &waiting, WAIT_SECS).await?,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(json!({ "isOver": is_over }))).into_response())
}

async fn is_over(notes: &Notes, waiting: &Waiting, wait_secs: u32) -> Result<bool, Trouble> {
    let path = format!("/sdk/approvals/{}?wait={wait_secs}", waiting.id);
    let answer = signed::ask(notes, &notes.settings.agent_key, Method::GET, &path, None).await?;
    let status = answer.body.get("status").and_then(Value::as_str).unwrap_or_default();
    Ok(!matches!(status, "pending" | "approved" | "executing"))
}

/// Takes what came of a call that waited, when it is over: the service's answer, or why there is none.
pub(super) async fn collect(notes: &Notes, kept: &mut Kept) -> Result<(), Trouble> {
    let Some(waiting) = kept.accounts.waiting.clone() else { return Ok(()) };
    if !is_over(notes, &waiting, 0).await? {
        return Ok(());
    }
    let path = format!("/sdk/approvals/{}/result", waiting.id);
    kept.accounts.added = match signed::ask(notes, &notes.settings.agent_key, Method::GET, &path, None).await {
        Ok(told) => {
            kept.done.insert(Step::Approve);
            Some(unpacked(&told))
        }
        // Denied, or too late: an answer as well.
        Err(Trouble::Refused(answer)) => Some(answer),
        Err(trouble) => return Err(trouble),
    };
    kept.accounts.waiting = None;
    Ok(())
}

/// The service's own answer, which comes packed in that of the issuer.
fn unpacked(told: &Answer) -> Answer {
    let status = told.body.get("status_code").and_then(Value::as_u64).unwrap_or_default();
    let body = told.body.get("body_b64").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    let body = body.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
    Answer { status: u16::try_from(status).unwrap_or_default(), body, ..Answer::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_service_is_unpacked() {
        let told = json!({ "status_code": 201, "body_b64": STANDARD.encode(r#"{"id":"ev-6"}"#) });
        let answer = unpacked(&Answer { status: 200, body: told, ..Answer::default() });
        assert_eq!((answer.status, answer.body), (201, json!({ "id": "ev-6" })));
        let nothing = unpacked(&Answer { body: json!({ "body_b64": "!" }), ..Answer::default() });
        assert_eq!((nothing.status, nothing.body), (0, Value::Null));
    }
}
