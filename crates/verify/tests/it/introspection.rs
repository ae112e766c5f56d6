//! Asking the issuer each time.

use crate::world::{ANY, Mood, World};
use procura_verify::{Code, Needs, Trouble};
use serde_json::{Value, json};

async fn asking() -> World {
    World::with(|builder| builder.introspect("app_iris", "s+cret")).await
}

/// Tells the issuer what to answer about a token.
fn knows(world: &World, token: &str, mut answer: Value) {
    answer["active"] = json!(true);
    world.issuer.live.lock().insert(token.to_owned(), answer);
}

#[tokio::test]
async fn a_token_that_is_ended_unknown_or_another_apps_is_not_active() {
    let world = asking().await;
    let inactive = "401 invalid_token: the token is not active";
    assert_eq!(world.refusal(&world.token()).await, inactive);
    for active in [json!(false), json!("true"), json!(1), Value::Null] {
        let mut answer = world.claims();
        answer["active"] = active;
        world.issuer.live.lock().insert("token".to_owned(), answer);
        assert_eq!(world.refusal("token").await, inactive);
    }
    let long = "the token is empty or longer than 16 KiB";
    assert!(world.refusal("").await.ends_with(long) && world.refusal(&"x".repeat(17_000)).await.ends_with(long));
}

#[tokio::test]
async fn what_the_issuer_says_is_judged_by_the_same_rules() {
    let world = asking().await;
    for (name, value, why) in [
        ("iss", json!("https://evil.test"), "the token is from another issuer"),
        ("aud", json!("https://other.test"), "the token is for another audience"),
        ("aud", json!(world.issuer.url), "the token is for another audience"),
        ("target_resource", json!("iris:training"), "the token is for another resource"),
        ("target_resource", Value::Null, "the token is for another resource"),
        ("grant_id", Value::Null, "the token names no grant"),
        ("exp", json!(1_800_000_000), "the token has expired"),
        ("exp", Value::Null, "the token says no end"),
    ] {
        knows(&world, "token", world.claims_but(name, value));
        assert_eq!(world.refusal("token").await, format!("401 invalid_token: {why}"));
    }
    knows(&world, "token", world.claims());
    let needs = Needs { scopes: &["train"], mode: None };
    assert_eq!(world.verify("token", needs).await.unwrap_err().code(), Code::InsufficientScope);
}

#[tokio::test]
async fn a_live_token_is_a_delegation_until_the_moment_it_is_ended() {
    let world = asking().await;
    let token = world.token();
    knows(&world, &token, world.claims());
    assert_eq!(world.verify(&token, Needs { scopes: &["infer"], mode: None }).await.unwrap().grant_id, "grant-1");
    world.issuer.live.lock().clear();
    assert!(!world.is_good(&token).await);
    assert_eq!(world.reads(), 0, "no key is needed");
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_vouches_for_nobody() {
    let world = asking().await;
    knows(&world, "token", world.claims());
    world.is(Mood::Broken);
    let refused = world.verify("token", ANY).await.unwrap_err();
    assert_eq!((refused.code(), refused.trouble()), (Code::TemporarilyUnavailable, Some(&Trouble::Status(502))));
    let world = World::with(|builder| builder.introspect("app_iris", "wrong")).await;
    assert_eq!(world.verify("token", ANY).await.unwrap_err().trouble(), Some(&Trouble::Status(401)));
}
