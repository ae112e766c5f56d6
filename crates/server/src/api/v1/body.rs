//! JSON bodies of the management API: an object without duplicate or unknown members; `null` empties a field, an absent one stays.

use super::problem::Problem;
use crate::app::App;
use crate::edge::body::{Trouble, whole};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth::app::{Change, Complaint, Wish};
use oauth::resource::{self, ScopeWish};
use serde_json::{Map, Value};

const BODY_BYTES: usize = 512 << 10;

/// The members of a body. Take what is known; what is left over is unknown.
pub struct Members {
    left: Map<String, Value>,
    prefix: String,
    complaints: Vec<Complaint>,
}

impl FromRequest<App> for Members {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Members, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = whole(body, BODY_BYTES).await.map_err(|trouble| match trouble {
            Trouble::TooLarge => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than 512 KiB")
            }
            Trouble::Torn => Problem::new(StatusCode::BAD_REQUEST, "malformed", "the body did not arrive whole"),
        })?;
        if bytes.is_empty() {
            return Ok(Members::of(Map::new()));
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !matches!(essence, "application/json" | "application/merge-patch+json") {
            let detail = "send application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let members = jose::strict::object(&bytes);
        members
            .map(Members::of)
            .ok_or_else(|| Problem::invalid_request("the body is not a JSON object with unique members"))
    }
}

impl Members {
    fn of(members: Map<String, Value>) -> Members {
        Members { left: members, prefix: String::new(), complaints: Vec::new() }
    }

    fn complain(&mut self, name: &str, sentence: &str) {
        self.complaints.push(Complaint::about(format!("{}{name}", self.prefix), sentence));
    }

    /// A member that may be absent.
    fn take<T>(&mut self, name: &str, wanted: &str, read: impl Fn(Value) -> Option<T>) -> Option<T> {
        let value = self.left.remove(name)?;
        let read = read(value);
        if read.is_none() {
            self.complain(name, wanted);
        }
        read
    }

    /// A member that may be absent, or `null`.
    fn change<T>(&mut self, name: &str, wanted: &str, read: impl Fn(Value) -> Option<T>) -> Change<T> {
        if self.left.get(name).is_some_and(Value::is_null) {
            self.left.remove(name);
            return Change::Clear;
        }
        self.take(name, wanted, read).map_or(Change::Keep, Change::Set)
    }

    /// A text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, "is a string", into_text)
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &str) -> String {
        if !self.left.contains_key(name) {
            self.complain(name, "is required");
        }
        self.text(name).unwrap_or_default()
    }

    /// A whole number.
    pub fn number(&mut self, name: &str) -> Option<i64> {
        self.take(name, "is a whole number", |value| value.as_i64())
    }

    /// True or false.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.take(name, "is true or false", |value| value.as_bool())
    }

    /// A list of texts.
    pub fn list(&mut self, name: &str) -> Option<Vec<String>> {
        self.take(name, "is a list of strings", |value| match value {
            Value::Array(values) => values.into_iter().map(into_text).collect(),
            _ => None,
        })
    }

    /// An object.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        self.take(name, "is an object", into_object)
    }

    fn change_text(&mut self, name: &str) -> Change<String> {
        self.change(name, "is a string or null", into_text)
    }

    fn change_number(&mut self, name: &str) -> Change<i64> {
        self.change(name, "is a whole number or null", |value| value.as_i64())
    }

    /// What the body wants an app to be.
    pub fn wish(&mut self) -> Wish {
        let mut wish = Wish {
            name: self.text("name"),
            description: self.change_text("description"),
            website: self.change_text("website_url"),
            redirect_uris: self.list("redirect_uris"),
            post_logout_redirect_uris: self.list("post_logout_redirect_uris"),
            backchannel_logout_uri: self.change_text("backchannel_logout_uri"),
            native: self.flag("native"),
            development_mode: self.flag("development_mode"),
            background: self.flag("background"),
            scopes: self.list("scopes"),
            require_pkce: self.flag("require_pkce"),
            auth_method: self.text("token_endpoint_auth_method"),
            alg: self.text("id_token_signed_response_alg"),
            access_ttl_secs: self.change_number("access_token_ttl_secs"),
            refresh_idle_secs: self.change_number("refresh_token_idle_secs"),
            refresh_absolute_secs: self.change_number("refresh_token_absolute_secs"),
            refresh_replay_secs: self.change_number("refresh_replay_window_secs"),
            hand_out_tokens: self.flag("hand_out_tokens"),
            ..Wish::default()
        };
        if let Some(members) = self.take("branding", "is an object", into_object) {
            let mut branding = Members { prefix: "branding.".to_owned(), ..Members::of(members) };
            wish.accent = branding.change_text("accent");
            let wanted = "is a picture in base64, or null";
            wish.logo = branding.change("logo", wanted, |value| STANDARD.decode(value.as_str()?).ok());
            self.complaints.extend(branding.all_complaints());
        }
        wish
    }

    /// What the body wants a resource to be.
    pub fn resource_wish(&mut self) -> resource::Wish {
        resource::Wish {
            name: self.text("name"),
            description: self.change_text("description"),
            audience: self.text("audience"),
            runtime_endpoint: self.change_text("runtime_endpoint"),
            allow_chains: self.flag("allow_chains"),
            open_audience: self.flag("open_audience"),
            scopes: self.scope_wishes(),
            provider: self.text("provider"),
        }
    }

    fn scope_wishes(&mut self) -> Option<Vec<ScopeWish>> {
        let found = self.take("scopes", "is a list of objects", |value| match value {
            Value::Array(values) => values.into_iter().map(into_object).collect::<Option<Vec<_>>>(),
            _ => None,
        })?;
        let mut wishes = Vec::new();
        for (place, members) in found.into_iter().enumerate() {
            let mut scope = Members { prefix: format!("scopes[{place}]."), ..Members::of(members) };
            let (name, text) = (scope.required_text("name"), scope.required_text("text"));
            let risk = scope.required_text("risk");
            let provider_scopes = scope.list("provider_scopes").unwrap_or_default();
            let allow = scope.list("allow").unwrap_or_default();
            wishes.push(ScopeWish { name, text, risk, provider_scopes, allow });
            self.complaints.extend(scope.all_complaints());
        }
        Some(wishes)
    }

    fn all_complaints(mut self) -> Vec<Complaint> {
        let unknown: Vec<_> = self.left.keys().cloned().collect();
        for name in unknown {
            self.complain(&name, "is unknown");
        }
        self.complaints
    }

    /// Refuses what could not be read and what nobody asked for.
    pub fn finish(self) -> Result<(), Problem> {
        let complaints = self.all_complaints();
        if complaints.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(complaints)) }
    }
}

fn into_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.contains('\0') => Some(text),
        _ => None,
    }
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: Value) -> Members {
        let Value::Object(members) = value else { panic!("{value}") };
        Members::of(members)
    }

    #[test]
    fn null_empties_and_absence_keeps() {
        let mut body =
            members(json!({ "description": null, "website_url": "https://a.test", "access_token_ttl_secs": null }));
        let wish = body.wish();
        assert!(body.finish().is_ok());
        assert_eq!((wish.description, wish.website), (Change::Clear, Change::Set("https://a.test".into())));
        assert_eq!((wish.access_ttl_secs, wish.refresh_idle_secs), (Change::Clear, Change::Keep));
    }

    #[test]
    fn every_member_that_is_wrong_or_unknown_is_named() {
        let mut body = members(json!({
            "name": 5, "native": "yes", "redirect_uris": ["a", 1], "nmae": "x",
            "branding": { "logo": "%%", "colour": "#fff" }, "description": "a\u{0}b",
        }));
        body.wish();
        let complaints: Vec<_> = body.all_complaints().iter().map(ToString::to_string).collect();
        let expected = [
            "name: is a string",
            "description: is a string or null",
            "redirect_uris: is a list of strings",
            "native: is true or false",
            "branding.logo: is a picture in base64, or null",
            "branding.colour: is unknown",
            "nmae: is unknown",
        ];
        assert_eq!(complaints, expected);
    }

    #[test]
    fn scopes_of_a_resource_are_objects_and_each_wrong_member_has_its_place() {
        let mut body = members(json!({
            "scopes": [{ "name": "ask", "text": "Ask", "risk": "low" }, { "name": 1, "text": "Read", "colour": "red" }],
            "runtime_endpoint": null,
        }));
        let wish = body.resource_wish();
        assert_eq!((wish.runtime_endpoint, wish.description), (Change::Clear, Change::Keep));
        let complaints: Vec<_> = body.all_complaints().iter().map(ToString::to_string).collect();
        let expected = ["scopes[1].name: is a string", "scopes[1].risk: is required", "scopes[1].colour: is unknown"];
        assert_eq!(complaints, expected);
        let mut body = members(json!({ "scopes": ["ask"] }));
        assert!(body.resource_wish().scopes.is_none());
        assert_eq!(body.all_complaints()[0].to_string(), "scopes: is a list of objects");
    }
}
