//! `POST /sdk/proxy`: a call told as JSON and answered as JSON (`connect-wire.md` 2.6.7).

use super::token::Meant;
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, needs};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use net::Upload;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vault::approval::{Pending, Ran};
use vault::proxy::{Answered, CallAsk, Called, Form, Target};
use vault::{Code, Error};

/// More of an answer is cut off: all of it stands in memory, and its client reads it as one text.
const MOST_ANSWER: usize = 8 << 20;

#[derive(Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    meant: Meant,
    method: String,
    url: String,
    body: Option<Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    query_params: Map<String, Value>,
    reason: Option<String>,
}

/// `POST /sdk/proxy`
pub async fn call(
    State(app): State<App>,
    Calling(caller): Calling,
    Body(asked): Body<Asked>,
) -> Result<Response, SdkError> {
    needs(&caller, "proxy:execute")?;
    let mut headers = header_map(&asked.headers)?;
    let body = match asked.body {
        None | Some(Value::Null) => Upload::Nothing,
        Some(value) => {
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            Upload::Whole(value.to_string().into())
        }
    };
    let ask = CallAsk {
        wanted: asked.meant.wanted(&app, &caller).await?,
        method: asked.method,
        target: Target::Url { url: asked.url, more: pairs(&asked.query_params)? },
        headers,
        body,
        reason: asked.reason,
        form: Form::Json,
    };
    let began = tokio::time::Instant::now();
    match app.vault.call(&caller, ask).await? {
        Called::Waits(pending) => Ok((StatusCode::ACCEPTED, Json(waits(&pending))).into_response()),
        Called::Answer(answered) => {
            let ran = whole(*answered, began).await?;
            Ok(Json(result(&ran, None)).into_response())
        }
    }
}

async fn whole(answered: Answered, began: tokio::time::Instant) -> Result<Ran, Error> {
    let headers = answered
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let (status, headers) = (answered.status, headers.collect());
    let broken = |_| vault::refuse(Code::ProviderUnreachable, "the answer of the service broke off");
    let (body, is_truncated) = answered.body.whole(MOST_ANSWER).await.map_err(broken)?;
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Ran { status, headers, body_b64: STANDARD.encode(body), is_truncated, ms })
}

/// `ApprovalResult` of the wire: what a service answered.
pub fn result(ran: &Ran, approval: Option<&str>) -> Value {
    let mut headers = Map::new();
    for (name, value) in &ran.headers {
        match headers.get_mut(name) {
            Some(Value::String(line)) => {
                line.push_str(", ");
                line.push_str(value);
            }
            _ => {
                headers.insert(name.clone(), Value::from(value.clone()));
            }
        }
    }
    let mut answer = json!({
        "status_code": ran.status, "headers": headers, "body_b64": ran.body_b64, "body_truncated": ran.is_truncated,
        "duration_ms": ran.ms,
    });
    if let (Some(id), Some(members)) = (approval, answer.as_object_mut()) {
        members.insert("approval_id".to_owned(), id.into());
    }
    answer
}

/// `PendingApproval` of the wire.
pub fn waits(pending: &Pending) -> Value {
    let gate = json!({
        "approval_id": pending.id.as_str(), "expires_at": pending.expires_at.iso(), "expires_in": pending.expires_in,
        "approval_url": pending.url,
    });
    json!({
        "approval_id": pending.id.as_str(), "approval_group_id": pending.group, "status": "pending",
        "expires_at": pending.expires_at.iso(), "expires_in": pending.expires_in, "approval_url": pending.url,
        "gates": [gate],
    })
}

fn header_map(sent: &Map<String, Value>) -> Result<HeaderMap, SdkError> {
    let refused = || SdkError::invalid("headers", "headers is a map of names to texts");
    let mut map = HeaderMap::new();
    for (name, value) in sent {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok()).ok_or_else(refused)?;
        map.append(name, value);
    }
    Ok(map)
}

/// Values may be texts, numbers, truths, or lists of these.
fn pairs(sent: &Map<String, Value>) -> Result<Vec<(String, String)>, SdkError> {
    let refused = || SdkError::invalid("query_params", "query_params is a map of names to texts, or to lists of them");
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_so) => Ok(is_so.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(refused()),
    };
    let mut pairs = Vec::new();
    for (name, value) in sent {
        match value {
            Value::Array(all) => {
                for one in all {
                    pairs.push((name.clone(), text(one)?));
                }
            }
            Value::Null => pairs.push((name.clone(), String::new())),
            one => pairs.push((name.clone(), text(one)?)),
        }
    }
    Ok(pairs)
}
