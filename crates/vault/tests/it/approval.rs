//! Calls that wait for a person (threat 155).

use crate::kit::{World, ask, code, with_json};
use base::{AccountId, AppId, ApprovalId};
use db::args;
use serde_json::{Value, json};
use std::time::Duration;
use vault::approval::{Approval, Decision, Pending, Status};
use vault::grants::Granted;
use vault::policy::{Need, RuleWish};
use vault::proxy::Called;

impl World {
    async fn asks_first(&self, matches: &[&str]) {
        let wish = RuleWish {
            provider: None,
            agent: None,
            grant: None,
            made_by: "developer",
            need: Need::RequireApproval,
            matches: matches.iter().map(|text| (*text).to_owned()).collect(),
        };
        self.vault.set_rule(&AppId::from_text("app_1"), wish).await.unwrap();
    }

    async fn waits(&self, grant: &Granted) -> Pending {
        let call = with_json(ask("POST", grant, "/v3/events"), json!({ "title": "Lunch" }));
        match self.vault.call(&self.caller(), call).await.unwrap() {
            Called::Waits(pending) => pending,
            Called::Answer(answered) => panic!("{answered:?}"),
        }
    }

    async fn decides(&self, name: &str, id: &ApprovalId, decision: Decision) -> Result<Approval, vault::Error> {
        let account = AccountId::from_text(format!("acc_{name}"));
        let digest = match self.vault.approval_for(&account, id).await {
            Ok(shown) => shown.approval.digest_hex(),
            Err(_) => String::new(),
        };
        self.vault.decide_approval(&account, id, &digest, decision, "passkey", "192.0.2.9").await
    }

    async fn ends(&self, id: &ApprovalId) -> Approval {
        for _ in 0..200 {
            let found = self.vault.approval(&self.caller(), id, 0).await.unwrap();
            if found.status.is_over() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never ends")
    }

    async fn events(&self, grant: &Granted) -> usize {
        let answer = self.get(grant, "/v3/events").await.unwrap().json();
        let all = ["events", "items"].iter().find_map(|name| answer.get(*name).and_then(Value::as_array));
        all.unwrap_or_else(|| panic!("{answer}")).len()
    }
}

#[tokio::test]
async fn threat_155_a_call_runs_once_after_its_person_said_yes() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
        world.asks_first(&["POST /**"]).await;
        let before = world.events(&grant).await;
        let pending = world.waits(&grant).await;
        assert_eq!(world.events(&grant).await, before, "it waits");
        assert_eq!(code(world.vault.approval_result(&world.caller(), &pending.id).await), "approval_pending");
        let shown = world.vault.approval_for(&AccountId::from_text("acc_ada"), &pending.id).await.unwrap();
        let request = shown.request.unwrap();
        assert_eq!((request.method.as_str(), request.body().as_ref()), ("POST", &br#"{"title":"Lunch"}"#[..]));
        assert!(request.url.ends_with("/calendar/v3/events") && !format!("{request:?}").contains("fat_"));
        let rivals = (0..20).map(|_| world.decides("ada", &pending.id, Decision::Approve));
        let outcomes = futures_util::future::join_all(rivals).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{}", world.name);
        let ended = world.ends(&pending.id).await;
        assert_eq!(
            (ended.status, ended.has_result),
            (Status::Executed, true),
            "{}: {:?}",
            world.name,
            ended.execution_error
        );
        let ran = world.vault.approval_result(&world.caller(), &pending.id).await.unwrap();
        assert!(ran.status < 300 && !ran.body_b64.is_empty());
        assert_eq!(world.events(&grant).await, before + 1);
        world.vault.tend_approvals(100).await.unwrap();
        assert_eq!(world.events(&grant).await, before + 1, "no second time");
        let acts: Vec<String> = world
            .told()
            .await
            .into_iter()
            .map(|(act, _)| act)
            .filter(|act| act.starts_with("call_approval."))
            .collect();
        assert_eq!(acts, ["call_approval.requested", "call_approval.decided", "call_approval.executed"]);
    }
}

#[tokio::test]
async fn threat_155_only_its_person_decides_on_what_they_saw_and_in_time() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
        world.asks_first(&["POST /**"]).await;
        let pending = world.waits(&grant).await;
        assert_eq!(code(world.decides("eve", &pending.id, Decision::Approve).await), "approval_not_found");
        let ada = AccountId::from_text("acc_ada");
        let other =
            world.vault.decide_approval(&ada, &pending.id, &"0".repeat(64), Decision::Approve, "passkey", "").await;
        assert_eq!(code(other), "invalid_request", "another request");
        world.clock.advance_secs(601);
        assert_eq!(code(world.decides("ada", &pending.id, Decision::Approve).await), "approval_expired");
        assert_eq!(world.ends(&pending.id).await.status, Status::Expired);
        world.vault.tend_approvals(100).await.unwrap();
        assert_eq!(code(world.vault.approval_result(&world.caller(), &pending.id).await), "approval_expired");
        let pending = world.waits(&grant).await;
        world.decides("ada", &pending.id, Decision::Deny).await.unwrap();
        assert_eq!(code(world.decides("ada", &pending.id, Decision::Approve).await), "approval_expired");
        assert_eq!(code(world.vault.approval_result(&world.caller(), &pending.id).await), "approval_denied");
    }
}

#[tokio::test]
async fn threat_155_everything_is_looked_at_again_before_it_runs() {
    for world in World::both().await {
        let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
        world.asks_first(&["POST /**"]).await;
        let before = world.events(&grant).await;
        // A rule that came since.
        let pending = world.waits(&grant).await;
        let deny = RuleWish {
            provider: None,
            agent: None,
            grant: None,
            made_by: "developer",
            need: Need::Deny,
            matches: vec!["POST /**".to_owned()],
        };
        let deny = world.vault.set_rule(&AppId::from_text("app_1"), deny).await.unwrap();
        world.decides("ada", &pending.id, Decision::Approve).await.unwrap();
        let ended = world.ends(&pending.id).await;
        assert_eq!(
            (ended.status, ended.execution_error.as_deref()),
            (Status::Failed, Some("policy_denied")),
            "{}",
            world.name
        );
        world.vault.remove_rule(&AppId::from_text("app_1"), &deny.id).await.unwrap();
        // A request that somebody altered in the database.
        let pending = world.waits(&grant).await;
        let (id, other) = (pending.id.clone(), world.waits(&grant).await.id);
        let sql =
            "UPDATE call_approvals SET request = (SELECT request FROM call_approvals WHERE id = $2) WHERE id = $1";
        world.store.write(move |tx| tx.run(sql, args![id, other])).await.unwrap();
        let ada = AccountId::from_text("acc_ada");
        assert!(matches!(world.vault.approval_for(&ada, &pending.id).await, Err(vault::Error::Fault(_))));
        // A key that was revoked since.
        let pending = world.waits(&grant).await;
        world.store.write(|tx| tx.run("UPDATE app_keys SET revoked_at = 2", args![])).await.unwrap();
        world.decides("ada", &pending.id, Decision::Approve).await.unwrap();
        assert_eq!(world.ends(&pending.id).await.execution_error.as_deref(), Some("key_revoked"));
        world.store.write(|tx| tx.run("UPDATE app_keys SET revoked_at = NULL", args![])).await.unwrap();
        // A permission that was ended since.
        let pending = world.waits(&grant).await;
        assert_eq!(world.events(&grant).await, before);
        world.vault.revoke_grant(&world.caller(), &grant.grant, None, None).await.unwrap();
        world.decides("ada", &pending.id, Decision::Approve).await.unwrap();
        assert_eq!(world.ends(&pending.id).await.execution_error.as_deref(), Some("grant_revoked"));
    }
}

#[tokio::test]
async fn nobody_is_asked_without_end_and_what_came_of_it_is_forgotten() {
    let world = World::new().await;
    let grant = world.links("ada", &["calendar.read", "calendar.write"]).await;
    world.asks_first(&["POST /**"]).await;
    let pending = world.waits(&grant).await;
    world.decides("ada", &pending.id, Decision::Approve).await.unwrap();
    world.ends(&pending.id).await;
    for _ in 0..50 {
        world.waits(&grant).await;
    }
    let call = with_json(ask("POST", &grant, "/v3/events"), json!({ "title": "Lunch" }));
    assert_eq!(code(world.vault.call(&world.caller(), call).await), "too_many_pending_approvals");
    world.clock.advance_secs(2 * 86_400);
    world.vault.tend_approvals(500).await.unwrap();
    assert_eq!(code(world.vault.approval_result(&world.caller(), &pending.id).await), "approval_not_found");
    let shown = world.vault.approval_for(&AccountId::from_text("acc_ada"), &pending.id).await.unwrap();
    assert!(shown.request.is_none());
    world.clock.advance_secs(40 * 86_400);
    world.vault.tend_approvals(500).await.unwrap();
    assert_eq!(code(world.vault.approval(&world.caller(), &pending.id, 0).await), "approval_not_found");
}
