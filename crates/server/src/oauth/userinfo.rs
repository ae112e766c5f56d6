//! `GET` and `POST /api/oauth/userinfo` (OIDC Core §5.3).

use crate::app::App;
use crate::edge::bearer;
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use crate::edge::request::Source;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use oauth::userinfo::UserInfo;

/// `GET /api/oauth/userinfo`
pub async fn userinfo(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
) -> Result<Json<UserInfo>, OAuthError> {
    app.limits.pass(Gate::UserInfo, source, None)?;
    let token = bearer::token(&headers)?;
    app.oauth.userinfo(&token).await.map(Json).map_err(OAuthError::bearer)
}
