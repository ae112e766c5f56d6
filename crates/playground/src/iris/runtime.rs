//! What Iris does for other apps: `POST /runtime` for pages, `GET /api/history` for servers.
//!
//! Promise: nobody gets here without a token that a person's permission stands behind (`procura-verify` sees to that), and each
//! person's questions are told to nobody who acts for somebody else.

use super::Iris;
use super::thinking::{self, Words};
use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use verify::Delegation;

/// What one must be allowed to read old questions.
pub(super) const HISTORY: &str = "resource.history";

const LONGEST_PROMPT: usize = 500;

/// A request of the connector's runtime. Its `id` is for whoever sent it.
#[derive(Deserialize)]
pub(super) struct Call {
    op: String,
    #[serde(default)]
    payload: Value,
}

/// `POST /runtime`
pub(super) async fn run(
    State(iris): State<Iris>,
    Extension(delegation): Extension<Delegation>,
    call: Result<Json<Call>, JsonRejection>,
) -> Response {
    let Ok(Json(call)) = call else {
        return refusal(StatusCode::BAD_REQUEST, "invalid_request", "send JSON with id, op and payload");
    };
    match call.op.as_str() {
        "infer" => infer(&iris, &delegation, &call.payload),
        "history" if delegation.scope.has(HISTORY) => questions(&iris, &delegation),
        "history" => {
            refusal(StatusCode::FORBIDDEN, "insufficient_scope", "the person did not allow reading their questions")
        }
        _ => refusal(StatusCode::BAD_REQUEST, "invalid_request", "op is infer or history"),
    }
}

/// `GET /api/history`: for a server that holds the token itself.
pub(super) async fn history(State(iris): State<Iris>, Extension(delegation): Extension<Delegation>) -> Response {
    questions(&iris, &delegation)
}

fn infer(iris: &Iris, delegation: &Delegation, payload: &Value) -> Response {
    let prompt = payload.get("prompt").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if prompt.is_empty() || prompt.chars().count() > LONGEST_PROMPT {
        return refusal(StatusCode::BAD_REQUEST, "invalid_request", "payload.prompt has 1 to 500 letters");
    }
    iris.questions.keep(&delegation.subject, prompt);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Body::new(Words::say(thinking::answer(prompt)))).into_response()
}

fn questions(iris: &Iris, delegation: &Delegation) -> Response {
    let questions = iris.questions.of(&delegation.subject);
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({ "questions": questions }))).into_response()
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}
