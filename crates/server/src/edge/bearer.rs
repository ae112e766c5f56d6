//! A bearer credential (RFC 6750 §2.1): in the `Authorization` header alone. One in the query or body is ignored (threat 77).

use crate::edge::oauth_error::OAuthError;
use axum::http::{HeaderMap, header};
use base::Secret;

/// The token of the request.
pub fn token(headers: &HeaderMap) -> Result<Secret, OAuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(OAuthError::no_credential)?;
    if values.next().is_some() {
        return Err(OAuthError::invalid_request("there is more than one Authorization header"));
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(OAuthError::no_credential)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(OAuthError::no_credential());
    }
    Ok(Secret::new(token.trim()))
}
