//! What is sent to a provider's own endpoints: code and refresh token for a token, revocation, and how a credential goes along with
//! a call (RFC 6749 §4.1.3 and §6, RFC 7009).
//!
//! Promise: nothing here is sent; whoever sends it goes through the guarded client. A body is a secret, for it holds one.

use super::ask::filled;
use super::{AuthKind, ClientAuth, Identity, Inputs, KeyPlace, Provider, Quirk};
use crate::connection::Credential;
use base::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

/// How Reddit asks to be called; any service may see it.
const USER_AGENT: &str = concat!("server:procura:v", env!("CARGO_PKG_VERSION"), " (by /u/procura)");
const NOTION_VERSION: &str = "2022-06-28";
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// A request that waits to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, Secret)>,
    pub body: Option<Secret>,
}

impl Request {
    fn new(method: &'static str, url: String) -> Request {
        Request { method, url, headers: vec![("Accept".to_owned(), Secret::new("application/json"))], body: None }
    }

    /// A question with an access token.
    pub(crate) fn bearer_get(url: &str, access: &Secret) -> Request {
        Request::new("GET", url.to_owned()).header("Authorization", format!("Bearer {}", access.reveal()))
    }

    /// A question that carries a credential.
    pub(crate) fn with_injection(url: &str, injection: &Injection) -> Option<Request> {
        let mut request = Request::new("GET", with_query(url, &injection.query)?);
        let defaults = injection.defaults.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(value.clone())));
        request.headers.extend(defaults);
        request.headers.extend(injection.headers.iter().cloned());
        Some(request)
    }

    fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), Secret::new(value)));
        self
    }

    fn form(self, fields: &[(&str, &str)]) -> Request {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self.header("Content-Type", "application/x-www-form-urlencoded");
        request.body = Some(Secret::new(body));
        request
    }

    fn json(self, body: &Value) -> Request {
        let mut request = self.header("Content-Type", "application/json");
        request.body = Some(Secret::new(body.to_string()));
        request
    }
}

/// How this server is known at a provider.
#[derive(Debug, Clone, Copy)]
pub struct ClientCredentials<'a> {
    pub id: &'a str,
    pub secret: Option<&'a Secret>,
}

impl ClientCredentials<'_> {
    fn basic(&self) -> Option<String> {
        let secret = self.secret?;
        // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        Some(format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(self.id), encoded(secret.reveal())))))
    }
}

/// How a credential goes along with a call.
#[derive(Debug, Clone, Default)]
pub struct Injection {
    pub headers: Vec<(String, Secret)>,
    pub query: Vec<(String, Secret)>,
    /// Sent where the caller has not set them.
    pub defaults: Vec<(&'static str, String)>,
    /// The call is signed (AWS Signature Version 4) instead.
    pub is_signed: bool,
}

impl Provider {
    /// The request that turns a code into a token. Nothing for keys, or when an input is missing.
    pub fn code_request(
        &self,
        client: ClientCredentials<'_>,
        code: &Secret,
        redirect_uri: &str,
        verifier: &Secret,
        inputs: &Inputs,
    ) -> Option<Request> {
        let url = filled(self.auth.token_url.as_deref()?, inputs)?;
        let mut fields =
            vec![("grant_type", "authorization_code"), ("code", code.reveal()), ("redirect_uri", redirect_uri)];
        if self.auth.pkce {
            fields.push(("code_verifier", verifier.reveal()));
        }
        Some(self.token_request(url, client, fields, true))
    }

    /// The request that renews a token.
    pub fn refresh_request(
        &self,
        client: ClientCredentials<'_>,
        refresh_token: &Secret,
        inputs: &Inputs,
    ) -> Option<Request> {
        let fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.reveal())];
        if self.has(Quirk::FigmaRefreshUrl) {
            let fields = vec![("refresh_token", refresh_token.reveal())];
            let url = "https://api.figma.com/v1/oauth/refresh".to_owned();
            return Some(self.token_request(url, client, fields, false));
        }
        // A scope is never sent: absent means what was granted (RFC 6749 §6), and some refuse it.
        let url = filled(self.auth.token_url.as_deref()?, inputs)?;
        Some(self.token_request(url, client, fields, true))
    }

    fn token_request<'a>(
        &'a self,
        url: String,
        client: ClientCredentials<'a>,
        mut fields: Vec<(&'a str, &'a str)>,
        with_params: bool,
    ) -> Request {
        let mut request = Request::new("POST", url);
        let is_basic = match self.auth.client_auth {
            Some(ClientAuth::Basic) => true,
            _ => self.has(Quirk::TwitterBasicWhenConfidential) && client.secret.is_some(),
        };
        if let Some(basic) = client.basic().filter(|_| is_basic) {
            request = request.header("Authorization", basic);
        } else {
            fields.push(("client_id", client.id));
            if let Some(secret) = client.secret {
                fields.push(("client_secret", secret.reveal()));
            }
        }
        if with_params {
            fields.extend(self.auth.token_params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
        if self.has(Quirk::RedditUserAgent) {
            request = request.header("User-Agent", USER_AGENT);
        }
        if self.has(Quirk::NotionBasicJson) {
            request = request.header("Notion-Version", NOTION_VERSION);
        }
        if self.has(Quirk::TokenJsonBody) || self.has(Quirk::NotionBasicJson) {
            return request.json(&as_json(&fields));
        }
        request.form(&fields)
    }

    /// The request that ends a credential at the service. Nothing where the service has no such thing.
    pub fn revoke_request(
        &self,
        client: ClientCredentials<'_>,
        credential: &Credential,
        inputs: &Inputs,
    ) -> Option<Request> {
        let access = credential.access_token()?;
        let place = filled(self.auth.revoke_url.as_deref()?, &with(inputs, "client_id", client.id))?;
        if self.has(Quirk::GithubDeleteToken) {
            let request = Request::new("DELETE", place).header("Authorization", client.basic()?);
            return Some(request.json(&json!({ "access_token": access.reveal() })));
        }
        let bearer = format!("Bearer {}", access.reveal());
        if self.has(Quirk::RevokeBearerDelete) {
            return Some(Request::new("DELETE", place).header("Authorization", bearer));
        }
        if self.has(Quirk::RevokeWithBearer) || self.has(Quirk::SlackUserToken) {
            return Some(Request::new("POST", place).header("Authorization", bearer));
        }
        // Ending the refresh token ends what came of it (RFC 7009 §2.1); without one the access token is all there is.
        let token = credential.refresh_token().unwrap_or(access).reveal();
        let request = Request::new("POST", place);
        let basic = client.basic().filter(|_| self.auth.client_auth == Some(ClientAuth::Basic));
        if self.has(Quirk::RevokeJsonBody) || self.has(Quirk::NotionBasicJson) {
            let request = if self.has(Quirk::NotionBasicJson) {
                request.header("Notion-Version", NOTION_VERSION)
            } else {
                request
            };
            return if let Some(basic) = basic {
                Some(request.header("Authorization", basic).json(&json!({ "token": token })))
            } else {
                let secret = client.secret.map(Secret::reveal);
                Some(request.json(&json!({ "token": token, "client_id": client.id, "client_secret": secret })))
            };
        }
        if let Some(basic) = basic.filter(|_| !self.has(Quirk::RevokeClientInBody)) {
            Some(request.header("Authorization", basic).form(&[("token", token)]))
        } else {
            let mut fields = vec![("token", token), ("client_id", client.id)];
            if let Some(secret) = client.secret {
                fields.push(("client_secret", secret.reveal()));
            }
            Some(request.form(&fields))
        }
    }

    /// The request whose answer tells which account it is. Nothing where that is told elsewhere.
    pub fn identity_request(&self, injection: &Injection, inputs: &Inputs) -> Option<Request> {
        let identity = self.identity.as_ref()?;
        let url = filled(identity.url.as_deref()?, inputs)?;
        let method = if identity.method.as_deref() == Some("POST") { "POST" } else { "GET" };
        let mut request = Request::new(method, with_query(&url, &injection.query)?);
        let defaults = injection.defaults.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(value.clone())));
        request.headers.extend(defaults);
        request.headers.extend(injection.headers.iter().cloned());
        if self.has(Quirk::MailchimpDc) {
            for (name, value) in &mut request.headers {
                if name == "Authorization" {
                    *value = Secret::new(value.reveal().replacen("Bearer ", "OAuth ", 1));
                }
            }
        }
        if let Some(body) = identity.body.as_deref().filter(|body| !body.is_empty()) {
            request = request.header("Content-Type", "application/json");
            request.body = Some(Secret::new(body));
        }
        Some(request)
    }

    /// How a credential goes along with a call. Nothing when the credential is not of this kind.
    pub fn injection(&self, credential: &Credential, client_id: &str, inputs: &Inputs) -> Option<Injection> {
        let mut injection = Injection::default();
        match self.auth.kind {
            AuthKind::Oauth2 | AuthKind::Oidc => {
                let access = credential.access_token()?.reveal();
                if self.has(Quirk::ShopifyPerShop) {
                    injection.headers.push(("X-Shopify-Access-Token".to_owned(), Secret::new(access)));
                } else {
                    injection.headers.push(("Authorization".to_owned(), Secret::new(format!("Bearer {access}"))));
                }
            }
            AuthKind::ApiKey => {
                let key = credential.get("key")?.reveal();
                let (place, value) = self.key_place(key)?;
                let overridden = inputs.get("header").filter(|_| self.has(Quirk::GenericOverrides));
                match (overridden, place) {
                    (Some(header), _) => {
                        let prefix = inputs.get("prefix").map(String::as_str).unwrap_or_default();
                        let value = if prefix.is_empty() { key.to_owned() } else { format!("{prefix} {key}") };
                        injection.headers.push((header.clone(), Secret::new(value)));
                    }
                    (None, KeyPlace::Header(name)) => injection.headers.push((name.to_owned(), Secret::new(value))),
                    (None, KeyPlace::Query(name)) => injection.query.push((name.to_owned(), Secret::new(value))),
                }
                if let Some(second) = credential.get("application_key") {
                    injection.headers.push(("DD-APPLICATION-KEY".to_owned(), second.clone()));
                }
            }
            AuthKind::Basic => {
                let (user, password) = (credential.get("user")?.reveal(), credential.get("password")?.reveal());
                let pair = STANDARD.encode(format!("{user}:{password}"));
                injection.headers.push(("Authorization".to_owned(), Secret::new(format!("Basic {pair}"))));
            }
            AuthKind::AwsSigv4 => injection.is_signed = true,
        }
        if self.has(Quirk::AnthropicVersion) {
            injection.defaults.push(("anthropic-version", ANTHROPIC_VERSION.to_owned()));
        }
        if self.has(Quirk::NotionBasicJson) {
            injection.defaults.push(("Notion-Version", NOTION_VERSION.to_owned()));
        }
        if self.has(Quirk::RedditUserAgent) {
            injection.defaults.push(("User-Agent", USER_AGENT.to_owned()));
        }
        if self.has(Quirk::TwitchClientId) {
            injection.headers.push(("Client-Id".to_owned(), Secret::new(client_id)));
        }
        if let Some(tenant) = inputs.get("xero_tenant").filter(|_| self.has(Quirk::XeroTenants)) {
            injection.headers.push(("xero-tenant-id".to_owned(), Secret::new(tenant.clone())));
        }
        Some(injection)
    }

    /// The identity part with what an operator's inputs put in its place.
    pub(super) fn identity_with(&self, inputs: &Inputs) -> Option<Identity> {
        let mut identity = self.identity.clone()?;
        if self.has(Quirk::GenericOverrides) {
            if let Some(pointer) = inputs.get("account_pointer") {
                identity.pointer.clone_from(pointer);
            }
            if let Some(label) = inputs.get("label_pointer") {
                identity.label.clone_from(label);
            }
        }
        Some(identity)
    }
}

fn with(inputs: &Inputs, name: &str, value: &str) -> Inputs {
    let mut more = inputs.clone();
    more.insert(name.to_owned(), value.to_owned());
    more
}

fn with_query(url: &str, query: &[(String, Secret)]) -> Option<String> {
    if query.is_empty() {
        return Some(url.to_owned());
    }
    let mut url = url::Url::parse(url).ok()?;
    url.query_pairs_mut().extend_pairs(query.iter().map(|(name, value)| (name.as_str(), value.reveal())));
    Some(url.into())
}

/// The fields as JSON; one made of digits only is a number.
fn as_json(fields: &[(&str, &str)]) -> Value {
    let value = |name: &str, text: &str| match text.parse::<i64>() {
        Ok(number) if name.contains("expires") => Value::from(number),
        _ => Value::from(text),
    };
    Value::Object(fields.iter().map(|(name, text)| ((*name).to_owned(), value(name, text))).collect::<Map<_, _>>())
}
