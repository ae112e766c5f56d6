//! Where keys come from, how long they are used, and how often the issuer is asked.

use crate::world::{ANY, Mood, World};
use jose::{Alg, KeySet, Kind, SigningKey};
use procura_verify::{Code, Trouble};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const UNKNOWN: &str = "401 invalid_token: the token names no key of the issuer";

fn stranger() -> SigningKey {
    SigningKey::generate(Alg::EdDsa).unwrap()
}

/// So many requests at once.
async fn storm(world: &Arc<World>, token: &str) -> Vec<bool> {
    let calls = (0..50).map(|_| {
        let (world, token) = (Arc::clone(world), token.to_owned());
        tokio::spawn(async move { world.is_good(&token).await })
    });
    let mut verdicts = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        verdicts.push(call.await.unwrap());
    }
    verdicts
}

#[tokio::test]
async fn keys_are_believed_from_nobody_but_the_issuer() {
    for (mood, trouble) in [
        (Mood::SomebodyElse, Trouble::OtherIssuer),
        (Mood::KeysElsewhere, Trouble::ForeignKeys),
        (Mood::Redirecting, Trouble::Redirected),
        (Mood::Talkative, Trouble::TooLarge),
        (Mood::Broken, Trouble::Status(502)),
    ] {
        let world = World::new().await;
        world.is(mood);
        let refused = world.verify(&world.token(), ANY).await.unwrap_err();
        assert_eq!((refused.code(), refused.trouble()), (Code::TemporarilyUnavailable, Some(&trouble)), "{mood:?}");
        assert_eq!(refused.www_authenticate(), None);
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_no_reason_to_believe() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let verifier = procura_verify::Verifier::builder(format!("http://{port}"), "https://iris.test", "iris:inference");
    let world = World::new().await;
    let refused = verifier.build().unwrap().verify(&procura_verify::Secret::new(world.token()), ANY).await.unwrap_err();
    assert!(matches!(refused.trouble(), Some(Trouble::Unreachable(_))), "{refused:?}");
}

#[tokio::test]
async fn keys_are_read_once_for_all_who_wait_and_kept_for_five_minutes() {
    let world = Arc::new(World::new().await);
    world.is(Mood::Slow);
    let token = world.token();
    assert!(storm(&world, &token).await.into_iter().all(|is_good| is_good));
    world.passes(299);
    assert!(world.is_good(&token).await);
    assert_eq!(world.reads(), 1);
    world.passes(1);
    assert!(storm(&world, &token).await.into_iter().all(|is_good| is_good));
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn a_storm_of_unknown_keys_does_not_reach_the_issuer() {
    let world = Arc::new(World::new().await);
    for _ in 0..40 {
        let token = stranger().sign(Kind::Delegated, world.claims().to_string().as_bytes()).unwrap();
        assert_eq!(world.refusal(&token).await, UNKNOWN);
    }
    assert_eq!(world.reads(), 1);
    world.passes(30);
    let token = stranger().sign(Kind::Delegated, world.claims().to_string().as_bytes()).unwrap();
    assert!(storm(&world, &token).await.into_iter().all(|is_good| !is_good));
    assert_eq!(world.reads(), 2);
    assert!(world.is_good(&world.token()).await);
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it_and_a_withdrawn_one_is_forgotten() {
    let world = World::new().await;
    let old = world.token();
    assert!(world.is_good(&old).await);
    let next = stranger();
    *world.issuer.published.lock() = KeySet::new([world.key.public().clone(), next.public().clone()]);
    world.passes(30);
    let new = next.sign(Kind::Delegated, world.claims().to_string().as_bytes()).unwrap();
    assert!(world.is_good(&new).await && world.is_good(&old).await);
    assert_eq!(world.reads(), 2);

    *world.issuer.published.lock() = KeySet::new([next.public().clone()]);
    world.passes(300);
    assert!(world.is_good(&new).await);
    assert_eq!(world.refusal(&old).await, UNKNOWN);
}

#[tokio::test]
async fn old_keys_serve_for_a_day_while_the_issuer_is_out_of_reach() {
    let world = World::new().await;
    assert!(world.is_good(&world.token()).await);
    world.is(Mood::Broken);
    world.passes(300);
    assert!(world.is_good(&world.token()).await);
    assert_eq!(world.reads(), 2);
    assert!(world.is_good(&world.token()).await);
    assert_eq!(world.reads(), 2, "the floor holds for a broken issuer too");
    world.passes(86_099);
    assert!(world.is_good(&world.token()).await);
    world.passes(1);
    let refused = world.verify(&world.token(), ANY).await.unwrap_err();
    assert_eq!(refused.code(), Code::TemporarilyUnavailable);
    world.is(Mood::Well);
    world.passes(5);
    assert!(world.is_good(&world.token()).await);
}

#[tokio::test]
async fn nobody_waits_for_an_issuer_that_is_known_to_be_away() {
    let world = World::new().await;
    assert!(world.is_good(&world.token()).await);
    world.is(Mood::Broken);
    world.passes(300);
    assert!(world.is_good(&world.token()).await);
    world.is(Mood::Silent);
    world.passes(30);
    let before = std::time::Instant::now();
    assert!(world.is_good(&world.token()).await);
    assert!(before.elapsed().as_secs() < 3, "the door's patience is five seconds");
    // Meanwhile it is asked.
    while world.reads() < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nothing_from_those_who_wait() {
    let world = Arc::new(World::new().await);
    world.is(Mood::Slow);
    let (gone, token) = (Arc::clone(&world), world.token());
    let call = tokio::spawn(async move { gone.is_good(&gone.token()).await });
    while world.issuer.reads.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(world.is_good(&token).await);
    assert_eq!(world.reads(), 1);
}
