//! Reading what a token endpoint answers: what was granted, or what kind of no it is (`reference/vault.md` 2.5).

use super::{Provider, Quirk};
use base::Secret;
use serde_json::Value;

/// What was granted.
#[derive(Debug, Clone)]
pub struct Grants {
    pub access_token: Secret,
    /// Absent means that the one there is stays good.
    pub refresh_token: Option<Secret>,
    /// Absent means that the descriptor's own lifetime holds.
    pub expires_in_secs: Option<i64>,
    /// Space-separated; absent means what was asked.
    pub scope: Option<String>,
}

/// The kinds of no, by what has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The person has to connect again.
    InvalidGrant,
    /// The operator has to look at the credentials; no connection is dead.
    InvalidClient,
    /// Later.
    RateLimited,
    /// Later; nothing is known.
    Unavailable,
    /// None of these.
    Other,
}

impl Provider {
    /// Reads the answer to a code or to a refresh token.
    pub fn read_token_answer(&self, status: u16, body: &Value, is_refresh: bool) -> Result<Grants, Trouble> {
        let paths = &self.auth.response;
        let error = self.error_in(body);
        if !(200..300).contains(&status) || error.is_some() {
            return Err(self.trouble(status, error.as_deref().unwrap_or_default(), body, is_refresh));
        }
        // Slack nests the first answer and not the second.
        let is_flat = is_refresh && self.has(Quirk::SlackUserToken);
        let at = |own: &Option<String>, usual: &str| {
            let pointer = own.as_deref().filter(|_| !is_flat).unwrap_or(usual);
            body.pointer(pointer)
        };
        let text =
            |own: &Option<String>, usual: &str| at(own, usual).and_then(Value::as_str).filter(|text| !text.is_empty());
        let access_token = text(&paths.access_token, "/access_token").map(Secret::new).ok_or(Trouble::Other)?;
        let expires = at(&paths.expires_in, "/expires_in");
        let expires = expires.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        Ok(Grants {
            access_token,
            refresh_token: text(&paths.refresh_token, "/refresh_token").map(Secret::new),
            expires_in_secs: expires.filter(|secs| *secs > 0),
            scope: at(&paths.scope, "/scope").and_then(|value| self.scope_text(value)),
        })
    }

    fn scope_text(&self, value: &Value) -> Option<String> {
        let words = match value {
            Value::String(text) if self.has(Quirk::ScopeAnswerAsList) => text.replace(',', " "),
            Value::String(text) => text.clone(),
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            _ => return None,
        };
        Some(words).filter(|words| !words.is_empty())
    }

    fn error_in(&self, body: &Value) -> Option<String> {
        let text = |pointer: &str| match body.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            Value::Object(inner) => {
                inner.get("type").or_else(|| inner.get("code")).and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        };
        self.auth.response.error.as_deref().and_then(text).or_else(|| text("/error"))
    }

    fn trouble(&self, status: u16, error: &str, body: &Value, is_refresh: bool) -> Trouble {
        let named = match error {
            "invalid_grant" => Some(Trouble::InvalidGrant),
            "invalid_client" | "unauthorized_client" => Some(Trouble::InvalidClient),
            "temporarily_unavailable" | "server_error" => Some(Trouble::Unavailable),
            other => self.quirky(status, other, body, is_refresh),
        };
        named.unwrap_or(match status {
            429 => Trouble::RateLimited,
            500.. => Trouble::Unavailable,
            _ => Trouble::Other,
        })
    }

    /// What a provider calls by a name of its own.
    fn quirky(&self, status: u16, error: &str, body: &Value, is_refresh: bool) -> Option<Trouble> {
        if self.has(Quirk::SlackErrors) {
            return match error {
                "invalid_refresh_token" | "token_expired" | "token_revoked" | "invalid_code" | "code_already_used" => {
                    Some(Trouble::InvalidGrant)
                }
                "bad_client_secret" | "invalid_client_id" => Some(Trouble::InvalidClient),
                "ratelimited" => Some(Trouble::RateLimited),
                "internal_error" | "fatal_error" | "service_unavailable" => Some(Trouble::Unavailable),
                _ => None,
            };
        }
        if self.has(Quirk::GithubErrors) {
            return match error {
                "bad_verification_code" | "bad_refresh_token" => Some(Trouble::InvalidGrant),
                "incorrect_client_credentials" => Some(Trouble::InvalidClient),
                _ => None,
            };
        }
        if self.has(Quirk::HubspotErrors) {
            return match error {
                "BAD_REFRESH_TOKEN" | "BAD_AUTH_CODE" => Some(Trouble::InvalidGrant),
                "BAD_CLIENT_ID" | "BAD_CLIENT_SECRET" => Some(Trouble::InvalidClient),
                _ => None,
            };
        }
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if self.has(Quirk::TwitchErrors) {
            return match text("/message") {
                "Invalid refresh token" => Some(Trouble::InvalidGrant),
                message if message.starts_with("invalid client") => Some(Trouble::InvalidClient),
                _ => None,
            };
        }
        let is_about_token = || {
            let said = text("/error_description").to_ascii_lowercase();
            said.contains("token") || status == 401
        };
        let is_dead = self.has(Quirk::RefreshInvalidRequestIsInvalidGrant) && is_refresh && error == "invalid_request";
        (is_dead && is_about_token()).then_some(Trouble::InvalidGrant)
    }
}
