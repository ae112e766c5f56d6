//! The back channel: what this server asks the issuer, without the browser in between.

use super::Trouble;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Longer than the longest question waits: how a person decides (`agent.rs`).
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES: usize = 256 << 10;

/// An issuer that the app trusts.
pub(crate) struct Issuer {
    url: String,
    http: Client<HttpConnector, Full<Bytes>>,
    metadata: OnceCell<Metadata>,
}

/// Where everything is (OpenID Connect Discovery §3). An app is told the issuer alone and reads the rest.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) userinfo_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) end_session_endpoint: String,
    pub(crate) revocation_endpoint: String,
}

/// What the token endpoint gives (RFC 6749 §5.1, OIDC Core §3.1.3.3). `access_token_jwt` is Procura's addition.
#[derive(Clone, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) access_token_jwt: String,
    pub(crate) id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_in: i64,
    pub(crate) scope: String,
}

/// An answer as it came.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub(crate) status: u16,
    /// `Procura-Refusal`: the issuer's own no. The answer of a service behind its proxy never carries one.
    pub(crate) refusal: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    /// `error` of an OAuth error answer.
    pub(crate) fn error(&self) -> &str {
        self.body.get("error").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.body).unwrap_or_default()
    }
}

impl Issuer {
    pub(crate) fn at(url: &str) -> Issuer {
        Issuer {
            url: url.to_owned(),
            http: Client::builder(TokioExecutor::new()).build_http(),
            metadata: OnceCell::new(),
        }
    }

    /// The discovery document, read once. It must speak for the issuer that we asked.
    pub(crate) async fn metadata(&self) -> Result<&Metadata, Trouble> {
        self.metadata
            .get_or_try_init(|| async {
                let answer = self.get(&format!("{}/.well-known/openid-configuration", self.url), None).await?;
                let metadata: Metadata = read(answer)?;
                if metadata.issuer != self.url {
                    return Err(Trouble::Wrong("The discovery document belongs to another issuer"));
                }
                Ok(metadata)
            })
            .await
    }

    /// Asks the token endpoint: a form, with the client's id and secret in it (`client_secret_post`).
    pub(crate) async fn tokens<T: DeserializeOwned>(&self, fields: &[(&str, &str)]) -> Result<T, Trouble> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.metadata().await?.token_endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Full::from(form));
        read(self.send(request).await?)
    }

    /// Ends a token and what hangs on it (RFC 7009). Whether it was still alive does not matter.
    pub(crate) async fn revoke(&self, fields: &[(&str, &str)]) -> Result<(), Trouble> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.metadata().await?.revocation_endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form));
        self.send(request).await.map(drop)
    }

    /// Who an access token speaks for (OIDC Core §5.3), whatever the answer.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Result<Answer, Trouble> {
        self.get(&self.metadata().await?.userinfo_endpoint, Some(access_token)).await
    }

    /// The public half of a signing key: modulus and exponent. Read anew each time; an app of yours keeps the set for as long as its
    /// `Cache-Control` says, and reads it again when a `kid` is unknown.
    pub(crate) async fn rsa_key(&self, kid: &str) -> Result<(Vec<u8>, Vec<u8>), Trouble> {
        let answer = self.get(&self.metadata().await?.jwks_uri, None).await?;
        let keys = answer.body.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
        let key = keys.iter().find(|key| key.get("kid").and_then(Value::as_str) == Some(kid));
        let part = |name: &str| {
            let text = key.and_then(|key| key.get(name)).and_then(Value::as_str)?;
            URL_SAFE_NO_PAD.decode(text).ok()
        };
        part("n").zip(part("e")).ok_or(Trouble::Wrong("The ID token names a key that the issuer does not publish"))
    }

    async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Answer, Trouble> {
        let mut request = Request::builder().uri(url).header(ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Full::default())).await
    }

    /// Sends a request and gives the answer, whatever it is. Every answer that this app asks for is JSON, or nothing.
    pub(crate) async fn send(
        &self,
        request: Result<Request<Full<Bytes>>, hyper::http::Error>,
    ) -> Result<Answer, Trouble> {
        let failed = |cause: &dyn std::fmt::Display| Trouble::Unreachable(cause.to_string());
        let asked = self.http.request(request.map_err(|cause| failed(&cause))?);
        let response = tokio::time::timeout(PATIENCE, asked)
            .await
            .map_err(|cause| failed(&cause))?
            .map_err(|cause| failed(&cause))?;
        let status = response.status().as_u16();
        let refusal = response.headers().get("procura-refusal").and_then(|code| code.to_str().ok()).map(str::to_owned);
        let body = Limited::new(response.into_body(), ANSWER_BYTES)
            .collect()
            .await
            .map_err(|cause| failed(&cause))?
            .to_bytes();
        let body = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
        Ok(Answer { status, refusal, body: body.map_err(|cause| failed(&cause))? })
    }
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, Trouble> {
    if answer.status != 200 {
        return Err(Trouble::Refused(answer));
    }
    serde_json::from_value(answer.body).map_err(|cause| Trouble::Unreachable(cause.to_string()))
}
