//! A sign-in whose JWT is for another server (RFC 8707), such as an MCP one.

use crate::surface::api_v1::Operator;
use serde_json::json;
use testkit::{TestApp, World, claims};

const AUDIENCE: &str = "https://iris.test/api";
const OPEN: &str = "open_audience = true";

fn request(app: &TestApp<'_>, scope: &str, resource: &str) -> String {
    app.request(&[("scope", scope), ("resource", resource)])
}

#[tokio::test]
async fn the_jwt_is_for_the_audience_and_the_opaque_token_is_for_us() {
    for world in World::both().await {
        let (notes, iris) = (world.app("notes", "").await, world.target("iris", OPEN).await);
        let mut ada = world.person("ada").await;
        let page = ada.opens(&request(&notes, "openid profile offline_access ask", AUDIENCE)).await;
        for said in ["Ask questions in your name", "See your name", "for use at", "iris inference", "iris.test"] {
            assert!(page.text().contains(said), "{said}: {}", page.text());
        }
        let code = ada.decides(&page, "allow").await.location_field("code").expect("a code");
        let tokens = notes
            .asks(&[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &notes.redirect_uri),
                ("code_verifier", testkit::client::VERIFIER),
                ("resource", "https://iris.test/api/"),
            ])
            .await;
        assert_eq!(tokens.status, 200, "the audience may be named again, with a slash at its end: {tokens:?}");
        let tokens = tokens.json();
        assert_eq!(tokens["scope"], "openid profile offline_access ask");
        let (jwt, opaque) = (tokens["access_token_jwt"].as_str().unwrap(), tokens["access_token"].as_str().unwrap());
        assert_eq!(claims(jwt)["aud"], AUDIENCE);
        assert_eq!(
            claims(tokens["id_token"].as_str().unwrap())["aud"],
            json!(notes.client_id),
            "the id token is the app's"
        );

        let other = world.app("other", "").await;
        for (who, sees) in [(&notes, true), (&iris, true), (&other, false)] {
            assert_eq!(who.sees_active(jwt).await, sees, "{}", who.client_id);
        }
        assert_eq!(iris.introspects(jwt).await["aud"], AUDIENCE);
        let userinfo = async |token: &str| {
            let bearer = format!("Bearer {token}");
            world.send("GET", "/api/oauth/userinfo", &[("Authorization", bearer.as_str())], b"").await.status
        };
        assert_eq!(userinfo(opaque).await, 200);
        assert_eq!(userinfo(jwt).await, 401, "a token for somebody else is worth nothing here");
        let exchanged = notes.exchanges(jwt, &[("resource", "iris:inference")]).await;
        assert!(exchanged.text().contains("for another audience"), "{exchanged:?}");

        let refresh = tokens["refresh_token"].as_str().unwrap();
        let wrong = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", "https://x.test")];
        assert!(notes.asks(&wrong).await.refusal().starts_with("400 invalid_target"));
        let renewed = notes.refreshes(refresh).await.json();
        let renewed = renewed["access_token_jwt"].as_str().expect("the wrong request did not use it up");
        assert_eq!(claims(renewed)["aud"], AUDIENCE);
        let access = ada.opens("/account/access").await.text();
        assert!(access.contains("for use at") && access.contains("iris inference"), "{access}");
    }
}

#[tokio::test]
async fn consent_is_kept_for_each_audience_and_ends_with_it() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", OPEN).await);
    let mut ada = world.person("ada").await;
    ada.approves(&notes, "openid").await;
    let silent = notes.request(&[("scope", "openid"), ("resource", AUDIENCE), ("prompt", "none")]);
    let error = ada.opens(&silent).await.location_field("error");
    assert_eq!(error.as_deref(), Some("consent_required"), "what was allowed here was not allowed there");
    let page = ada.opens(&request(&notes, "openid offline_access", AUDIENCE)).await;
    let code = ada.decides(&page, "allow").await.location_field("code").expect("a code");
    let tokens = notes.redeems(&code).await.json();
    let text = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
    let (jwt, refresh) = (text("access_token_jwt"), text("refresh_token"));
    assert!(notes.sees_active(&jwt).await);
    assert!(ada.opens(&silent).await.location_field("code").is_some(), "remembered");
    let operator = Operator::of(&world).await;
    let all = operator.asks("GET", "/resources").await.json();
    let path = format!("/resources/{}", all["items"][0]["id"].as_str().unwrap());
    operator.asks("POST", &format!("{path}/pause")).await;
    assert!(!notes.sees_active(&jwt).await, "out of service");
    assert!(notes.refreshes(&refresh).await.refusal().starts_with("400 invalid_target"));
    operator.asks("POST", &format!("{path}/resume")).await;
    let renewed = notes.refreshes(&refresh).await.json();
    let jwt = renewed["access_token_jwt"].as_str().expect("back in service");
    let moved = json!({ "audience": "https://iris.test/other" });
    assert_eq!(operator.sends("PATCH", &path, &moved).await.status, 200);
    assert!(!notes.sees_active(jwt).await, "its place may be somebody else's tomorrow");
    let refresh = renewed["refresh_token"].as_str().unwrap();
    assert!(notes.refreshes(refresh).await.refusal().starts_with("400 invalid_grant"));
}

#[tokio::test]
async fn it_is_open_to_its_own_organization_unless_it_says_otherwise() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let tool = world
        .app(
            "tool",
            "website_url = \"https://tool.test/\"\n[[resource]]\nkey = \"tool:mcp\"\napp = \"tool\"\nname = \"Tools\"\n\
             audience = \"https://tool.test/mcp\"\nscopes = [{ name = \"run\", text = \"Run tools\", risk = \"low\" }]\n",
        )
        .await;
    let mut ada = world.person("ada").await;
    assert_eq!(ada.opens(&request(&tool, "openid run", "https://tool.test/mcp")).await.status, 200, "its own");
    for (scope, resource, refused) in [
        ("openid", AUDIENCE, "invalid_target"),
        ("openid", "https://nobody.test/api", "invalid_target"),
        ("openid ask", "", "invalid_scope"),
    ] {
        let answer = ada.opens(&request(&notes, scope, resource)).await;
        assert_eq!(answer.location_field("error").as_deref(), Some(refused), "{resource}: {answer:?}");
    }
    let erase = ada.opens(&request(&tool, "openid erase", "https://tool.test/mcp")).await;
    assert_eq!(erase.location_field("error").as_deref(), Some("invalid_scope"), "{erase:?}");
    let quick = "/signin?client_id=origin%3Ahttps%3A%2F%2Fq.test&redirect_uri=https%3A%2F%2Fq.test%2Fcb\
                 &response_type=code&scope=openid&state=s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                 &code_challenge_method=S256&resource=https%3A%2F%2Ftool.test%2Fmcp";
    let answer = ada.opens(quick).await;
    assert!(answer.text().contains("the resource does not exist"), "nobody registered it: {answer:?}");
}
