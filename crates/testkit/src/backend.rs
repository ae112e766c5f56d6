//! A backend of a test: it signs its calls as the published client does (`connect-wire.md` 2.2).

use crate::client::TestApp;
use crate::http::Answer;
use crate::world::World;
use base::{AppId, Digest, Secret};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use vault::By;
use vault::by::Who;
use vault::key::sign_check::{Signed, sign};
use vault::key::{NewKey, scopes};

/// Whoever holds a key.
#[derive(Clone)]
pub struct Backend<'a> {
    pub world: &'a World,
    pub key: String,
    /// Headers that change what a call may do or in whose name; they are signed.
    pub named: Vec<(&'static str, String)>,
}

/// A call that is signed and not sent yet.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Call {
    /// Puts another value in the place of a header, or a header where none was.
    pub fn set(mut self, name: &str, value: &str) -> Call {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

impl World {
    /// A backend of an app with a key of its own that may do everything.
    pub async fn backend(&self, app: &TestApp<'_>) -> Backend<'_> {
        self.backend_with(app, NewKey::of_app("test")).await
    }

    /// A backend whose key may do only this.
    pub async fn backend_for(&self, app: &TestApp<'_>, words: &[&str]) -> Backend<'_> {
        let scopes = scopes::read(words.iter().copied()).expect("known scopes");
        self.backend_with(app, NewKey { scopes, ..NewKey::of_app("test") }).await
    }

    /// A backend with a key of the caller's making.
    pub async fn backend_with(&self, app: &TestApp<'_>, new: NewKey) -> Backend<'_> {
        let (seams, id) = (self.seams.clone(), AppId::from_text(app.client_id.as_str()));
        let minted = self
            .store
            .write_again(move |tx| {
                let found = oauth::app::find(tx, &id)?.expect("the app is there");
                let by = By { app: found.id, organization: found.organization, who: Who::Operator };
                vault::key::mint(tx, &seams, &by, &new)
            })
            .await
            .unwrap();
        Backend::of(self, minted.secret.reveal())
    }
}

impl<'a> Backend<'a> {
    /// Whoever holds this key.
    pub fn of(world: &'a World, key: &str) -> Backend<'a> {
        Backend { world, key: key.to_owned(), named: Vec::new() }
    }

    /// The same, with one more header that is signed.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Backend<'a> {
        self.named.push((name, value.into()));
        self
    }

    /// Signs a call at the world's present moment, with a nonce of its own.
    pub fn signs(&self, method: &str, target: &str, body: &[u8]) -> Call {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let nonce = format!("{:032x}", COUNT.fetch_add(1, Ordering::SeqCst));
        self.signs_as(method, target, body, &self.world.seams.now().secs().to_string(), &nonce)
    }

    /// Signs a call with this timestamp and nonce.
    pub fn signs_as(&self, method: &str, target: &str, body: &[u8], timestamp: &str, nonce: &str) -> Call {
        let named =
            |name: &str| self.named.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value.as_str());
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let digest = Digest::of(body).hex();
        let signed = Signed {
            method,
            path,
            query,
            body,
            timestamp,
            nonce,
            content_sha256: &digest,
            signature: "",
            signature_v2: "",
            scope_constraints: named("X-Alter-Scope-Constraints"),
            request_rule: named("X-Alter-Request-Rule"),
            caller: named("X-Alter-Caller"),
            caller_type: named("X-Alter-Caller-Type"),
            actor_id: named("X-Alter-Actor-ID"),
            actor_context: named("X-Alter-Context"),
        };
        let signature = sign(&Secret::new(self.key.as_str()), &signed);
        let has_name = ["X-Alter-Caller", "X-Alter-Caller-Type", "X-Alter-Actor-ID", "X-Alter-Context"]
            .iter()
            .any(|name| !named(name).is_empty());
        let mut headers = vec![
            ("x-api-key".to_owned(), self.key.clone()),
            ("X-Alter-Timestamp".to_owned(), timestamp.to_owned()),
            ("X-Alter-Nonce".to_owned(), nonce.to_owned()),
            ("X-Alter-Content-SHA256".to_owned(), digest),
            ("X-Alter-Signature".to_owned(), signature.clone()),
        ];
        if has_name {
            headers.push(("X-Alter-Signature-V2".to_owned(), signature));
        }
        headers.extend(self.named.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        if !body.is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        Call { method: method.to_owned(), target: target.to_owned(), headers, body: body.to_vec() }
    }

    /// Sends a signed call.
    pub async fn sends(&self, call: &Call) -> Answer {
        let headers: Vec<(&str, &str)> =
            call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.world.send(&call.method, &call.target, &headers, &call.body).await
    }

    /// Signs and sends a call; `null` is no body.
    pub async fn call(&self, method: &str, target: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.sends(&self.signs(method, target, body.as_bytes())).await
    }

    /// As [`Backend::call`], for a call that must succeed.
    pub async fn gets(&self, method: &str, target: &str, body: &Value) -> Value {
        let answer = self.call(method, target, body).await;
        assert!((200..300).contains(&answer.status), "{method} {target}: {answer:?}");
        answer.json()
    }

    /// `status code` of a call that must be refused.
    pub async fn refusal(&self, method: &str, target: &str, body: &Value) -> String {
        said(&self.call(method, target, body).await)
    }
}

/// `status code` of a refusal of Connect's API.
pub fn said(answer: &Answer) -> String {
    let body = answer.json();
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer:?}");
    format!("{} {}", answer.status, body["error"].as_str().expect("a code"))
}
