//! `/api/activity`: what happened in one's account (`identity-wire.md` 10.5).

use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::ApiError;
use crate::edge::session::ApiSigned;
use crate::pages::account::activity::weight;
use crate::views::Weight;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

const MOST: u32 = 100;
const USUAL: u32 = 50;

#[derive(Deserialize)]
pub struct Range {
    limit: Option<u32>,
    /// The number of the last line of the page before.
    before: Option<i64>,
}

/// `GET /api/activity?limit&before`
pub async fn list(
    State(app): State<App>,
    ApiSigned(session): ApiSigned,
    Query(range): Query<Range>,
) -> Result<axum::Json<Value>, ApiError> {
    let limit = range.limit.unwrap_or(USUAL).clamp(1, MOST);
    let lines = app.people.activity(&session.account, range.before.unwrap_or(i64::MAX), limit).await?;
    let shown = lines.iter().map(|told| {
        let severity = match weight(&told.act) {
            Weight::Plain => "info",
            Weight::Notable => "warning",
            Weight::Alarming => "danger",
        };
        json!({
            "id": told.number.to_string(),
            "action": told.act,
            "details": told.detail,
            "severity": severity,
            "ipAddress": told.source,
            "createdAt": told.at.iso(),
        })
    });
    Ok(axum::Json(json!({ "logs": shown.collect::<Vec<_>>() })))
}
