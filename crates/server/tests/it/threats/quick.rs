//! Section 4: Quick apps. Rows 54 to 66 attack client documents and dynamic registration, which are closed.

use testkit::client::VERIFIER;
use testkit::{Answer, Browser, World, claims};

const ID: &str = "origin:https://quick.test";
const CALLBACK: &str = "https://quick.test/ave/callback";

async fn opens(browser: &mut Browser<'_>, more: &[(&str, &str)]) -> Answer {
    let app = browser.world.app("any", "").await;
    let mut fields = vec![("client_id", ID), ("redirect_uri", CALLBACK)];
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    fields.extend(more);
    browser.opens(&app.request(&fields)).await
}

async fn redeems(world: &World, code: &str, headers: &[(&str, &str)]) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", ID),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    world.send("POST", "/api/oauth/token", &all, testkit::world::form(&fields).as_bytes()).await
}

async fn code(browser: &mut Browser<'_>) -> String {
    let page = opens(browser, &[]).await;
    browser.decides(&page, "allow").await.location_field("code").unwrap()
}

#[tokio::test]
async fn quick_sign_in_needs_no_registration() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let code = code(&mut ada).await;
    let answer = redeems(&world, &code, &[("Origin", "https://quick.test")]).await;
    let tokens = answer.json();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(tokens["user"]["id"].is_string() && tokens["refresh_token"].is_null());
    assert_eq!(tokens["expires_in"], 3600);
    let claims = claims(tokens["access_token_jwt"].as_str().unwrap());
    assert_eq!((claims["quick"].as_bool(), claims["cid"].as_str()), (Some(true), Some(ID)));
    let bearer = format!("Bearer {}", tokens["access_token_jwt"].as_str().unwrap());
    let check = world.send("POST", "/api/oauth/session/check", &[("Authorization", &bearer)], b"").await;
    assert_eq!(check.json()["status"], "active");
    assert_eq!(check.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn threat_049_a_quick_redirect_stays_on_its_own_origin() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for redirect in [
        "https://other.test/cb",
        "http://quick.test/cb",
        "https://quick.test:8443/cb",
        "https://quick.test@evil.test/cb",
        "https://quick.test./cb",
    ] {
        let answer = opens(&mut ada, &[("redirect_uri", redirect)]).await;
        assert!(answer.status == 400 && answer.header("location").is_none(), "{redirect}");
    }
    for id in [
        "origin:null",
        "origin:https://quick.test/path",
        "origin:https://quick.test/",
        "origin:https://u@quick.test",
        "origin:https://quick.test.",
        "origin:HTTPS://quick.test",
        "origin:http://quick.test",
        "origin:https://quick.test:443",
    ] {
        let answer = opens(&mut ada, &[("client_id", id)]).await;
        assert!(answer.status == 400 && answer.header("location").is_none(), "{id}");
    }
}

#[tokio::test]
async fn threat_050_quick_ids_are_public_names_or_loopback() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for origin in ["https://10.0.0.1", "https://8.8.8.8", "https://[2001:db8::1]", "https://intranet"] {
        let answer =
            opens(&mut ada, &[("client_id", &format!("origin:{origin}")), ("redirect_uri", &format!("{origin}/cb"))])
                .await;
        assert!(answer.status == 400 && answer.header("location").is_none(), "{origin}");
    }
    let loopback =
        opens(&mut ada, &[("client_id", "origin:http://localhost:3000"), ("redirect_uri", "http://localhost:3000/cb")])
            .await;
    assert_eq!(loopback.status, 200);
}

#[tokio::test]
async fn threat_050_an_app_on_a_shared_host_is_never_remembered() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for (host, is_short) in [("ada.github.io", false), ("ada.example.com", true)] {
        let (id, callback) = (format!("origin:https://{host}"), format!("https://{host}/cb"));
        let fields = [("client_id", &*id), ("redirect_uri", &*callback)];
        let first = opens(&mut ada, &fields).await;
        assert!(ada.decides(&first, "allow").await.location_field("code").is_some());
        let again = opens(&mut ada, &fields).await.text();
        assert_eq!(!again.contains("This lets"), is_short, "{host}: {again}");
    }
}

#[tokio::test]
async fn threat_051_quick_asks_for_little() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for scope in ["openid offline_access", "openid user_id", "calendar.read"] {
        let answer = opens(&mut ada, &[("scope", scope)]).await;
        assert!(answer.status == 400 && answer.header("location").is_none(), "{scope}");
    }
    let refused = world.posts("/api/oauth/token", &[("grant_type", "client_credentials"), ("client_id", ID)]).await;
    assert!(refused.refusal().starts_with("400 unauthorized_client"));
}

#[tokio::test]
async fn threat_052_another_sites_page_cannot_redeem_a_quick_code() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let code = code(&mut ada).await;
    for origin in ["https://evil.test", "null"] {
        assert!(redeems(&world, &code, &[("Origin", origin)]).await.refusal().starts_with("401 invalid_client"));
    }
    assert_eq!(redeems(&world, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn threat_053_the_host_is_always_shown_in_both_spellings() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    assert!(opens(&mut ada, &[]).await.text().contains("quick.test"));
    let odd = opens(
        &mut ada,
        &[("client_id", "origin:https://xn--80ak6aa92e.com"), ("redirect_uri", "https://xn--80ak6aa92e.com/cb")],
    )
    .await;
    assert!(odd.text().contains("xn--80ak6aa92e.com") && odd.text().contains("аррӏе.com"), "{odd:?}");
}

/// Rows 54 to 66: a URL is no client id, and nothing registers by itself.
#[tokio::test]
async fn threat_054_to_066_client_documents_and_dynamic_registration_are_closed() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for id in ["https://cimd.test/client.json", "http://127.0.0.1/client.json", "https://169.254.169.254/x"] {
        let answer = opens(&mut ada, &[("client_id", id)]).await;
        assert!(answer.status == 400 && answer.header("location").is_none(), "{id}");
    }
    for path in ["/api/oauth/register", "/register/client", "/connect/register"] {
        assert_eq!(
            world.send("POST", path, &[("Content-Type", "application/json")], b"{}").await.status,
            404,
            "{path}"
        );
    }
    let metadata = world.send("GET", "/.well-known/openid-configuration", &[], b"").await.json();
    assert!(
        metadata.get("registration_endpoint").is_none()
            && metadata.get("client_id_metadata_document_supported").is_none()
    );
}
