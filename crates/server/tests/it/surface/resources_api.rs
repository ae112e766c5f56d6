//! `/api/v1/resources`

use super::api_v1::{Operator, described, members, refusal};
use serde_json::{Value, json};
use testkit::World;

const KEY: &str = "iris:inference";

/// What is sent to register `iris:inference`.
fn iris(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "key": KEY, "name": "Iris inference", "audience": "https://iris.test/api",
        "scopes": [{ "name": "ask", "text": "Ask Iris questions in your name", "risk": "low" }],
    })
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

#[tokio::test]
async fn threat_189_resources_are_the_operators_alone() {
    let world = World::new().await;
    let app = world.app("iris", "").await;
    let operator = Operator::of(&world).await;
    let made = operator.sends("POST", "/resources", &iris(&app.client_id)).await;
    let path = format!("/api/v1/resources/{}", id(&made.json()));
    let secret = format!("Bearer {}", app.secret.as_deref().unwrap());
    for headers in [Vec::new(), vec![("Authorization", secret.as_str())]] {
        for (method, target) in [
            ("GET", "/api/v1/resources".to_owned()),
            ("POST", "/api/v1/resources".to_owned()),
            ("GET", path.clone()),
            ("PATCH", path.clone()),
            ("DELETE", path.clone()),
            ("POST", format!("{path}/pause")),
            ("POST", format!("{path}/resume")),
            ("GET", format!("{path}/grants")),
        ] {
            let answer = world.send(method, &target, &headers, b"").await;
            assert_eq!(refusal(&answer), "401 unauthorized []", "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_resource_is_registered_shown_changed_held_and_removed() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let (notes, app) = (world.app("notes", "").await, world.app("iris", "").await);
        let made = operator.sends("POST", "/resources", &iris(&app.client_id)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let before = made.json();
        let path = format!("/resources/{}", id(&before));
        assert_eq!(made.header("location"), Some(format!("{}/api/v1{path}", world.issuer).as_str()));
        assert_eq!(members(&before), described("Resource"));
        assert_eq!(members(&before["scopes"][0]), described("ResourceScope"));
        assert_eq!((&before["status"], &before["allow_chains"]), (&json!("active"), &json!(false)));

        let change = json!({ "description": "Ask Iris", "runtime_endpoint": "https://iris.test/runtime" });
        let after = operator.sends("PATCH", &path, &change).await.json();
        assert_eq!(after["runtime_endpoint"], json!("https://iris.test/runtime"));
        for kept in ["id", "key", "client_id", "name", "audience", "scopes", "open_audience"] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }
        let cleared = operator.sends("PATCH", &path, &json!({ "description": null })).await.json();
        assert_eq!((&cleared["description"], &cleared["runtime_endpoint"]), (&Value::Null, &after["runtime_endpoint"]));
        assert_eq!(operator.asks("GET", &path).await.json(), cleared);

        let mut ada = world.person("ada").await;
        let subject = ada.allows(&notes, KEY, "ask", Some("away")).await;
        let token = notes.delegated(&subject, KEY).await;
        let held = operator.asks("GET", &format!("{path}/grants")).await.json();
        assert_eq!(members(&held["items"][0]), described("HeldGrant"));
        let first = &held["items"][0];
        assert_eq!((&first["client_id"], &first["scope"]), (&json!(notes.client_id), &json!("ask")));
        assert_eq!((&first["mode"], &first["suspended"]), (&json!("background"), &json!(false)));
        let told = operator.asks("GET", &format!("/audit?client_id={}", notes.client_id)).await.json();
        let exchanged =
            told["items"].as_array().unwrap().iter().find(|entry| entry["act"] == "token.exchanged").unwrap();
        assert_eq!(exchanged["target_client_id"], json!(app.client_id), "{exchanged}");

        let material = json!({ "scopes": [{ "name": "ask", "text": "Ask and buy", "risk": "high" }] });
        assert_eq!(operator.sends("PATCH", &path, &material).await.status, 200);
        let held = operator.asks("GET", &format!("{path}/grants")).await.json();
        assert_eq!(held["items"][0]["suspended"], json!(true));
        assert!(!notes.sees_active(&token).await);

        let paused = operator.asks("POST", &format!("{path}/pause")).await.json();
        assert!(paused["paused_at"].is_string() && paused["status"] == "disabled", "{paused}");
        let resumed = operator.asks("POST", &format!("{path}/resume")).await.json();
        assert!(resumed["paused_at"].is_null() && resumed["status"] == "active", "{resumed}");

        assert_eq!(operator.asks("DELETE", &path).await.json(), json!({ "grants_ended": 1 }));
        for (method, rest) in
            [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"), ("GET", "/grants")]
        {
            assert_eq!(refusal(&operator.asks(method, &format!("{path}{rest}")).await), "404 not_found []", "{method}");
        }
        let told = operator.asks("GET", &format!("/audit?client_id={}", app.client_id)).await.json();
        let acts: Vec<_> = told["items"].as_array().unwrap().iter().map(|entry| entry["act"].clone()).collect();
        let expected = ["deleted", "resumed", "paused", "updated", "updated", "updated", "created"];
        assert_eq!(acts[..7], expected.map(|act| json!(format!("resource.{act}"))));
    }
}

#[tokio::test]
async fn resources_are_listed_by_app_and_organization_to_their_end() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (iris, muse) = (world.target("iris", "").await, world.target("muse", "").await);
    let mut body = self::iris(&iris.client_id);
    (body["key"], body["audience"]) = (json!("iris:more"), json!("https://iris.test/more"));
    assert_eq!(operator.sends("POST", "/resources", &body).await.status, 201);
    let keys = async |query: &str| {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = operator.asks("GET", &format!("/resources?limit=1{query}{cursor}")).await.json();
            found.extend(page["items"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        found.sort();
        found
    };
    assert_eq!(keys("").await, ["iris:inference", "iris:more", "muse:inference"]);
    assert_eq!(keys(&format!("&client_id={}", iris.client_id)).await, ["iris:inference", "iris:more"]);
    let owner = operator.asks("GET", &format!("/apps/{}", muse.client_id)).await.json()["organization_id"].clone();
    let owner = owner.as_str().unwrap();
    assert_eq!(keys(&format!("&organization_id={owner}")).await, ["muse:inference"]);
    assert!(keys(&format!("&organization_id={owner}&client_id={}", iris.client_id)).await.is_empty());
}

#[tokio::test]
async fn every_wrong_field_of_a_resource_is_named_and_nothing_is_changed() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let app = world.app("iris", "").await;
    let posts = async |body: Value| refusal(&operator.sends("POST", "/resources", &body).await);
    assert_eq!(
        posts(json!({ "scopes": [{ "name": "ask", "risk": 1 }], "colour": 1 })).await,
        "422 invalid_fields [client_id: is required; key: is required; scopes[0].text: is required; \
         scopes[0].risk: is a string; colour: is unknown]"
    );
    assert_eq!(
        posts(json!({ "client_id": app.client_id, "key": "iris" })).await,
        "422 invalid_fields [key: is written in two parts, like notes:read: yours, a :, and what it is; \
         name: is required; audience: is required; scopes: is required]"
    );
    assert_eq!(
        posts(iris("app_none")).await,
        "422 invalid_fields [client_id: is no app of an organization of this server]"
    );
    let made = operator.sends("POST", "/resources", &iris(&app.client_id)).await.json();
    let path = format!("/resources/{}", id(&made));
    let wrong = json!({
        "name": "x", "audience": world.issuer, "scopes": [{ "name": "a b", "text": "Ask", "risk": "none" }],
    });
    assert_eq!(
        refusal(&operator.sends("PATCH", &path, &wrong).await),
        "422 invalid_fields [name: has between 2 and 80 characters, each of which can be seen; \
         audience: is at the address of this server, which only its own tokens may name; \
         scopes[0].name: is one word of 2 to 80 printable ASCII characters without quotes, \\, + and %; \
         scopes[0].risk: is low, medium or high]"
    );
    for fixed in ["key", "client_id"] {
        let refused = operator.sends("PATCH", &path, &json!({ fixed: "iris:other" })).await;
        assert_eq!(refusal(&refused), format!("422 invalid_fields [{fixed}: is unknown]"));
    }
    assert_eq!(operator.asks("GET", &path).await.json(), made);
}

#[tokio::test]
async fn threat_130_the_api_gives_no_word_of_one_organization_to_another() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (iris_app, eve) = (world.app("iris", "").await, world.app("eve", "").await);
    assert_eq!(operator.sends("POST", "/resources", &iris(&iris_app.client_id)).await.status, 201);
    for (key, said) in [
        ("iris:other", "begins with a word that belongs to another organization"),
        ("1ris:other", "begins with a word that belongs to another organization"),
        ("1ris:inference", "is taken, or looks like one that is"),
    ] {
        let mut body = iris(&eve.client_id);
        (body["key"], body["audience"]) = (json!(key), json!("https://eve.test/api"));
        let refused = refusal(&operator.sends("POST", "/resources", &body).await);
        assert_eq!(refused, format!("422 invalid_fields [key: {said}]"), "{key}");
    }
}
