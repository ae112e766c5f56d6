//! `/api/v1/apps/{client_id}`: keys, agents, identity issuer.

use super::api_v1::{Operator, refusal};
use serde_json::{Value, json};
use testkit::{Backend, World};

#[tokio::test]
async fn only_an_operator_token_opens_it() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    let keys = format!("/api/v1/apps/{}/keys", app.client_id);
    for (method, target) in [
        ("GET", keys.clone()),
        ("POST", keys.clone()),
        ("DELETE", format!("{keys}/x")),
        ("POST", format!("{keys}/x/rotate")),
        ("GET", keys.replace("keys", "agents")),
        ("POST", keys.replace("keys", "agents")),
        ("PUT", keys.replace("keys", "identity-issuer")),
    ] {
        for authorization in ["", &format!("Bearer {}", backend.key)] {
            let headers = [("Authorization", authorization), ("Content-Type", "application/json")];
            let headers = if authorization.is_empty() { &headers[1..] } else { &headers[..] };
            assert_eq!(world.send(method, &target, headers, b"{}").await.status, 401, "{method} {target}");
        }
    }
}

#[tokio::test]
async fn keys_are_minted_rotated_and_revoked() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let operator = Operator::of(&world).await;
        let keys = format!("/apps/{}/keys", app.client_id);
        let body = json!({ "name": "backend", "scopes": ["agents:read"], "cidr_allowlist": ["127.0.0.1"] });
        let made = operator.sends("POST", &keys, &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        let backend = Backend::of(&world, made["api_key"].as_str().unwrap());
        assert_eq!(backend.call("GET", "/sdk/agents", &Value::Null).await.status, 200);
        let list = operator.asks("GET", &keys).await.json();
        assert_eq!((&list["items"][0]["id"], list["items"][0].get("api_key")), (&made["id"], None));
        let own = format!("{keys}/{}", made["id"].as_str().unwrap());
        let rotated = operator.sends("POST", &format!("{own}/rotate"), &json!({ "overlap_days": 0 })).await.json();
        assert_eq!(backend.refusal("GET", "/sdk/agents", &Value::Null).await, "401 key_rotated_grace_expired");
        let next = format!("{keys}/{}", rotated["id"].as_str().unwrap());
        assert!(operator.asks("DELETE", &next).await.json()["revoked_at"].is_string());
        let backend = Backend::of(&world, rotated["api_key"].as_str().unwrap());
        assert_eq!(backend.refusal("GET", "/sdk/agents", &Value::Null).await, "401 key_revoked");
        for (body, expected) in [
            (json!({ "scopes": ["everything"] }), "422 invalid_fields [scopes: names an unknown scope]"),
            (json!({ "cidr_allowlist": [] }), "422 invalid_fields [cidr_allowlist: holds 1 to 100 networks]"),
            (json!({ "rate_limit_rpm": 0 }), "422 invalid_fields [rate_limit_rpm: is from 1 to 1000000]"),
            (json!({ "name": "" }), "422 invalid_fields [name: a name has 1 to 255 characters]"),
        ] {
            assert_eq!(refusal(&operator.sends("POST", &keys, &body).await), expected);
        }
        assert_eq!(refusal(&operator.asks("DELETE", &format!("{keys}/nothing")).await), "404 not_found []");
        assert_eq!(refusal(&operator.asks("GET", "/apps/app_nothing/keys").await), "404 not_found []");
    }
}

#[tokio::test]
async fn agents_are_made_suspended_and_revoked() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let operator = Operator::of(&world).await;
        let agents = format!("/apps/{}/agents", app.client_id);
        let body = json!({ "name": "writer", "scopes": { "google": ["a"] } });
        let made = operator.sends("POST", &agents, &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        assert_eq!(refusal(&operator.sends("POST", &agents, &body).await), "409 conflict []");
        let own = format!("{agents}/{}", made["id"].as_str().unwrap());
        assert_eq!(operator.sends("POST", &format!("{own}/suspend"), &Value::Null).await.json()["status"], "inactive");
        let backend = Backend::of(&world, made["api_key"].as_str().unwrap());
        assert_eq!(backend.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 agent_inactive");
        assert_eq!(operator.sends("POST", &format!("{own}/resume"), &Value::Null).await.json()["status"], "active");
        assert_eq!(operator.asks("DELETE", &own).await.json()["status"], "revoked");
        assert_eq!(operator.asks("GET", &own).await.json()["status"], "revoked");
        assert_eq!(operator.asks("GET", &agents).await.json()["items"][0]["id"], made["id"]);
    }
}

#[tokio::test]
async fn an_identity_issuer_is_set_shown_and_removed() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let operator = Operator::of(&world).await;
        let own = format!("/apps/{}/identity-issuer", app.client_id);
        assert_eq!(operator.asks("GET", &own).await.status, 404);
        let body = json!({ "issuer": "https://login.acme.test", "audience": "acme" });
        assert_eq!(operator.sends("PUT", &own, &body).await.json()["subject_claim"], "sub");
        assert_eq!(operator.asks("GET", &own).await.json()["issuer"], "https://login.acme.test");
        let ours = json!({ "issuer": world.issuer, "audience": "acme" });
        let said = refusal(&operator.sends("PUT", &own, &ours).await);
        assert!(said.starts_with("422 invalid_fields [issuer: is this server"), "{said}");
        assert_eq!(operator.asks("DELETE", &own).await.status, 200);
        assert_eq!(operator.asks("DELETE", &own).await.status, 404);
    }
}

#[tokio::test]
async fn an_app_that_goes_away_takes_its_keys_and_agents_along() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        backend.gets("POST", "/sdk/agents", &json!({ "name": "writer" })).await;
        let operator = Operator::of(&world).await;
        assert_eq!(operator.asks("DELETE", &format!("/apps/{}", app.client_id)).await.status, 200);
        assert_eq!(backend.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 invalid_key");
    }
}
