//! Calls at services, through the issuer's proxy, which puts the person's credential in: this app never has it.

use super::issuer::Answer;
use super::{Notes, Trouble};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use serde_json::Value;

/// The events of a calendar, as its service names them.
pub(super) const EVENTS: &str = "calendar/v3/events";

/// A call at a service.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// A provider, or a resource by its key.
    pub(super) place: &'a str,
    /// A key of this app or its agent; for a resource a delegated token.
    pub(super) bearer: &'a str,
    /// Whose account is meant. A delegated token says so itself.
    pub(super) user_token: Option<&'a str>,
    /// Why, in words that the person reads when asked.
    pub(super) reason: Option<&'a str>,
    pub(super) body: Option<&'a Value>,
}

/// Makes the call. The answer is the service's, unless it carries the issuer's refusal.
pub(super) async fn call(notes: &Notes, call: Call<'_>) -> Result<Answer, Trouble> {
    let mut request = Request::builder()
        .method(call.method)
        .uri(format!("{}/proxy/{}/{EVENTS}", notes.settings.issuer, call.place))
        .header(AUTHORIZATION, format!("Bearer {}", call.bearer))
        .header(ACCEPT, "application/json");
    if let Some(token) = call.user_token {
        request = request.header("x-procura-user-token", token);
    }
    if let Some(reason) = call.reason {
        request = request.header("x-procura-reason", reason);
    }
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = call.body.map(Value::to_string).unwrap_or_default();
    notes.issuer.send(request.body(body.into())).await
}
