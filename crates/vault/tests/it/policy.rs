//! Rules, limits, and what an agent may do (threats 151, 153, 172, 175).

use crate::kit::{World, ask, code, with_json};
use base::AppId;
use db::args;
use serde_json::json;
use vault::grants::{DelegateAsk, Wanted};
use vault::policy::{Need, RuleWish};
use vault::{Caller, HandOutAsk};

fn rule(need: Need, matches: &[&str]) -> RuleWish {
    RuleWish {
        provider: Some("fake-calendar".to_owned()),
        agent: None,
        grant: None,
        made_by: "developer",
        need,
        matches: matches.iter().map(|text| (*text).to_owned()).collect(),
    }
}

impl World {
    async fn rules(&self, wish: RuleWish) {
        self.vault.set_rule(&AppId::from_text("app_1"), wish).await.unwrap();
    }

    async fn status(&self, caller: &Caller, grant: &vault::grants::Granted, method: &str, path: &str) -> String {
        match self.calls_with(caller, ask(method, grant, path)).await {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.code().unwrap().as_str().to_owned(),
        }
    }
}

#[tokio::test]
async fn threat_151_deny_wins_however_a_path_is_written() {
    for world in World::both().await {
        let (grant, caller) = (world.links("ada", &["calendar.read", "calendar.write"]).await, world.caller());
        world.rules(rule(Need::Allow, &["GET /calendar/**", "DELETE /calendar/**"])).await;
        world.rules(rule(Need::Deny, &["DELETE /calendar/v3/events/*"])).await;
        for path in
            ["/v3/events/1", "/V3/Events/1", "/v3/%65vents/1", "/v3/events;a=b/1", "/v3%2fevents%2f1", "/v3/events/1/"]
        {
            assert_eq!(world.status(&caller, &grant, "DELETE", path).await, "policy_denied", "{} {path}", world.name);
        }
        assert_eq!(world.status(&caller, &grant, "GET", "/v3/events").await, "200");
        assert_eq!(world.status(&caller, &grant, "POST", "/v3/events").await, "policy_denied", "nobody allows it");
        let calls = world.calls().await;
        let refused = &calls.iter().find(|(act, _)| act == "call.refused").unwrap().1;
        assert_eq!((&refused["code"], &refused["why"][0]["says"]), (&json!("policy_denied"), &json!("deny")));
    }
}

#[tokio::test]
async fn threat_172_a_rule_that_cannot_be_read_denies() {
    for world in World::both().await {
        let (grant, caller) = (world.links("ada", &["calendar.read"]).await, world.caller());
        for (number, (kind, body)) in [
            ("deny_maybe", r#"{"match":["GET /**"]}"#),
            ("allow", r#"{"match":["nonsense"]}"#),
            ("allow", r#"{"match":[]}"#),
            ("limit", r#"{"match":["GET /**"]}"#),
            ("deny", "not json"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("pol_{number}");
            let (own, kind, body) = (id.clone(), kind.to_owned(), body.to_owned());
            let sql = "INSERT INTO policies (id, app_id, made_by, kind, body, created_at) VALUES ($1, 'app_1', 'developer', $2, $3, 1)";
            world.store.write(move |tx| tx.run(sql, args![own, kind, body])).await.unwrap();
            assert_eq!(world.status(&caller, &grant, "GET", "/v3/events").await, "policy_denied", "{id}");
            assert!(world.vault.remove_rule(&caller.app, &id).await.unwrap());
        }
        assert_eq!(world.status(&caller, &grant, "GET", "/v3/events").await, "200");
    }
}

#[tokio::test]
async fn threat_175_a_hundred_calls_share_no_unit_of_a_limit() {
    for world in World::both().await {
        let (grant, caller) = (world.links("ada", &["calendar.read"]).await, world.caller());
        world.rules(rule(Need::Limit { times: 10, per_secs: 60 }, &["GET /calendar/v3/**"])).await;
        let calls = (0..100).map(|_| world.calls_with(&caller, ask("GET", &grant, "/v3/events")));
        let mut outcomes: Vec<Result<_, _>> = Vec::new();
        let mut calls: Vec<_> = calls.collect();
        while !calls.is_empty() {
            let rest = calls.split_off(calls.len().min(50));
            outcomes.extend(futures_util::future::join_all(calls).await);
            calls = rest;
        }
        let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(passed, 10, "{}", world.name);
        let refused = outcomes.into_iter().find(Result::is_err).unwrap();
        assert_eq!(code(refused), "quota_exceeded");
        world.clock.advance_secs(61);
        assert_eq!(world.status(&caller, &grant, "GET", "/v3/events").await, "200", "a new window");
    }
}

#[tokio::test]
async fn threat_153_an_agent_reaches_what_its_delegation_reaches() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
        let agent = world.agent(&["calendar.read"]).await;
        assert_eq!(world.status(&agent, &grant, "GET", "/v3/events").await, "no_delegated_grant");
        let id = agent.agent.as_ref().unwrap().id.as_str().to_owned();
        let wish = DelegateAsk {
            to_agent: id,
            scope_constraint: Some(vec!["calendar.read".to_owned()]),
            ..DelegateAsk::default()
        };
        let made = world.vault.delegate(&world.caller(), &grant.grant, wish).await.unwrap();
        assert_eq!(world.status(&agent, &grant, "GET", "/v3/events").await, "200", "{}", world.name);
        assert_eq!(world.status(&agent, &grant, "POST", "/v3/events").await, "policy_denied");
        assert_eq!(
            world.status(&agent, &grant, "GET", "/echo").await,
            "policy_denied",
            "no scope is known to be good for it"
        );
        world.vault.revoke_grant(&world.caller(), &made.grant.id, None, None).await.unwrap();
        assert_eq!(world.status(&agent, &grant, "GET", "/v3/events").await, "no_delegated_grant");
    }
}

#[tokio::test]
async fn threat_153_a_narrowed_agent_passes_on_no_more_than_it_has() {
    for world in World::both().await {
        let both = ["calendar.read", "calendar.write"];
        let grant = world.links("ada", &both).await;
        let (narrow, wide) = (world.agent(&both).await, world.agent(&both).await);
        let id = |agent: &vault::Caller| agent.agent.as_ref().unwrap().id.as_str().to_owned();
        let wish = DelegateAsk {
            to_agent: id(&narrow),
            scope_constraint: Some(vec!["calendar.read".to_owned()]),
            delegable: Some(true),
            ..DelegateAsk::default()
        };
        world.vault.delegate(&world.caller(), &grant.grant, wish).await.unwrap();
        let onward = |scopes: Option<&[&str]>| DelegateAsk {
            to_agent: id(&wide),
            scope_constraint: scopes.map(|all| all.iter().map(|scope| (*scope).to_owned()).collect()),
            ..DelegateAsk::default()
        };
        let refused = world.vault.delegate(&narrow, &grant.grant, onward(Some(&["calendar.write"]))).await;
        assert_eq!(refused.unwrap_err().code(), Some(vault::Code::InvalidScopeConstraint), "{}", world.name);
        let made = world.vault.delegate(&narrow, &grant.grant, onward(None)).await.unwrap();
        let below = vault::grants::Granted { grant: made.grant.id, ..grant };
        assert_eq!(world.status(&wide, &below, "GET", "/v3/events").await, "200", "{}", world.name);
        assert_eq!(world.status(&wide, &below, "POST", "/v3/events").await, "policy_denied", "{}", world.name);
    }
}

#[tokio::test]
async fn a_rule_of_the_request_narrows() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
    let mut caller = world.caller();
    caller.rule = Some(json!({ "rule_type": "content_match", "rule_body": {
        "match": { "families": ["write"] }, "effect": "deny", "params": [{ "name": "title", "op": "equals", "value": "Secret" }] } }));
    let post = |title: &str| with_json(ask("POST", &grant, "/v3/events"), json!({ "title": title }));
    assert!(world.calls_with(&caller, post("Lunch")).await.unwrap().status < 300);
    assert_eq!(code(world.calls_with(&caller, post("secret ")).await), "policy_denied");
    assert_eq!(world.status(&caller, &grant, "GET", "/v3/events").await, "200");
    caller.rule = Some(json!({ "rule_type": "time_window", "rule_body": {} }));
    assert_eq!(world.status(&caller, &grant, "GET", "/v3/events").await, "policy_denied");
}

#[tokio::test]
async fn where_calls_are_judged_the_credential_does_not_leave() {
    for (need, refused) in
        [(Need::RequireApproval, "hitl_grant_requires_proxy"), (Need::Deny, "restricted_grant_requires_proxy")]
    {
        let world = World::new().await;
        let (grant, caller) = (world.links("ada", &["calendar.read"]).await, world.caller());
        let hand_out = async || {
            let wanted = Wanted { grant: Some(grant.grant.clone()), ..Wanted::default() };
            let ask = HandOutAsk { wanted, method: "GET".to_owned(), url: "https://x.test/".to_owned(), reason: None };
            world.vault.hand_out(&caller, true, ask).await
        };
        assert!(hand_out().await.is_ok());
        world.rules(rule(need, &["DELETE /**"])).await;
        assert_eq!(code(hand_out().await), refused);
    }
}
