//! `/api/v1/providers`, and an app's webhooks and connections there.

use super::api_v1::{Operator, refusal};
use crate::fake::Fake;
use crate::flows::connect::{SITE, opens, session, user_token};
use serde_json::{Value, json};
use testkit::World;

const DESCRIPTOR: &str = r#"
id = "acme-crm"
name = "Acme CRM"
category = "crm"
docs = "https://crm.acme.test/docs"
hosts = ["api.crm.acme.test"]

[auth]
kind = "api_key"
place = "header:Authorization"
prefix = "Bearer "
"#;

#[tokio::test]
async fn threat_189_only_an_operator_token_opens_them() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let paths = [
        "/providers".to_owned(),
        "/providers/google".to_owned(),
        format!("/apps/{}/webhooks", app.client_id),
        format!("/apps/{}/connections", app.client_id),
    ];
    for path in paths {
        let target = format!("/api/v1{path}");
        assert_eq!(refusal(&world.send("GET", &target, &[], b"").await), "401 unauthorized []", "{path}");
        assert_eq!(ada.opens(&target).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn providers_are_listed_and_an_operators_own_descriptor_takes_its_place() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let first = operator.asks("GET", "/providers?limit=5").await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 5);
        let next = operator.asks("GET", &format!("/providers?cursor={}", first["next_cursor"].as_str().unwrap())).await;
        assert_ne!(next.json()["items"][0]["id"], first["items"][0]["id"]);
        assert_eq!(refusal(&operator.asks("GET", "/providers/acme-crm").await), "404 not_found []");

        let put = |text: &str| json!({ "descriptor": text });
        let made = operator.sends("PUT", "/providers/acme-crm", &put(DESCRIPTOR)).await;
        assert_eq!(made.status, 200, "{made:?}");
        assert_eq!((&made.json()["is_own_descriptor"], &made.json()["name"]), (&json!(true), &json!("Acme CRM")));
        let elsewhere = operator.sends("PUT", "/providers/other", &put(DESCRIPTOR)).await;
        assert!(refusal(&elsewhere).contains("descriptor: has another id"), "{elsewhere:?}");
        for bad in ["", "id = 1", "not toml at all ["] {
            assert!(refusal(&operator.sends("PUT", "/providers/acme-crm", &put(bad)).await).starts_with("422"));
        }
        assert_eq!(operator.asks("DELETE", "/providers/acme-crm").await.status, 200);
        assert_eq!(refusal(&operator.asks("DELETE", "/providers/acme-crm").await), "404 not_found []");
        assert_eq!(refusal(&operator.asks("DELETE", "/providers/google").await), "404 not_found []");
    }
}

#[tokio::test]
async fn threat_174_a_descriptor_puts_no_markup_on_a_page() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let hostile = DESCRIPTOR.replace("Acme CRM", "<img src=x onerror=alert(1)> & co");
        let set = operator.sends("PUT", "/providers/acme-crm", &json!({ "descriptor": hostile })).await;
        assert_eq!(set.status, 200, "{set:?}");
        let credentials = json!({ "client_id": "for-all" });
        assert_eq!(operator.sends("PUT", "/providers/acme-crm/credentials", &credentials).await.status, 200);
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let token = session(&backend, json!({ "allowed_providers": ["acme-crm"], "user_token": user })).await;
        let path = opens(&mut ada, &token, true).await;
        let page = ada.opens(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(!page.text().contains("<img src=x"), "{}", page.text());
        assert!(page.text().contains("&#60;img src=x onerror=alert(1)&#62; &#38; co"), "{}", page.text());
    }
}

#[tokio::test]
async fn credentials_are_for_every_app_or_for_one_and_never_shown() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let app = world.app("notes", "").await;
        let path = "/providers/google/credentials";
        let wrong = operator.sends("PUT", path, &json!({ "client_secret": "s" })).await;
        assert!(refusal(&wrong).starts_with("422 invalid_fields [client_id:"), "{wrong:?}");
        let wide = json!({ "client_id": "x", "scopes_allowed": ["openid"], "scopes_default": ["openid", "email"] });
        assert!(refusal(&operator.sends("PUT", path, &wide).await).contains("scopes_default"));
        let strange = json!({ "client_id": "x", "app_id": "app_nobody" });
        assert!(refusal(&operator.sends("PUT", path, &strange).await).contains("app_id: is no app"));
        for (client_id, app_id) in [("for-all", Value::Null), ("for-notes", json!(app.client_id))] {
            let mut body = json!({ "client_id": client_id, "client_secret": "very-secret" });
            if !app_id.is_null() {
                body["app_id"] = app_id;
            }
            let set = operator.sends("PUT", path, &body).await;
            assert_eq!(set.status, 200, "{set:?}");
            assert!(!set.text().contains("very-secret"));
        }
        let shown = operator.asks("GET", "/providers/google").await.json();
        assert_eq!(shown["credentials"].as_array().unwrap().len(), 2);
        let id = base::AppId::from_text(app.client_id.as_str());
        let used = || async { world.app.vault.configured_as(&id, "google").await.unwrap() };
        assert_eq!(used().await.unwrap().client.client_id, "for-notes");
        let of_app = format!("{path}?app_id={}", app.client_id);
        assert_eq!(operator.asks("DELETE", &of_app).await.status, 200);
        assert_eq!(used().await.unwrap().client.client_id, "for-all");
        assert_eq!(operator.asks("DELETE", path).await.status, 200);
        assert!(used().await.is_none());
        assert_eq!(refusal(&operator.asks("DELETE", path).await), "404 not_found []");
    }
}

#[tokio::test]
async fn webhooks_are_made_changed_read_and_removed() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let app = world.app("notes", "").await;
        let hooks = format!("/apps/{}/webhooks", app.client_id);
        assert!(refusal(&operator.sends("POST", &hooks, &json!({})).await).contains("url: "));
        let unknown = json!({ "url": "https://h.test/", "events": ["nothing"] });
        assert!(refusal(&operator.sends("POST", &hooks, &unknown).await).contains("events: an event is unknown"));
        let made = operator.sends("POST", &hooks, &json!({ "url": "https://h.test/" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        let (secret, id) = (made.json()["secret"].clone(), made.json()["webhook"]["id"].clone());
        let one = format!("{hooks}/{}", id.as_str().unwrap());
        assert!(!operator.asks("GET", &one).await.text().contains(secret.as_str().unwrap()));
        let off = operator.sends("PATCH", &one, &json!({ "enabled": false })).await;
        assert_eq!(off.json()["enabled"], json!(false));
        assert_eq!(
            operator.sends("PATCH", &one, &json!({ "enabled": true, "events": ["grant.revoked"] })).await.status,
            200
        );

        let (seams, owner) = (world.seams.clone(), base::AppId::from_text(app.client_id.as_str()));
        let told = world.store.write(move |tx| vault::webhook::tell(tx, &seams, &owner, "grant.revoked", &json!({})));
        told.await.unwrap();
        let list = operator.asks("GET", &format!("{one}/deliveries?state=waiting")).await.json();
        assert_eq!(list["items"][0]["event"], json!("grant.revoked"));
        assert_eq!(
            refusal(&operator.asks("GET", &format!("{one}/deliveries?state=x")).await),
            "400 invalid_request []"
        );
        let delivery = list["items"][0]["id"].as_str().unwrap();
        assert_eq!(operator.asks("POST", &format!("{one}/deliveries/{delivery}/resend")).await.status, 200);
        for nobody in ["evt_0", "x", "evt_ffffffffffffffff", "evt_0000000000000001"] {
            let resent = operator.asks("POST", &format!("{one}/deliveries/{nobody}/resend")).await;
            assert_eq!(refusal(&resent), "404 not_found []", "{nobody}");
        }
        let other = world.app("iris", "").await;
        let foreign = format!("/apps/{}/webhooks/{}", other.client_id, id.as_str().unwrap());
        assert_eq!(refusal(&operator.asks("GET", &foreign).await), "404 not_found []");
        assert_eq!(operator.asks("DELETE", &one).await.status, 200);
        assert_eq!(refusal(&operator.asks("GET", &one).await), "404 not_found []");
    }
}

#[tokio::test]
async fn connections_of_an_app_are_listed_without_their_credentials() {
    let fake = Fake::start().await;
    for world in fake.worlds().await {
        let operator = Operator::of(&world).await;
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let mut ada = world.person("ada").await;
        fake.links(&mut ada, &app, &backend, json!({})).await;
        let list = operator.asks("GET", &format!("/apps/{}/connections", app.client_id)).await.json();
        let one = &list["items"][0];
        assert_eq!(
            (&one["account"], &one["provider"], &one["state"]),
            (&json!("ada@fake.example"), &json!("fake-calendar"), &json!("well"))
        );
        assert!(!list.to_string().contains("token"), "{list}");
    }
}
