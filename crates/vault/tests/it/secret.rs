//! Secrets of a company, used through the proxy.

use crate::kit::{Answer, World, code};
use base::{AppId, Secret};
use http::HeaderMap;
use net::Upload;
use serde_json::json;
use vault::grants::{Limits, Wanted};
use vault::proxy::{CallAsk, Called, Form, Target};
use vault::secret::{Inject, SecretWish, list_of_app};
use vault::{Error, Subject};

impl World {
    fn secret(&self, inject: &str, key: &str) -> SecretWish {
        SecretWish {
            slug: "weather".to_owned(),
            name: "Weather".to_owned(),
            inject: Inject::parse(inject).unwrap(),
            hosts: vec![self.host.clone()],
            template: None,
            credential: Secret::new(key),
        }
    }

    async fn asks_weather(&self, path: &str) -> Result<Answer, Error> {
        let call = CallAsk {
            wanted: Wanted { provider: Some("weather".to_owned()), ..Wanted::default() },
            method: "GET".to_owned(),
            target: Target::Path { path: path.to_owned(), query: None, host: None },
            headers: HeaderMap::new(),
            body: Upload::Nothing,
            reason: None,
            form: Form::Raw,
        };
        match self.vault.call(&self.caller(), call).await? {
            Called::Answer(answered) => Ok(Answer::of(*answered).await),
            Called::Waits(pending) => panic!("{pending:?}"),
        }
    }
}

#[tokio::test]
async fn a_secret_goes_along_where_it_was_said_and_never_comes_back() {
    for world in World::both().await {
        let app = AppId::from_text("app_1");
        for (inject, name, length) in
            [("header:X-Weather", "x-weather", 15), ("bearer", "authorization", 22), ("query:key", "", 0)]
        {
            assert!(world.vault.set_secret(&app, world.secret(inject, "sk_weather_9000")).await.unwrap());
            assert!(
                !world.vault.set_secret(&app, world.secret(inject, "sk_weather_9000")).await.unwrap(),
                "the same again"
            );
            let echo = world.asks_weather("/calendar/echo").await.unwrap().json();
            if name.is_empty() {
                assert_eq!(echo["query"], json!("key=***************"), "{}", world.name);
            } else {
                assert_eq!(echo["headers"][name], json!("*".repeat(length)), "{} {inject}", world.name);
            }
        }
        assert!(world.vault.set_secret(&app, world.secret("basic", "ada:pw")).await.unwrap(), "rotated");
        let echo = world.asks_weather("/calendar/echo").await.unwrap().json();
        assert_eq!(echo["headers"]["authorization"], json!("**************"));
        assert!(world.vault.remove_secret(&app, "weather").await.unwrap());
        assert_eq!(code(world.asks_weather("/calendar/echo").await), "grant_not_found");
    }
}

#[tokio::test]
async fn rotation_keeps_every_permission() {
    let world = World::new().await;
    let app = AppId::from_text("app_1");
    world.vault.set_secret(&app, world.secret("header:X-Weather", "first-secret")).await.unwrap();
    let own = app.clone();
    let id = world.store.read(move |tx| list_of_app(tx, &own)).await.unwrap()[0].id.clone();
    let system = world.vault.grant_secret(&world.caller(), &id, Subject::App, None, Limits::default()).await.unwrap();
    let again = world.vault.grant_secret(&world.caller(), &id, Subject::App, None, Limits::default()).await.unwrap();
    assert_eq!(system.id, again.id);
    let ada = world.person("ada");
    let hers = world
        .vault
        .grant_secret(&world.caller(), &id, ada.clone(), Some("hers".to_owned()), Limits::default())
        .await
        .unwrap();
    assert_ne!(system.id, hers.id);
    world.vault.set_secret(&app, world.secret("header:X-Weather", "second-secret")).await.unwrap();
    let caller = world.caller();
    let found =
        world.vault.resolve(&caller, Wanted { grant: Some(hers.id.clone()), subject: Some(ada), ..Wanted::default() });
    assert_eq!(found.await.unwrap().grant.id, hers.id);
    let other = world.vault.grant_secret(&world.caller(), "none", Subject::App, None, Limits::default()).await;
    assert_eq!(code(other), "secret_not_found");
}

#[tokio::test]
async fn a_secret_is_set_up_for_names_alone() {
    let world = World::new().await;
    let app = AppId::from_text("app_1");
    for hosts in [vec![], vec!["10.0.0.1"], vec!["localhost:1"], vec!["test"], vec!["api.test/x"]] {
        let wish =
            SecretWish { hosts: hosts.into_iter().map(str::to_owned).collect(), ..world.secret("bearer", "k-e-y-s") };
        assert_eq!(code(world.vault.set_secret(&app, wish).await), "invalid_request");
    }
    for (inject, key) in [("bearer", "a\nb"), ("bearer", ""), ("basic", "no-colon")] {
        assert_eq!(code(world.vault.set_secret(&app, world.secret(inject, key)).await), "invalid_request");
    }
}
