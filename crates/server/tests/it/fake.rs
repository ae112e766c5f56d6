//! The fake provider beside a world, and people who link accounts there.

use db::testing::{Database, postgres, sqlite};
use serde_json::{Value, json};
use testkit::{Answer, Backend, Browser, TestApp, World};

/// The fake provider, and the worlds that know it.
pub(crate) struct Fake(testkit::Fake);

impl Fake {
    pub(crate) async fn start() -> Fake {
        Fake(testkit::Fake::new().await)
    }

    /// A world on each engine that knows it.
    pub(crate) async fn worlds(&self) -> [World; 2] {
        [self.world_on(sqlite().await).await, self.world_on(postgres().await).await]
    }

    /// One on SQLite.
    pub(crate) async fn world(&self) -> World {
        self.world_on(sqlite().await).await
    }

    async fn world_on(&self, database: Database) -> World {
        World::on(database, &[("PROCURA_FAKE_PROVIDER", self.0.origin.as_str())]).await
    }

    /// Tells it how to behave from now on.
    pub(crate) async fn is_told(&self, faults: &Value) {
        self.0.fails(faults).await;
    }

    /// The person goes there and is sent back; gives the address of our own that they come back to.
    pub(crate) async fn sends_back(&self, there: &str) -> String {
        self.0.opens(there).await.location().to_owned()
    }

    /// Links an account at the calendar to an app, for whoever signs in to the app in this browser. Gives the id of the permission.
    pub(crate) async fn links(
        &self,
        ada: &mut Browser<'_>,
        app: &TestApp<'_>,
        backend: &Backend<'_>,
        more: Value,
    ) -> String {
        let code = ada.approves(app, "openid profile").await;
        let token = app.redeems(&code).await.json()["id_token"].clone();
        let mut asked = json!({
            "allowed_providers": ["fake-calendar"], "user_token": token, "allowed_origin": "https://notes.test",
        });
        for (name, value) in more.as_object().unwrap() {
            asked[name] = value.clone();
        }
        let opened = backend.gets("POST", "/sdk/oauth/connect/session", &asked).await;
        ada.opens("/sdk/oauth/connect").await;
        let claim = json!({ "session_token": opened["session_token"], "has_opener": true });
        let next = ada.calls("/sdk/oauth/connect/open", &claim).await.json()["next"].as_str().unwrap().to_owned();
        let page = ada.opens(&next).await;
        let mut fields = page.form_with("service");
        fields.insert("decision".to_owned(), "continue".to_owned());
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let away = ada.posts(&next, &fields).await;
        let back = self.sends_back(away.location()).await;
        let done: Answer = ada.opens(&back).await;
        assert_eq!(done.status, 303, "{done:?}");
        let state = json!({ "session_token": opened["session_token"] });
        let told = backend.gets("POST", "/sdk/oauth/connect/session/poll", &state).await;
        let grant = told.pointer("/grants/0/grant_id").and_then(Value::as_str);
        grant.unwrap_or_else(|| panic!("no grant: {told}")).to_owned()
    }
}
