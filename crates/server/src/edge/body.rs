//! Bodies of the protocol endpoints: form (canonical) or JSON, RFC names or the seeds' camelCase, and nothing ambiguous (threat 41).
//!
//! Promise: each field occurs once, in one spelling, in the body alone; its value is text without NUL.

use crate::edge::oauth_error::OAuthError;
use crate::wire::ave;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use oauth::refusal::Code;
use std::collections::BTreeMap;
use std::error::Error as _;

const BODY_BYTES: usize = 64 << 10;
const MOST_FIELDS: usize = 64;

/// The fields of a request, by their RFC names.
#[derive(Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Takes a field out. An empty value counts as absent (RFC 6749 §3.1).
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// True when the field is there, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn add(&mut self, name: &str, value: String) -> Result<(), OAuthError> {
        let name = ave::field(name);
        if value.contains('\0') {
            return Err(refuse("a field holds a NUL character"));
        }
        if self.0.len() >= MOST_FIELDS {
            return Err(refuse("there are too many fields"));
        }
        match self.0.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(refuse("a field occurs twice, or in two spellings")),
        }
    }
}

/// Reads the body of a protocol request. Secrets in the query string are refused (threat 39).
pub async fn read(request: Request) -> Result<(HeaderMap, Fields), OAuthError> {
    let (parts, body) = request.into_parts();
    check_query(parts.uri.query())?;
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(refuse("compressed request bodies are not accepted"));
    }
    let bytes = take_body(body).await?;
    let mut kinds = parts.headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    if kinds.next().is_some() {
        return Err(refuse("there is more than one Content-Type"));
    }
    let fields = match essence(&kind)? {
        "application/x-www-form-urlencoded" => form(&bytes)?,
        "application/json" => json(&bytes)?,
        "" if bytes.is_empty() => Fields::default(),
        _ => return Err(refuse("the Content-Type must be application/x-www-form-urlencoded or application/json")),
    };
    Ok((parts.headers, fields))
}

async fn take_body(body: Body) -> Result<Bytes, OAuthError> {
    whole(body, BODY_BYTES).await.map_err(|trouble| match trouble {
        Trouble::TooLarge => {
            OAuthError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidRequest, "the body is too large")
        }
        Trouble::Torn => refuse("the body did not arrive whole"),
    })
}

/// Why a body could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    TooLarge,
    /// It ended early, was badly framed, or took too long.
    Torn,
}

/// The whole body, if it is no larger than so many bytes.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, Trouble> {
    to_bytes(body, most).await.map_err(|error| {
        let is_limit =
            error.source().is_some_and(<dyn std::error::Error + 'static>::is::<http_body_util::LengthLimitError>);
        if is_limit { Trouble::TooLarge } else { Trouble::Torn }
    })
}

/// The media type; a charset other than UTF-8 would let one request read as two.
fn essence(kind: &str) -> Result<&str, OAuthError> {
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    for parameter in parts {
        let is_utf8 = parameter.split_once('=').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
        if !is_utf8 {
            return Err(refuse("the Content-Type has a parameter other than charset=utf-8"));
        }
    }
    Ok(essence)
}

fn check_query(query: Option<&str>) -> Result<(), OAuthError> {
    if query.is_none_or(str::is_empty) {
        return Ok(());
    }
    Err(refuse("this endpoint takes its fields in the body, never in the query string"))
}

fn form(bytes: &[u8]) -> Result<Fields, OAuthError> {
    let mut fields = Fields::default();
    for (name, value) in pairs(bytes).ok_or_else(|| refuse("the form is not UTF-8"))? {
        fields.add(&name, value)?;
    }
    Ok(fields)
}

fn json(bytes: &[u8]) -> Result<Fields, OAuthError> {
    let object =
        jose::strict::object(bytes).ok_or_else(|| refuse("the body is not a JSON object with unique members"))?;
    let mut fields = Fields::default();
    for (name, value) in object {
        match value {
            serde_json::Value::String(text) => fields.add(&name, text)?,
            serde_json::Value::Null => {}
            // The caller's context of a token exchange is an object; its members are kept, and mean nothing here.
            serde_json::Value::Object(_) if name == "actor" => fields.add(&name, value.to_string())?,
            _ if ave::is_known(&name) => return Err(refuse("a field is not a string")),
            _ => {}
        }
    }
    Ok(fields)
}

/// The pairs of an urlencoded text, decoded once. Nothing when a name or value is not UTF-8.
pub fn pairs(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decode(name)?, decode(value)?));
        if pairs.len() > 10_000 {
            return None;
        }
    }
    Some(pairs)
}

/// One urlencoded text: `+` is a space, `%XX` a byte. Nothing when a `%` is malformed or the bytes are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    if !text.contains(['+', '%']) {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                (high * 16 + low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn refuse(sentence: &'static str) -> OAuthError {
    OAuthError::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urlencoded_text_is_decoded_exactly_once() {
        assert_eq!(decode("a%2520b").as_deref(), Some("a%20b"));
        assert_eq!(decode("a+b%2B").as_deref(), Some("a b+"));
        for bad in ["%", "%1", "%zz", "%ff"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn two_spellings_of_one_field_are_refused() {
        assert!(form(b"grant_type=a&grantType=a").is_err());
        assert!(form(b"code=a&code=b").is_err());
        assert!(json(br#"{"client_id":"a","clientId":"a"}"#).is_err());
        assert!(json(br#"{"code":"a","code":"a"}"#).is_err());
        assert!(json(br#"{"code":["a"]}"#).is_err());
        assert!(json(b"[]").is_err());
    }
}
