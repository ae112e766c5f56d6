//! The fake provider of a test, and a world whose catalogue has it.

use crate::http::{self, Answer};
use crate::world::World;
use db::testing::{Database, postgres, sqlite};
use serde_json::Value;

/// The fake provider, served.
pub struct Fake {
    /// `http://127.0.0.1:PORT`
    pub origin: String,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Fake {
    /// One that allows whatever is asked.
    pub async fn new() -> Fake {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = playground::fake::router(playground::fake::Settings { auto_approve: true });
        tokio::spawn(playground::fake::serve(listener, router));
        Fake { origin: format!("http://{address}"), address }
    }

    /// Turns some of its knobs.
    pub async fn fails(&self, knobs: &Value) {
        let answer = self.asks("POST", "/_faults", knobs).await;
        assert!(answer.status < 300, "{answer:?}");
    }

    /// What it has been asked so far.
    pub async fn stats(&self) -> Value {
        self.asks("GET", "/_stats", &Value::Null).await.json()
    }

    /// Waits until it has been told of so many endings.
    pub async fn is_told_of(&self, count: u64) {
        for _ in 0..200 {
            if self.stats().await["revocations"] == count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the service was not told: {}", self.stats().await);
    }

    /// Opens an address of its own and gives the answer.
    pub async fn opens(&self, url: &str) -> Answer {
        let target = url.strip_prefix(&self.origin).unwrap_or_else(|| panic!("not at the fake provider: {url}"));
        self.asks("GET", target, &Value::Null).await
    }

    async fn asks(&self, method: &str, target: &str, body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers =
            [("Host".to_owned(), self.address.clone()), ("Content-Type".to_owned(), "application/json".to_owned())];
        http::send(&self.address, method, target, &headers, &bytes).await
    }
}

impl World {
    /// On SQLite, with a fake provider in the catalogue.
    pub async fn with_fake() -> (World, Fake) {
        World::on_with_fake(sqlite().await).await
    }

    /// One on each engine, each with a fake provider of its own.
    pub async fn both_with_fake() -> [(World, Fake); 2] {
        [World::on_with_fake(sqlite().await).await, World::on_with_fake(postgres().await).await]
    }

    async fn on_with_fake(database: Database) -> (World, Fake) {
        let fake = Fake::new().await;
        let origin = fake.origin.clone();
        let world = World::with_config(database, &[], |config| config.fake_provider = Some(origin)).await;
        (world, fake)
    }
}
