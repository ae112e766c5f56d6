//! `/api/v1/apps/{client_id}/policies`: what the calls of an app need.

use super::body::Members;
use super::connect::{by, write};
use super::operator::Operator;
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use vault::policy::{self, Need, Rule, RuleWish};

type Answer = Result<Json<Value>, Problem>;

fn shown(rule: &Rule) -> Value {
    let (times, per_secs) = match rule.need {
        Need::Limit { times, per_secs } => (Some(times), Some(per_secs)),
        Need::Allow | Need::Deny | Need::RequireApproval | Need::Broken => (None, None),
    };
    json!({
        "id": rule.id,
        "app_id": rule.app.as_str(),
        "kind": rule.need.as_str(),
        "provider": rule.provider,
        "match": rule.matches,
        "times": times,
        "per_secs": per_secs,
        "agent_id": rule.agent.as_ref().map(base::AgentId::as_str),
        "grant_id": rule.grant.as_ref().map(base::GrantId::as_str),
        "made_by": rule.made_by,
        "created_at": rule.created_at.iso(),
    })
}

/// `GET /api/v1/apps/{client_id}/policies`
pub async fn list(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let by = by(&server, id).await?;
    let found = server.store.read(move |tx| policy::list_of_app(tx, &by.app)).await?;
    Ok(Json(json!({ "items": found.iter().map(shown).collect::<Vec<_>>(), "next_cursor": null })))
}

/// `POST /api/v1/apps/{client_id}/policies`: the same again gives the one that is there.
pub async fn create(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    mut body: Members,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (kind, provider) = (body.required_text("kind"), body.text("provider"));
    let (times, per_secs) = (body.number("times"), body.number("per_secs"));
    let matches = body.list("match").unwrap_or_default();
    body.finish()?;
    let need = Need::read(&kind, times, per_secs)?;
    let wish = RuleWish { provider, agent: None, grant: None, made_by: policy::OPERATOR, need, matches };
    let by = by(&server, id).await?;
    let made = write(&server, by, move |tx, seams, by| policy::put(tx, seams, by, &wish)).await?;
    Ok((StatusCode::CREATED, Json(shown(&made))))
}

/// `DELETE /api/v1/apps/{client_id}/policies/{policy_id}`: one of a manifest is back with its next `apply`.
pub async fn remove(_: Operator, State(server): State<App>, Path((id, rule)): Path<(String, String)>) -> Answer {
    let by = by(&server, id).await?;
    let removed = write(&server, by, move |tx, seams, by| policy::remove(tx, seams, by, &rule)).await?;
    if removed { Ok(Json(json!({ "removed": true }))) } else { Err(Problem::not_found()) }
}
