//! `GET /sdk/oauth/provider-catalog`: what the app can link accounts at (`connect-wire.md` 2.6.12).

use super::Answer;
use crate::app::App;
use crate::edge::alter::{Calling, needs};
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use vault::catalogue::Configured;

/// `GET /sdk/oauth/provider-catalog`
pub async fn show(State(app): State<App>, Calling(caller): Calling) -> Answer {
    needs(&caller, "providers:read")?;
    let configured = app.vault.configured(&caller.app).await?;
    let providers: Map<String, Value> = configured.iter().map(|own| (own.provider.id.clone(), entry(own))).collect();
    Ok(Json(json!({ "providers": providers })))
}

fn entry(own: &Configured) -> Value {
    let (provider, default) = (&own.provider, own.default_scopes());
    let scopes: Map<String, Value> = provider
        .scopes
        .iter()
        .filter(|scope| own.may_ask(&scope.name))
        .map(|scope| {
            let told = json!({
                "description": scope.text, "required": false, "is_default": default.has(&scope.name), "requires": [],
            });
            (scope.name.clone(), told)
        })
        .collect();
    json!({
        "id": provider.id,
        "name": provider.id,
        "display_name": provider.name,
        "category": provider.category.as_str(),
        "supports_refresh": provider.auth.refresh.is_some(),
        "supports_pkce": provider.auth.pkce,
        "available_scopes": scopes,
        "default_scopes": vault::grants::words(&default),
        "required_scopes": [],
        "status": "active",
    })
}
