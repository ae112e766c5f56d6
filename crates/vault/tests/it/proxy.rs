//! Calls in somebody's name (threats 147 to 158, 162, 170).

use crate::kit::{Answer, World, ask, code, with_json};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use net::Upload;
use serde_json::json;
use std::time::Duration;
use vault::proxy::{Called, Target};

#[tokio::test]
async fn a_call_carries_the_credential_and_leaves_two_rows() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
        let mut call = with_json(ask("POST", &grant, "/v3/events?x=secret"), json!({ "title": "Lunch" }));
        call.reason = Some("planning\nlunch".to_owned());
        let answer = world.calls_with(&world.caller(), call).await.unwrap();
        assert!(answer.status < 300, "{}: {answer:?}", world.name);
        let calls = world.calls().await;
        assert_eq!(calls.iter().map(|(act, _)| act.as_str()).collect::<Vec<_>>(), ["call.sent", "call.answered"]);
        let (sent, answered) = (&calls[0].1, &calls[1].1);
        assert_eq!(sent["url"], json!(format!("{}/calendar/v3/events", world.host)), "no query is kept");
        assert_eq!(
            (&sent["method"], &sent["reason"], &sent["key"]),
            (&json!("POST"), &json!("planninglunch"), &json!("alter_rk_ab"))
        );
        assert_eq!((&answered["call"], &answered["outcome"]), (&sent["call"], &json!("success")));
        assert!(!format!("{calls:?}").contains("fat_"), "no credential is written down");
    }
}

#[tokio::test]
async fn threat_149_nothing_of_the_caller_reaches_the_service_that_should_not() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let mut call = ask("GET", &grant, "/echo/a%2Fb?q=%20x");
    for (name, value) in [
        ("authorization", "Bearer alter_rk_mine"),
        ("cookie", "a=b"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-procura-user-token", "jwt"),
        ("x-http-method-override", "DELETE"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("x-kept", "yes"),
    ] {
        call.headers.append(name, value.parse().unwrap());
    }
    let answer = world.calls_with(&world.caller(), call).await.unwrap();
    let echo = answer.json();
    assert_eq!((&echo["path"], &echo["query"]), (&json!("/calendar/echo/a%2Fb"), &json!("q=%20x")), "as it was judged");
    let names: Vec<&String> = echo["headers"].as_object().unwrap().keys().collect();
    for name in names {
        assert!(
            ["accept", "accept-encoding", "authorization", "host", "user-agent", "x-kept"].contains(&name.as_str()),
            "{name}"
        );
    }
    assert_eq!(echo["headers"]["host"], json!(world.host));
    assert!(echo["headers"]["authorization"].as_str().unwrap().chars().all(|letter| letter == '*'), "{echo}");
}

#[tokio::test]
async fn threat_150_an_echoed_credential_is_covered_across_chunk_borders() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    for at in [0, 1, 5, 20, 1000] {
        let answer = world.get(&grant, &format!("/echo-split?at={at}")).await.unwrap();
        let received = answer.json()["received"].as_str().unwrap().to_owned();
        assert!(received.len() > 20 && received.chars().all(|letter| letter == '*'), "{at}: {received}");
    }
}

#[tokio::test]
async fn threat_147_no_address_leads_elsewhere() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let before = world.stats().await;
    let urls = [
        "http://evil.test/calendar/echo".to_owned(),
        format!("https://{}/calendar/echo", world.host),
        format!("http://{}@evil.test/", world.host),
        format!("http://evil.test@{}/", world.host),
        format!("http://{}.evil.test/", world.host),
        format!("http://{}/calendar/../_faults", world.host),
        format!("http://{}//evil.test/", world.host),
        format!("http://{}\\@evil.test/", world.host),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://[::1]:80/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for url in urls {
        let mut call = ask("GET", &grant, "/echo");
        call.target = Target::Url { url: url.clone(), more: Vec::new() };
        let refused = code(world.calls_with(&world.caller(), call).await);
        assert!(["blocked_destination", "invalid_request"].contains(&refused), "{url}: {refused}");
    }
    let mut call = ask("GET", &grant, "/echo");
    call.target = Target::Path { path: "/x".to_owned(), query: None, host: Some("evil.test".to_owned()) };
    assert_eq!(code(world.calls_with(&world.caller(), call).await), "blocked_destination");
    assert_eq!(world.stats().await, before, "nothing was asked");
    assert!(world.calls().await.iter().all(|(act, _)| act == "call.refused"));
}

#[tokio::test]
async fn threat_148_a_redirect_comes_back_and_nothing_follows_it() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let answer = world.get(&grant, "/redirect?to=http://evil.test/").await.unwrap();
    assert!((300..400).contains(&answer.status), "{answer:?}");
    assert!(answer.headers.contains_key("location"));
}

#[tokio::test]
async fn threat_152_what_comes_back_has_bounds_and_cannot_act_here() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    assert_eq!(code(world.get(&grant, "/headers?n=900").await).split('_').next(), Some("provider"));
    let answer = world.get(&grant, "/cookies").await.unwrap();
    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    assert_eq!(answer.headers["content-security-policy"], "sandbox; default-src 'none'");
    let call = ask("GET", &grant, "/gzip?echo=yes");
    let Called::Answer(answered) = world.vault.call(&world.caller(), call).await.unwrap() else { panic!() };
    assert!(answered.body.whole(1 << 20).await.is_err(), "a compressed credential does not pass");
    let answer = world.get(&grant, "/gzip").await.unwrap();
    assert_eq!(
        answer.headers.get("content-encoding").map(http::HeaderValue::as_bytes),
        Some(&b"gzip"[..]),
        "it is passed on as it is"
    );
}

#[tokio::test]
async fn threat_153_an_ended_permission_is_refused_at_the_next_call() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read"]).await;
        assert_eq!(world.get(&grant, "/echo").await.unwrap().status, 200);
        world.vault.revoke_grant(&world.caller(), &grant.grant, None, None).await.unwrap();
        assert_eq!(code(world.get(&grant, "/echo").await), "grant_revoked", "{}", world.name);
    }
}

#[tokio::test]
async fn threat_154_another_app_finds_nothing() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let mut caller = world.caller();
    caller.app = base::AppId::from_text("app_2");
    assert_eq!(code(world.calls_with(&caller, ask("GET", &grant, "/echo")).await), "grant_not_found");
}

#[tokio::test]
async fn threat_156_fifty_calls_on_an_expired_credential_refresh_it_once() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read"]).await;
        world.faults(json!({ "rotate": true, "delay_ms": 100, "delay_on": "token" })).await;
        world.clock.advance_secs(4000);
        let before = world.stats().await["refreshes"].as_i64();
        let caller = world.caller();
        let calls = (0..50).map(|_| world.calls_with(&caller, ask("GET", &grant, "/v3/events")));
        let answers: Vec<Result<Answer, _>> = futures_util::future::join_all(calls).await;
        for answer in answers {
            assert_eq!(answer.unwrap().status, 200, "{}", world.name);
        }
        let after = world.stats().await;
        assert_eq!(after["refreshes"].as_i64().unwrap() - before.unwrap_or(0), 1, "{}: {after}", world.name);
    }
}

#[tokio::test]
async fn a_refused_credential_is_renewed_once_for_a_call_that_can_be_made_again() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    world.faults(json!({ "status": 401, "status_times": 1, "status_on": "api" })).await;
    assert_eq!(world.get(&grant, "/v3/events").await.unwrap().status, 200, "with a fresh one it goes through");
    world.faults(json!({ "status": 401, "status_times": null, "status_on": "api" })).await;
    assert_eq!(world.get(&grant, "/v3/events").await.unwrap().status, 401, "and it is tried no third time");
    world.faults(json!({ "status": null })).await;
    assert_eq!(world.stats().await["refreshes"], json!(2));
}

#[tokio::test]
async fn threat_157_a_lost_answer_to_a_refresh_is_in_doubt() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read"]).await;
        world.faults(json!({ "rotate": true, "drop_after_commit": true })).await;
        world.clock.advance_secs(4000);
        assert_eq!(code(world.get(&grant, "/v3/events").await), "provider_unreachable");
        world.faults(json!({ "drop_after_commit": false })).await;
        world.clock.advance_secs(60);
        let refused = world.get(&grant, "/v3/events").await.unwrap_err();
        let vault::Error::Refused(refused) = refused else { panic!("{refused}") };
        assert_eq!(
            (refused.code.as_str(), &refused.extra["reason"]),
            ("credential_revoked", &json!("in_doubt")),
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn a_pause_that_one_caller_is_told_holds_for_all_of_a_credential() {
    let world = World::new().await;
    let (ada, bob) = (world.links("ada", &["calendar.read"]).await, world.links("bob", &["calendar.read"]).await);
    world.faults(json!({ "status": 429, "status_times": 1, "status_on": "api", "retry_after": 30 })).await;
    let told = world.get(&ada, "/v3/events").await.unwrap();
    assert_eq!((told.status, &told.headers["retry-after"]), (429, &"30".parse().unwrap()), "the service's own word");
    let before = world.stats().await;
    let vault::Error::Refused(refused) = world.get(&ada, "/v3/events").await.unwrap_err() else { panic!() };
    assert_eq!((refused.code.as_str(), &refused.extra["retry_after"]), ("rate_limit_exceeded", &json!(30)));
    assert_eq!(world.stats().await, before, "the service is left alone");
    assert_eq!(world.get(&bob, "/v3/events").await.unwrap().status, 200, "another account goes on");
    world.clock.advance_secs(31);
    assert_eq!(world.get(&ada, "/v3/events").await.unwrap().status, 200);
}

#[tokio::test]
async fn threat_162_a_call_that_needs_a_scope_which_was_not_granted_is_not_sent() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let before = world.stats().await;
    let call = with_json(ask("POST", &grant, "/v3/events"), json!({ "title": "Lunch" }));
    let vault::Error::Refused(refused) = world.calls_with(&world.caller(), call).await.unwrap_err() else { panic!() };
    assert_eq!((refused.code.as_str(), &refused.extra["missing"]), ("scope_mismatch", &json!(["calendar.write"])));
    assert_eq!(refused.extra["details"]["provider_id"], json!("fake-calendar"));
    assert_eq!(world.stats().await, before);
}

#[tokio::test]
async fn threat_170_what_cannot_be_written_down_is_not_sent() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let before = world.stats().await;
    world.store.write(|tx| tx.run("ALTER TABLE journal RENAME TO journal_gone", db::args![])).await.unwrap();
    assert!(matches!(world.get(&grant, "/v3/events").await.unwrap_err(), vault::Error::Fault(_)));
    assert_eq!(world.stats().await, before);
}

/// The kilobytes of this process that are in memory.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn threat_152_long_bodies_pass_both_ways_in_flat_memory() {
    const LENGTH: u64 = 128 << 20;
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    assert_eq!(world.get(&grant, "/bytes?n=100").await.unwrap().text.len(), 100);
    let before = resident_kb();
    let ask_down = ask("GET", &grant, &format!("/bytes?n={LENGTH}&chunk=65536"));
    let Called::Answer(answered) = world.vault.call(&world.caller(), ask_down).await.unwrap() else { panic!() };
    let mut body = Box::pin(answered.body.into_stream());
    let (mut count, mut most) = (0, 0);
    while let Some(piece) = body.next().await {
        count += piece.unwrap().len() as u64;
        if count % (8 << 20) < 70_000 {
            most = most.max(resident_kb());
        }
    }
    assert_eq!(count, LENGTH);
    let piece = Bytes::from(vec![7; 65_536]);
    let pieces = stream::repeat_with(move || Ok(piece.clone())).take((LENGTH / 65_536) as usize);
    let mut up = ask("POST", &grant, "/count");
    up.body = Upload::Course(Box::pin(pieces));
    let answer = world.calls_with(&world.caller(), up).await.unwrap();
    assert!(answer.text.contains(&LENGTH.to_string()), "{}", answer.text);
    most = most.max(resident_kb());
    assert!(most < before + 40 * 1024, "{before} KB before, {most} KB at most");
}

#[tokio::test]
async fn what_a_caller_leaves_is_not_read_to_its_end() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let call = ask("GET", &grant, "/bytes?n=1000000000000&length=no");
    let Called::Answer(answered) = world.vault.call(&world.caller(), call).await.unwrap() else { panic!() };
    let mut body = Box::pin(answered.body.into_stream());
    assert!(body.next().await.unwrap().is_ok());
    drop(body);
    let calls = world.calls().await;
    assert_eq!(calls.last().unwrap().1["outcome"], json!("left"));
}

#[tokio::test]
async fn events_pass_as_they_come() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read"]).await;
    let call = ask("GET", &grant, "/events?n=3&pause_ms=200");
    let Called::Answer(answered) = world.vault.call(&world.caller(), call).await.unwrap() else { panic!() };
    let mut body = Box::pin(answered.body.into_stream());
    let first = tokio::time::timeout(Duration::from_millis(400), body.next()).await.unwrap();
    assert!(first.unwrap().is_ok());
}
