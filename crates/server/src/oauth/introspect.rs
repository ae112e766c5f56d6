//! `POST /api/oauth/introspect` (RFC 7662).

use crate::app::App;
use crate::edge::client::{self, Client};
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use axum::Json;
use axum::extract::{Request, State};
use base::Secret;
use oauth::app::unknown_client;
use oauth::introspect::Introspection;

/// `POST /api/oauth/introspect`. A public app cannot prove that it is the one who asks, so it may not.
pub async fn introspect(State(app): State<App>, request: Request) -> Result<Json<Introspection>, OAuthError> {
    let Client { app: client, mut fields, .. } = client::authenticated(&app, Gate::Introspect, request).await?;
    if !client.is_confidential() {
        return Err(unknown_client().into());
    }
    let token = fields.take("token").map(Secret::new).ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    Ok(Json(app.oauth.introspect(&client, &token).await?))
}
