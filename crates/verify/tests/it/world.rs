//! An issuer that signs and publishes as Procura does, and can be in any mood; a clock that stands still; a verifier between.

use aws_lc_rs::hmac;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jose::{Alg, KeySet, Kind, SigningKey};
use parking_lot::Mutex;
use procura_verify::{Builder, Delegation, Needs, Refused, Secret, Time, Verifier};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

pub const AUDIENCE: &str = "https://iris.test";
pub const RESOURCE: &str = "iris:inference";
pub const ANY: Needs<'static> = Needs { scopes: &[], mode: None };

/// How the issuer behaves when it is asked for its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Slow,
    Silent,
    Broken,
    Talkative,
    Redirecting,
    SomebodyElse,
    KeysElsewhere,
}

pub struct Issuer {
    pub url: String,
    pub mood: Mutex<Mood>,
    pub published: Mutex<KeySet>,
    /// How often the key set was read.
    pub reads: AtomicUsize,
    /// Introspection answers by token.
    pub live: Mutex<HashMap<String, Value>>,
    /// The Basic credentials that may introspect.
    pub basic: String,
}

pub struct World {
    pub issuer: Arc<Issuer>,
    pub key: SigningKey,
    pub verifier: Verifier,
    seconds: Arc<AtomicI64>,
}

impl World {
    pub async fn new() -> World {
        World::signing(Alg::EdDsa, |builder| builder).await
    }

    pub async fn with(setting: impl FnOnce(Builder) -> Builder) -> World {
        World::signing(Alg::EdDsa, setting).await
    }

    pub async fn signing(alg: Alg, setting: impl FnOnce(Builder) -> Builder) -> World {
        let key = SigningKey::generate(alg).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Arc::new(Issuer {
            url: format!("http://{}", listener.local_addr().unwrap()),
            mood: Mutex::new(Mood::Well),
            published: Mutex::new(KeySet::new([key.public().clone()])),
            reads: AtomicUsize::new(0),
            live: Mutex::default(),
            basic: format!("Basic {}", STANDARD.encode("app_iris:s%2Bcret")),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&issuer));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let seconds = Arc::new(AtomicI64::new(1_800_000_000));
        let clock = Arc::clone(&seconds);
        let builder = Verifier::builder(&issuer.url, AUDIENCE, RESOURCE)
            .clock(move || Time::from_secs(clock.load(Ordering::SeqCst)));
        World { verifier: setting(builder).build().unwrap(), issuer, key, seconds }
    }

    pub fn passes(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn is(&self, mood: Mood) {
        *self.issuer.mood.lock() = mood;
    }

    pub fn reads(&self) -> usize {
        self.issuer.reads.load(Ordering::SeqCst)
    }

    /// The claims of a delegated token that lives for ten minutes from now.
    pub fn claims(&self) -> Value {
        let now = self.seconds.load(Ordering::SeqCst);
        json!({
            "iss": self.issuer.url, "sub": "idn_ada", "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": "jti-1",
            "sid": "sid-1", "cid": "app_notes", "client_id": "app_notes", "scope": "infer models.read",
            "grant_id": "grant-1", "target_resource": RESOURCE, "com_mode": "user_present",
        })
    }

    /// The same with one claim changed, or taken away by `null`.
    pub fn claims_but(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    pub fn token(&self) -> String {
        self.sign(Kind::Delegated, &self.claims())
    }

    pub fn token_but(&self, name: &str, value: Value) -> String {
        self.sign(Kind::Delegated, &self.claims_but(name, value))
    }

    pub fn sign(&self, kind: Kind, claims: &Value) -> String {
        self.key.sign(kind, claims.to_string().as_bytes()).unwrap()
    }

    /// Verifies; whatever is said of a refusal must hold nothing of the token.
    pub async fn verify(&self, token: &str, needs: Needs<'_>) -> Result<Delegation, Refused> {
        let verdict = self.verifier.verify(&Secret::new(token), needs).await;
        if let Err(refused) = &verdict {
            let told =
                format!("{refused} {refused:?} {:?} {:?}", refused.www_authenticate(), refused.answer::<String>());
            let parts = token.split('.').filter(|part| part.len() > 8);
            assert!(parts.into_iter().all(|part| !told.contains(part)), "{told}");
        }
        verdict
    }

    /// The refusal of a token, as one line.
    pub async fn refusal(&self, token: &str) -> String {
        self.verify(token, ANY).await.unwrap_err().to_string()
    }

    pub async fn is_good(&self, token: &str) -> bool {
        self.verify(token, ANY).await.is_ok()
    }
}

/// A token written by hand: what no key of ours would sign.
pub fn forged(header: &Value, claims: &Value, sign: impl FnOnce(&str) -> String) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = sign(&signed);
    format!("{signed}.{signature}")
}

pub fn hmac_sha256(key: &[u8], message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()))
}

async fn answer(State(issuer): State<Arc<Issuer>>, uri: Uri, headers: HeaderMap, request: Request) -> Response {
    let mood = *issuer.mood.lock();
    let jwks = || ([(header::CONTENT_TYPE, "application/json")], issuer.published.lock().jwks_json()).into_response();
    match (uri.path(), mood) {
        ("/.well-known/openid-configuration", Mood::SomebodyElse) => {
            Json(json!({"issuer": "https://evil.test", "jwks_uri": format!("{}/keys", issuer.url)})).into_response()
        }
        ("/.well-known/openid-configuration", Mood::KeysElsewhere) => {
            Json(json!({"issuer": issuer.url, "jwks_uri": "http://localhost:1/keys"})).into_response()
        }
        ("/.well-known/openid-configuration", _) => {
            Json(json!({"issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url)})).into_response()
        }
        ("/keys", mood) => {
            issuer.reads.fetch_add(1, Ordering::SeqCst);
            match mood {
                Mood::Broken => StatusCode::BAD_GATEWAY.into_response(),
                Mood::Talkative => format!("{{\"keys\":[],\"noise\":\"{}\"}}", "x".repeat(256 << 10)).into_response(),
                Mood::Redirecting => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
                Mood::Silent => std::future::pending().await,
                Mood::Slow => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    jwks()
                }
                _ => jwks(),
            }
        }
        ("/elsewhere", _) => jwks(),
        ("/api/oauth/introspect", Mood::Broken) => StatusCode::BAD_GATEWAY.into_response(),
        ("/api/oauth/introspect", _) => introspect(&issuer, &headers, request).await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn introspect(issuer: &Issuer, headers: &HeaderMap, request: Request) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|sent| sent != &issuer.basic) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let body = axum::body::to_bytes(request.into_body(), 64 << 10).await.unwrap();
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let live = issuer.live.lock().get(&form["token"]).cloned();
    Json(live.unwrap_or_else(|| json!({"active": false}))).into_response()
}
