//! `/api/v1/apps/{client_id}/grants`: what people allow an app.

use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use super::shape;
use crate::app::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use base::{AppId, Fault};
use ledger::grant;
use oauth::app;
use serde_json::Value;

/// `GET /api/v1/apps/{client_id}/grants`
pub async fn list_of_app(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), &[])?;
    let (id, before, most) = (AppId::from_text(id), query.cursor().to_owned(), query.one_more());
    let found = server
        .store
        .read(move |tx| {
            let Some(found) = app::find(tx, &id)? else { return Ok::<_, Fault>(None) };
            grant::page_of_app(tx, &found.id, &before, most).map(Some)
        })
        .await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(query.answer(found, |grant| grant.id.as_str().to_owned(), shape::grant)))
}
