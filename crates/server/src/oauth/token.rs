//! `POST /api/oauth/token` (RFC 6749 §3.2).

use crate::app::App;
use crate::edge::body::Fields;
use crate::edge::client::{self, Client};
use crate::edge::limit::Gate;
use crate::edge::oauth_error::OAuthError;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base::{RedirectUri, Secret};
use oauth::delegated::DelegatedToken;
use oauth::grants::{ACCESS_TOKEN_TYPE, ClientAsk, CodeAsk, ExchangeAsk, RefreshAsk, TokenAsk};
use oauth::refusal::{Code, refuse};
use oauth::token::Tokens;
use serde::Serialize;

/// The grant type of token exchange (RFC 8693 §2.1).
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// `POST /api/oauth/token`
pub async fn token(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let Client { app: client, mut fields, .. } = client::authenticated(&app, Gate::Token, request).await?;
    let grant = fields.take("grant_type").ok_or_else(|| missing("grant_type is missing"))?;
    if grant == EXCHANGE {
        let delegated = app.oauth.exchange_token(&client, read_exchange(fields)?).await?;
        return Ok(render_delegated(&delegated));
    }
    let tokens = app.oauth.exchange(&client, read_ask(&grant, fields)?).await?;
    Ok(render(&tokens))
}

/// RFC 8693 §2.1, with the seeds' names (`wire::ave`).
fn read_exchange(mut fields: Fields) -> Result<ExchangeAsk, OAuthError> {
    // An empty scope is refused, which is not the same as none.
    let scope = fields.has("scope").then(|| fields.take("scope").unwrap_or_default());
    Ok(ExchangeAsk {
        subject_token: fields
            .take("subject_token")
            .map(Secret::new)
            .ok_or_else(|| missing("subject_token is missing: send the access_token_jwt"))?,
        subject_token_type: fields.take("subject_token_type"),
        requested_token_type: fields.take("requested_token_type"),
        resource: fields.take("resource"),
        audience: fields.take("audience"),
        scope,
        has_actor_token: fields.take("actor_token").is_some() | fields.take("actor_token_type").is_some(),
        actor: fields.take("actor"),
    })
}

fn read_ask(grant: &str, mut fields: Fields) -> Result<TokenAsk, OAuthError> {
    let resource = fields.take("resource");
    if fields.take("audience").is_some() {
        return Err(refuse(Code::InvalidTarget, "the resource does not exist or is not active").into());
    }
    match grant {
        "authorization_code" => Ok(TokenAsk::AuthorizationCode(CodeAsk {
            code: fields.take("code").map(Secret::new).ok_or_else(|| missing("code is missing"))?,
            redirect: fields
                .take("redirect_uri")
                .map(RedirectUri::sent)
                .ok_or_else(|| missing("redirect_uri is missing"))?,
            verifier: fields.take("code_verifier").map(Secret::new),
            resource,
        })),
        "refresh_token" => Ok(TokenAsk::RefreshToken(RefreshAsk {
            refresh_token: fields
                .take("refresh_token")
                .map(Secret::new)
                .ok_or_else(|| missing("refresh_token is missing"))?,
            scope: fields.take("scope"),
            resource,
        })),
        "client_credentials" => Ok(TokenAsk::ClientCredentials(ClientAsk { scope: fields.take("scope"), resource })),
        _ => Err(refuse(Code::UnsupportedGrantType, "this grant_type is not supported").into()),
    }
}

fn missing(sentence: &'static str) -> OAuthError {
    OAuthError::invalid_request(sentence)
}

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    access_token_jwt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// The one member that may be null (the SDK reads it so).
    avatar_url: Option<&'a str>,
    is_primary: bool,
}

fn render(tokens: &Tokens) -> Response {
    let answer = Answer {
        access_token: tokens.access_token.reveal(),
        token_type: "Bearer",
        expires_in: tokens.expires_in_secs,
        scope: tokens.scope.to_string(),
        access_token_jwt: tokens.access_token_jwt.reveal(),
        id_token: tokens.id_token.as_ref().map(Secret::reveal),
        refresh_token: tokens.refresh_token.as_ref().map(Secret::reveal),
        user: tokens.user.as_ref().map(|user| User {
            id: &user.id,
            display_name: user.display_name.as_deref(),
            handle: user.handle.as_deref(),
            email: user.email.as_deref(),
            avatar_url: user.avatar_url.as_deref(),
            is_primary: user.is_primary,
        }),
        user_id: tokens.user_id.as_deref(),
    };
    answered(&answer)
}

/// RFC 8693 §2.2, with the seeds' additions.
#[derive(Serialize)]
struct DelegatedAnswer<'a> {
    access_token: &'a str,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    audience: &'a str,
    target_resource: &'a str,
    communication_mode: &'static str,
}

fn render_delegated(delegated: &DelegatedToken) -> Response {
    answered(&DelegatedAnswer {
        access_token: delegated.token.reveal(),
        issued_token_type: ACCESS_TOKEN_TYPE,
        token_type: "Bearer",
        expires_in: delegated.expires_in_secs,
        scope: delegated.scope.to_string(),
        audience: &delegated.audience,
        target_resource: &delegated.target_resource,
        communication_mode: delegated.mode.as_str(),
    })
}

/// Tokens are kept by nobody on the way (RFC 6749 §5.1).
fn answered(body: &impl Serialize) -> Response {
    let mut response = axum::Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
