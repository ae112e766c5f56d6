//! The body of a request whose caller is known: the bytes that were signed, read once and without ambiguity.

use super::SdkError;
use crate::app::App;
use crate::edge::json::has_nul;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use vault::Code;

/// The bytes as they came, put there by the layer that proved who sent them.
#[derive(Debug, Clone)]
pub struct Sent(pub Bytes);

impl FromRequestParts<App> for Sent {
    type Rejection = SdkError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Sent, SdkError> {
        parts.extensions.get::<Sent>().cloned().ok_or_else(SdkError::not_found)
    }
}

impl OptionalFromRequestParts<App> for Sent {
    type Rejection = SdkError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Sent>, SdkError> {
        Ok(parts.extensions.get::<Sent>().cloned())
    }
}

impl Sent {
    /// The JSON object in it; nothing at all is an empty one.
    pub fn object(&self) -> Result<Map<String, Value>, SdkError> {
        let bytes: &[u8] = if self.0.is_empty() { b"{}" } else { &self.0 };
        let object = jose::strict::object(bytes).map(Value::Object).filter(|body| !has_nul(body));
        match object {
            Some(Value::Object(members)) => Ok(members),
            _ => Err(SdkError::new(Code::InvalidRequest, "the body is not a JSON object with unique members")),
        }
    }
}

/// The body as a shape of the wire. Members that nobody knows are ignored, as clients of other versions expect.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Body<T> {
    type Rejection = SdkError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Body<T>, SdkError> {
        let sent = <Sent as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        serde_json::from_value(Value::Object(sent.object()?)).map(Body).map_err(|error| {
            SdkError::new(Code::InvalidRequest, "a field of the body is missing or of another type")
                .with("reason", error.to_string())
        })
    }
}
