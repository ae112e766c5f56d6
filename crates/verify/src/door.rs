//! The one way outwards: to the issuer, and nowhere else.
//!
//! Promise: an answer comes within five seconds and is 256 KiB at most; no redirect is followed; an https issuer is never asked in
//! the clear. What is asked and what is believed is for [`crate::keys`] and [`crate::introspection`].

use crate::trouble::Trouble;
use base::{Origin, Secret};
use jose::{KeySet, PublicKey, strict};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value};
use std::error::Error;
use std::time::Duration;
use url::form_urlencoded;

const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_BYTES: usize = 256 << 10;

/// The way to one issuer.
pub(crate) struct Door {
    issuer: Origin,
    http: Client,
    patience: Duration,
}

impl Door {
    /// Fails when the system has no certificates that TLS could trust.
    #[expect(clippy::disallowed_methods, reason = "a target app is outside the house and has a door of its own")]
    pub(crate) fn to(issuer: Origin) -> Result<Door, reqwest::Error> {
        let http = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .https_only(issuer.is_https())
            .user_agent(concat!("procura-verify/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Door { issuer, http, patience: PATIENCE })
    }

    /// The keys that the issuer publishes, found through its discovery document. It is read each time: an issuer may move its keys.
    pub(crate) async fn keys(&self) -> Result<KeySet, Trouble> {
        self.in_time(async {
            let metadata = self.get(&format!("{}/.well-known/openid-configuration", self.issuer)).await?;
            let jwks = self.get(jwks_uri(&metadata, &self.issuer)?).await?;
            key_set(&jwks)
        })
        .await
    }

    /// Asks what a token is (RFC 7662 §2.1). Id and secret are encoded as forms are before they become Basic (RFC 6749 §2.3.1).
    pub(crate) async fn introspect(
        &self,
        client_id: &str,
        secret: &Secret,
        token: &Secret,
    ) -> Result<Map<String, Value>, Trouble> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("token", token.reveal()).finish();
        let request = self
            .http
            .post(format!("{}/api/oauth/introspect", self.issuer))
            .basic_auth(encoded(client_id), Some(encoded(secret.reveal())))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        self.in_time(send(request)).await
    }

    async fn get(&self, url: &str) -> Result<Map<String, Value>, Trouble> {
        send(self.http.get(url)).await
    }

    async fn in_time<T>(&self, ask: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        tokio::time::timeout(self.patience, ask).await.unwrap_or(Err(Trouble::TooSlow))
    }
}

async fn send(request: RequestBuilder) -> Result<Map<String, Value>, Trouble> {
    let response = request.header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
    match response.status() {
        StatusCode::OK => strict::object(&body(response).await?).ok_or(Trouble::Unreadable),
        status if status.is_redirection() => Err(Trouble::Redirected),
        status => Err(Trouble::Status(status.as_u16())),
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES {
            return Err(Trouble::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The transport's error and what lies beneath it.
fn unreachable(error: reqwest::Error) -> Trouble {
    let mut causes = vec![error.to_string()];
    let mut beneath = error.source();
    while let Some(cause) = beneath {
        causes.push(cause.to_string());
        beneath = cause.source();
    }
    Trouble::Unreachable(causes.join(": "))
}

/// OpenID Connect Discovery §4.3: the document must speak for exactly the issuer that was asked. Its keys lie on the same origin,
/// or whoever can change the document could name keys of their own.
fn jwks_uri<'a>(metadata: &'a Map<String, Value>, issuer: &Origin) -> Result<&'a str, Trouble> {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    if text("issuer") != Some(issuer.as_str()) {
        return Err(Trouble::OtherIssuer);
    }
    text("jwks_uri").filter(|uri| Origin::of(uri).as_ref() == Some(issuer)).ok_or(Trouble::ForeignKeys)
}

/// RFC 7517 §5: keys of an unknown kind are passed over.
fn key_set(jwks: &Map<String, Value>) -> Result<KeySet, Trouble> {
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or(Trouble::Unreadable)?;
    let set = KeySet::new(keys.iter().filter_map(PublicKey::from_jwk));
    if set.iter().next().is_none() {
        return Err(Trouble::NoKeys);
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jose::{Alg, SigningKey};
    use serde_json::json;
    use tokio::net::TcpListener;

    fn read_uri(metadata: Value) -> Result<String, Trouble> {
        let issuer = Origin::parse("https://id.test").unwrap();
        jwks_uri(metadata.as_object().unwrap(), &issuer).map(str::to_owned)
    }

    #[test]
    fn keys_come_from_the_issuer_that_was_asked() {
        let uri = "https://id.test/.well-known/jwks.json";
        assert_eq!(read_uri(json!({"issuer": "https://id.test", "jwks_uri": uri})).unwrap(), uri);
        for issuer in ["https://id.test/", "https://ID.test", "http://id.test", "https://evil.test"] {
            assert_eq!(read_uri(json!({"issuer": issuer, "jwks_uri": uri})), Err(Trouble::OtherIssuer), "{issuer}");
        }
        for uri in [
            "https://evil.test/jwks",
            "http://id.test/jwks",
            "https://id.test:8443/j",
            "https://id.test@evil.test/",
            "/j",
        ] {
            let metadata = json!({"issuer": "https://id.test", "jwks_uri": uri});
            assert_eq!(read_uri(metadata), Err(Trouble::ForeignKeys), "{uri}");
        }
        assert_eq!(read_uri(json!({"issuer": "https://id.test"})), Err(Trouble::ForeignKeys));
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over_but_one_must_be_left() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let hmac = json!({"kty": "oct", "alg": "HS256", "kid": "h", "k": "c2VjcmV0"});
        let read = |jwks: Value| key_set(jwks.as_object().unwrap()).map(|set| set.iter().count());
        assert_eq!(read(json!({"keys": [hmac, key.public().jwk(), 7]})), Ok(1));
        assert_eq!(read(json!({"keys": [hmac]})), Err(Trouble::NoKeys));
        assert_eq!(read(json!({"keys": {}})), Err(Trouble::Unreadable));
    }

    #[tokio::test]
    async fn an_issuer_that_never_answers_is_given_up() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Origin::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let door = Door { patience: Duration::from_millis(50), ..Door::to(issuer).unwrap() };
        assert_eq!(door.keys().await.unwrap_err(), Trouble::TooSlow);
        assert_eq!(
            door.introspect("app_iris", &Secret::new("s"), &Secret::new("t")).await.unwrap_err(),
            Trouble::TooSlow
        );
    }
}
