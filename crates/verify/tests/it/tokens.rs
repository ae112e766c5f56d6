//! Which tokens are believed.

use crate::world::{ANY, RESOURCE, World, forged, hmac_sha256};
use jose::{Alg, Kind};
use procura_verify::{Mode, Needs};
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_for_another_server_issuer_or_resource_is_refused() {
    let world = World::new().await;
    let refusal = async |name: &str, value: Value| world.refusal(&world.token_but(name, value)).await;
    let audience = "401 invalid_token: the token is for another audience";
    assert_eq!(refusal("aud", json!("https://other.test")).await, audience);
    assert_eq!(refusal("aud", json!(["https://iris.test", "https://other.test"])).await, audience);
    assert_eq!(refusal("aud", Value::Null).await, audience);
    assert_eq!(refusal("iss", json!("https://evil.test")).await, "401 invalid_token: the token is from another issuer");
    let resource = "401 invalid_token: the token is for another resource";
    assert_eq!(refusal("target_resource", json!("iris:training")).await, resource);
}

#[tokio::test]
async fn a_token_of_another_kind_is_refused() {
    let world = World::new().await;
    let kind = "401 invalid_token: the token is of another kind";
    let plain = world.claims_but("target_resource", Value::Null);
    assert_eq!(world.refusal(&world.sign(Kind::AccessToken, &plain)).await, kind);
    assert_eq!(world.refusal(&world.sign(Kind::IdToken, &plain)).await, kind);
    assert_eq!(world.refusal(&world.sign(Kind::IdToken, &world.claims())).await, kind);
    assert_eq!(world.refusal(&world.sign(Kind::LogoutToken, &world.claims())).await, kind);
    assert_eq!(
        world.refusal(&world.token_but("grant_id", Value::Null)).await,
        "401 invalid_token: the token names no grant"
    );
}

#[tokio::test]
async fn an_apps_own_access_token_is_refused() {
    let world = World::new().await;
    let mut claims = world.claims_but("target_resource", Value::Null);
    claims["aud"] = json!(world.issuer.url);
    let token = world.sign(Kind::AccessToken, &claims);
    assert_eq!(world.refusal(&token).await, "401 invalid_token: the token is of another kind");
}

#[tokio::test]
async fn a_token_that_nobody_signed_is_refused() {
    let world = World::signing(Alg::Rs256, |builder| builder).await;
    let (kid, claims) = (world.key.kid(), world.claims());
    let header = |alg: &str| json!({"alg": alg, "typ": "at+jwt", "kid": kid});
    let malformed = "401 invalid_token: the token is not a well-formed compact JWS";
    let algorithm = "401 invalid_token: the token's alg is not the one of its key";

    assert_eq!(world.refusal(&forged(&header("none"), &claims, |_| String::new())).await, malformed);
    assert_eq!(world.refusal(&forged(&header("none"), &claims, |_| "AA".to_owned())).await, algorithm);
    let unnamed = json!({"alg": "none", "typ": "at+jwt"});
    assert_eq!(world.refusal(&forged(&unnamed, &claims, |_| "AA".to_owned())).await, malformed);
    // The classic: the public key, which everybody has, as the secret of an HMAC.
    for public in [world.key.public().jwk().to_string(), world.key.public().jwk()["n"].as_str().unwrap().to_owned()] {
        let token = forged(&header("HS256"), &claims, |signed| hmac_sha256(public.as_bytes(), signed));
        assert_eq!(world.refusal(&token).await, algorithm);
    }
    let token = forged(&header("RS256"), &claims, |signed| hmac_sha256(b"x", signed));
    assert_eq!(world.refusal(&token).await, "401 invalid_token: the token's signature does not verify");
    let carries_its_key = json!({"alg": "RS256", "typ": "at+jwt", "kid": kid, "jwk": world.key.public().jwk()});
    assert_eq!(
        world.refusal(&forged(&carries_its_key, &claims, |_| "AA".to_owned())).await,
        "401 invalid_token: the token's header has a member that the issuer never writes"
    );
    for text in ["", "a", "a.b.c", "pat_abc"] {
        assert_eq!(world.refusal(text).await, malformed);
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let world = World::new().await;
    let (narrow, wide) = (world.token_but("scope", json!("models.read")), world.token());
    let (signed, _) = wide.rsplit_once('.').unwrap();
    let (_, signature) = narrow.rsplit_once('.').unwrap();
    let refusal = world.refusal(&format!("{signed}.{signature}")).await;
    assert_eq!(refusal, "401 invalid_token: the token's signature does not verify");
}

#[tokio::test]
async fn a_token_is_good_from_its_beginning_to_its_end() {
    let world = World::new().await;
    let token = world.token();
    world.passes(599);
    assert!(world.is_good(&token).await);
    world.passes(1);
    assert_eq!(world.refusal(&token).await, "401 invalid_token: the token has expired");
    world.passes(-661);
    assert_eq!(world.refusal(&token).await, "401 invalid_token: the token is not valid yet");
}

#[tokio::test]
async fn clocks_may_differ_by_what_the_server_allows() {
    let world = World::with(|builder| builder.skew_secs(30)).await;
    let token = world.token();
    world.passes(629);
    assert!(world.is_good(&token).await);
    world.passes(1);
    assert_eq!(world.refusal(&token).await, "401 invalid_token: the token has expired");
}

#[tokio::test]
async fn a_token_of_every_algorithm_becomes_a_delegation() {
    for alg in Alg::ALL {
        let world = World::signing(alg, |builder| builder).await;
        // Passed on once: the relay asked for it.
        let mut claims = world.claims_but("act", json!({"sub": "app_relay", "client_id": "app_relay"}));
        claims["client_id"] = json!("app_relay");
        let token = world.sign(Kind::Delegated, &claims);
        let needs = Needs { scopes: &["infer"], mode: Some(Mode::UserPresent) };
        let delegation = world.verify(&token, needs).await.unwrap();
        assert_eq!((&*delegation.subject, &*delegation.client), ("idn_ada", "app_notes"));
        assert_eq!((&*delegation.grant_id, &*delegation.jti), ("grant-1", "jti-1"));
        assert_eq!(delegation.session_id.as_deref(), Some("sid-1"));
        assert_eq!(delegation.scope.to_string(), "infer models.read");
        assert_eq!(delegation.mode, Mode::UserPresent);
        assert_eq!(delegation.expires_at.secs(), 1_800_000_600);
        assert_eq!(delegation.actors[0].subject, "app_relay");
    }
}

#[tokio::test]
async fn a_route_is_closed_to_a_token_that_may_do_something_else() {
    let world = World::new().await;
    let token = world.token();
    assert!(world.verify(&token, Needs { scopes: &["infer", "models.read"], mode: None }).await.is_ok());
    let refused = world.verify(&token, Needs { scopes: &["infer", "train"], mode: None }).await.unwrap_err();
    assert_eq!(refused.to_string(), "403 insufficient_scope: the token lacks a scope that is needed here");
    assert_eq!(
        refused.www_authenticate().unwrap(),
        "Bearer error=\"insufficient_scope\", error_description=\"the token lacks a scope that is needed here\", \
         scope=\"infer train\""
    );
    assert!(world.verify(&world.token_but("scope", json!("")), ANY).await.is_ok());
    let needs = Needs { scopes: &["infer"], mode: None };
    assert!(world.verify(&world.token_but("scope", json!("inference")), needs).await.is_err());
}

#[tokio::test]
async fn a_route_that_needs_the_person_is_closed_to_the_background() {
    let world = World::new().await;
    let (present, background) = (world.token(), world.token_but("com_mode", json!("background")));
    let verdict = async |token: &str, mode| world.verify(token, Needs { scopes: &[], mode }).await.map(|_| ());
    assert_eq!(
        verdict(&background, Some(Mode::UserPresent)).await.unwrap_err().to_string(),
        "403 insufficient_scope: the token works in the background, but here the person must be present"
    );
    assert!(verdict(&background, Some(Mode::Background)).await.is_ok());
    assert!(verdict(&present, Some(Mode::Background)).await.is_ok());
    assert!(verdict(&background, None).await.is_ok());
    assert!(world.refusal(&world.token_but("com_mode", json!("always"))).await.contains("com_mode"));
}

#[test]
fn nothing_prints_a_token_or_a_secret() {
    let verifier = procura_verify::Verifier::builder("https://id.test", "https://iris.test", RESOURCE)
        .introspect("app_iris", "canary")
        .build()
        .unwrap();
    let printed =
        format!("{verifier:?} {:?} {:?}", verifier.layer().scope("infer"), procura_verify::Secret::new("canary"));
    assert!(!printed.contains("canary"), "{printed}");
}
