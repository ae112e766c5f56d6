//! An identity provider that an app already has: a key, and a place where it publishes it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::testing::{postgres, sqlite};
use jose::{Alg, Kind, SigningKey};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use testkit::{START, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The provider.
pub(crate) struct Outside {
    key: SigningKey,
    issuer: String,
    asked: Arc<AtomicUsize>,
    is_broken: Arc<AtomicBool>,
}

impl Outside {
    pub(crate) async fn start() -> Outside {
        let key = SigningKey::generate(Alg::Es256).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (asked, is_broken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let jwks = json!({ "keys": [key.public().jwk()] }).to_string();
        let metadata = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") }).to_string();
        let (count, broken) = (asked.clone(), is_broken.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let is_keys = request[..read].starts_with(b"GET /jwks ");
                count.fetch_add(usize::from(is_keys), Ordering::SeqCst);
                let status = if broken.load(Ordering::SeqCst) { "503 Service Unavailable" } else { "200 OK" };
                let body = if is_keys { &jwks } else { &metadata };
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Outside { key, issuer, asked, is_broken }
    }

    pub(crate) fn host(&self) -> &str {
        self.issuer.trim_start_matches("http://")
    }

    /// A world on each engine whose guard lets this provider through.
    pub(crate) async fn worlds(&self) -> [World; 2] {
        let settings = [("PROCURA_EGRESS_ALLOW", self.host())];
        [World::on(sqlite().await, &settings).await, World::on(postgres().await, &settings).await]
    }

    /// A world that reaches this provider and another.
    pub(crate) async fn world_that_reaches(&self, other: &Outside) -> World {
        World::with(&[("PROCURA_EGRESS_ALLOW", &format!("{},{}", self.host(), other.host()))]).await
    }

    /// The app of this name takes this provider's word from now on.
    pub(crate) async fn is_named_by(&self, world: &World, key: &str) {
        let (seams, ours, issuer, key) =
            (world.seams.clone(), world.issuer.clone(), self.issuer.clone(), key.to_owned());
        world
            .store
            .write(move |tx| {
                let organization = oauth::organization::find_by_key(tx, &format!("org-{key}"))?.unwrap();
                let app = oauth::app::find_by_key(tx, &organization.id, &key)?.unwrap();
                let who = vault::by::Who::Operator;
                let by = vault::By { app: app.id, organization: app.organization, who };
                let new = vault::subject::NewIssuer::standard(&issuer, "acme");
                vault::subject::set_issuer(tx, &seams, &by, &ours, &new)
            })
            .await
            .unwrap();
    }

    /// A token that says this besides what every token says.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_at(claims, START.secs())
    }

    pub(crate) fn token_at(&self, claims: &Value, now: i64) -> String {
        self.key.sign(Kind::IdToken, self.claims(claims, now).to_string().as_bytes()).unwrap()
    }

    fn claims(&self, claims: &Value, now: i64) -> Value {
        let mut all = json!({ "iss": self.issuer, "aud": "acme", "iat": now, "exp": now + 3_600 });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    }

    pub(crate) fn signed_by_another(&self, claims: &Value) -> String {
        let other = SigningKey::generate(Alg::Es256).unwrap();
        other.sign(Kind::IdToken, self.claims(claims, START.secs()).to_string().as_bytes()).unwrap()
    }

    pub(crate) fn unsigned(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.AAAA", part(header), part(&self.claims(claims, START.secs())))
    }

    pub(crate) fn kid(&self) -> &str {
        self.key.kid()
    }

    /// How often its keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// From now on it answers nothing.
    pub(crate) fn breaks(&self) {
        self.is_broken.store(true, Ordering::SeqCst);
    }
}
