//! A browser: cookies, its own origin on every POST, forms filled in as a person would.

use crate::client::TestApp;
use crate::http::Answer;
use crate::passkey::SoftPasskey;
use crate::world::{World, form};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A browser of a person.
pub struct Browser<'a> {
    pub world: &'a World,
    pub cookies: BTreeMap<String, String>,
    pub passkey: Option<SoftPasskey>,
    pub handle: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Browser<'a> {
        Browser { world, cookies: BTreeMap::new(), passkey: None, handle: String::new() }
    }

    /// Opens a page.
    pub async fn opens(&mut self, target: &str) -> Answer {
        self.sends("GET", target, &[], b"").await
    }

    /// Sends a form of our own pages.
    pub async fn posts(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", &*self.world.issuer.clone())];
        self.sends("POST", target, &headers, form(fields).as_bytes()).await
    }

    /// Sends JSON as a script of our own pages does.
    pub async fn calls(&mut self, target: &str, body: &Value) -> Answer {
        self.calls_with("POST", target, body).await
    }

    /// Sends JSON with a method.
    pub async fn calls_with(&mut self, method: &str, target: &str, body: &Value) -> Answer {
        let headers = [("Content-Type", "application/json"), ("Origin", &*self.world.issuer.clone())];
        self.sends(method, target, &headers, body.to_string().as_bytes()).await
    }

    /// Sends a request with the cookies, and keeps those that come back.
    pub async fn sends(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let target = target.strip_prefix(&self.world.issuer).unwrap_or(target);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut all = headers.to_vec();
        if !cookies.is_empty() {
            all.push(("Cookie", &cookies));
        }
        let answer = self.world.send(method, target, &all, body).await;
        for cookie in answer.headers("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Registers with a new passkey.
    pub async fn registers(&mut self, handle: &str) -> Answer {
        let started = self.calls("/api/register/start", &json!({ "handle": handle })).await;
        assert_eq!(started.status, 200, "{started:?}");
        let started = started.json();
        let (passkey, credential) = SoftPasskey::register(&started["options"], &self.world.issuer);
        let body = json!({
            "tempUserId": started["tempUserId"],
            "credential": credential,
            "identity": { "displayName": handle, "handle": handle },
            "device": { "name": "Laptop", "type": "computer" },
        });
        let done = self.calls("/api/register/complete", &body).await;
        assert_eq!(done.status, 200, "{done:?}");
        (self.passkey, self.handle) = (Some(passkey), handle.to_owned());
        done
    }

    /// Signs in with the passkey it has.
    pub async fn signs_in(&mut self) -> Answer {
        let started = self.calls("/api/login/start", &json!({})).await.json();
        let passkey = self.passkey.as_mut().expect("has a passkey");
        let credential = passkey.assert(&started["authOptions"], &self.world.issuer);
        let body = json!({
            "authSessionId": started["authSessionId"],
            "credential": credential,
            "device": { "name": "Laptop", "type": "computer" },
        });
        self.calls("/api/login/passkey", &body).await
    }

    /// Opens the app's request; the answer is the consent page, or at once the redirect.
    pub async fn is_sent_by(&mut self, app: &TestApp<'_>, scope: &str) -> Answer {
        let target = app.request(&[("scope", scope)]);
        self.opens(&target).await
    }

    /// Decides on a consent page.
    pub async fn decides(&mut self, page: &Answer, decision: &str) -> Answer {
        self.decides_with(page, &[("decision", decision)]).await
    }

    /// Decides, with fields set otherwise than the page has them.
    pub async fn decides_with(&mut self, page: &Answer, set: &[(&str, &str)]) -> Answer {
        let mut fields = page.form_with("flow");
        fields.extend(set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.posts("/signin/decision", &fields).await
    }

    /// Lets the app use a resource; gives the code.
    pub async fn connects(&mut self, app: &TestApp<'_>, resource: &str, scope: &str, when: Option<&str>) -> String {
        let more = if when.is_some() { [("presence", "background")].as_slice() } else { &[] };
        let page = self.opens(&app.connects_to(resource, scope, more)).await;
        assert_eq!(page.status, 200, "{page:?}");
        let mut set = vec![("decision", "allow")];
        set.extend(when.map(|when| ("when", when)));
        let answer = self.decides_with(&page, &set).await;
        answer.location_field("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    /// Lets the app use a resource; gives the subject token.
    pub async fn allows(&mut self, app: &TestApp<'_>, resource: &str, scope: &str, when: Option<&str>) -> String {
        let code = self.connects(app, resource, scope, when).await;
        let tokens = app.redeems(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens.json()["access_token_jwt"].as_str().expect("a subject token").to_owned()
    }

    /// Signs in at the app, allowing whatever is asked; gives the code.
    pub async fn approves(&mut self, app: &TestApp<'_>, scope: &str) -> String {
        let first = self.is_sent_by(app, scope).await;
        let answer = if first.status == 303 { first } else { self.decides(&first, "allow").await };
        answer.location_field("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }
}
