//! `POST /api/oauth/revoke` (RFC 7009).

use crate::app::App;
use crate::edge::client::{self, Client};
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base::Secret;

/// `POST /api/oauth/revoke`. 200 whether there was such a token or not.
pub async fn revoke(State(app): State<App>, request: Request) -> Result<StatusCode, OAuthError> {
    let Client { app: client, mut fields, .. } = client::authenticated(&app, Gate::Token, request).await?;
    let token = fields.take("token").map(Secret::new).ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    app.oauth.revoke(&client, &token).await?;
    Ok(StatusCode::OK)
}
