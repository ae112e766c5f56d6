//! `POST /sdk/spans`: what clients tell of their runs.

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Body, Calling, needs};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
pub struct Sent {
    spans: Vec<Map<String, Value>>,
}

pub async fn take(State(app): State<App>, Calling(caller): Calling, Body(sent): Body<Sent>) -> Answer {
    needs(&caller, "spans:emit")?;
    let accepted = app.vault.keep_spans(&caller, sent.spans).await?;
    Ok(Json(json!({ "accepted": accepted })))
}
