//! `GET /sdk/scopes`: the words that say what a key may do. Any key may read them.

use axum::Json;
use serde_json::{Map, Value, json};
use vault::key::scopes;

pub async fn show() -> Json<Value> {
    let resources: Map<String, Value> =
        scopes::RESOURCES.iter().map(|name| ((*name).to_owned(), json!({ "verbs": scopes::VERBS }))).collect();
    Json(json!({ "scope_version": scopes::VERSION, "resources": resources, "action_verbs": scopes::ACTIONS }))
}
