//! `/account/connections`, `/account/agents` and `/account/calls`.

use crate::fake::Fake;
use serde_json::{Value, json};
use testkit::{Answer, Backend, Browser, World};

const PLACES: [&str; 3] = ["/account/connections", "/account/agents", "/account/calls"];

async fn sends(browser: &mut Browser<'_>, target: &str, action: &str) -> Answer {
    let page = browser.opens(target).await;
    assert_eq!(page.status, 200, "{page:?}");
    let csrf = page.form_with("csrf")["csrf"].clone();
    browser.posts(action, &[("csrf", &csrf)]).await
}

/// The id of the first connection on the page.
fn first_connection(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("href=\"/account/connections/").unwrap_or_else(|| panic!("no connection: {text}"));
    rest.split_once('/').unwrap().0.to_owned()
}

async fn agent(backend: &Backend<'_>) -> String {
    let wish = json!({ "name": "scheduler", "display_name": "Scheduler", "scopes": { "fake-calendar": ["calendar.read", "calendar.write"] } });
    backend.gets("POST", "/sdk/agents", &wish).await["id"].as_str().unwrap().to_owned()
}

async fn calls(world: &World, acts: &[(&'static str, Value)], handle: &str, app: &str, agent: Option<&str>) {
    let (seams, handle, app) = (world.seams.clone(), handle.to_owned(), base::AppId::from_text(app));
    let agent = agent.map(base::AgentId::from_text);
    let acts = acts.to_vec();
    world
        .store
        .write(move |tx| {
            let handle = people::identity::Handle::parse(&handle).unwrap();
            let account = people::identity::find_by_handle(tx, &handle)?.unwrap().account;
            for (act, detail) in &acts {
                let entry = ledger::Entry::new(ledger::Act(act), &seams)?.account(&account).app(&app);
                let entry = match &agent {
                    Some(agent) => entry.agent(agent),
                    None => entry,
                };
                ledger::journal::write(tx, &entry.detail(detail.clone()))?;
            }
            Ok::<_, base::Fault>(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_a_stranger_finds_nothing() {
    let fake = Fake::start().await;
    for world in fake.worlds().await {
        for place in PLACES {
            let answer = world.browser().opens(place).await;
            assert_eq!((answer.status, answer.location_field("return_to").as_deref()), (303, Some(place)));
        }
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let agent = agent(&backend).await;
        let mut ada = world.person("ada").await;
        let grant = fake.links(&mut ada, &app, &backend, json!({ "agent": agent })).await;
        let connection = first_connection(&ada.opens("/account/connections").await);
        let mut eve = world.person("eve").await;
        let csrf = eve.opens("/account/identities/new").await.form_with("csrf")["csrf"].clone();
        for target in [
            format!("/account/connections/{connection}/end"),
            format!("/account/access/{grant}/end"),
            format!("/account/agents/{agent}/end"),
        ] {
            assert_eq!(eve.opens(&target).await.status, 404, "{target}");
            assert_eq!(eve.posts(&target, &[("csrf", &csrf)]).await.status, 404, "{target}");
        }
        let repair = format!("/account/connections/{connection}/repair");
        assert_eq!(eve.posts(&repair, &[("csrf", &csrf)]).await.status, 404);
        assert!(!eve.opens("/account/connections").await.text().contains("ada@fake.example"));
        assert!(ada.opens("/account/connections").await.text().contains("ada@fake.example"));
    }
}

#[tokio::test]
async fn every_list_says_what_it_is_when_it_is_empty() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        for place in PLACES {
            let page = ada.opens(place).await;
            assert_eq!(page.status, 200, "{page:?}");
            assert!(page.text().contains("class=\"empty\""), "{place}");
        }
    }
}

#[tokio::test]
async fn an_account_is_listed_with_whoever_may_use_it_and_each_line_ends() {
    let fake = Fake::start().await;
    for world in fake.worlds().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let agent = agent(&backend).await;
        let mut ada = world.person("ada").await;
        let grant = fake.links(&mut ada, &app, &backend, json!({ "agent": agent })).await;
        let page = ada.opens("/account/connections").await.text();
        for part in ["Fake calendar", "ada@fake.example", "lets its agent <b><bdi>Scheduler</bdi></b>", "not used yet"]
        {
            assert!(page.contains(part), "{part}: {page}");
        }
        let access = ada.opens("/account/access").await.text();
        assert!(access.contains("as <bdi>ada@fake.example</bdi>") && access.contains("Scheduler"), "{access}");
        let activity = ada.opens("/account/activity").await.text();
        assert!(activity.contains("You linked ada@fake.example"), "{activity}");

        let agents = ada.opens("/account/agents").await.text();
        assert!(agents.contains("Scheduler") && agents.contains("has called nothing yet"), "{agents}");
        let target = format!("/account/agents/{agent}/end");
        assert!(ada.opens(&target).await.text().contains("Scheduler may no longer"));
        let ended = sends(&mut ada, &target, &target).await;
        assert_eq!(ended.location(), "/account/agents?done=agent-ended");
        assert!(ada.opens("/account/agents").await.text().contains("No agent may use"));

        // The last permission takes the account with it, and the page says so first.
        let target = format!("/account/access/{grant}/end");
        let asked = ada.opens(&target).await.text();
        assert!(asked.contains("ada@fake.example is removed here"), "{asked}");
        let ended = sends(&mut ada, &target, &target).await;
        assert_eq!(ended.location(), "/account/connections?done=ended");
        assert!(ada.opens("/account/connections").await.text().contains("You have linked no account"));
    }
}

#[tokio::test]
async fn removing_an_account_says_what_ends_with_it_and_ends_it() {
    let fake = Fake::start().await;
    for world in fake.worlds().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let agent = agent(&backend).await;
        let mut ada = world.person("ada").await;
        fake.links(&mut ada, &app, &backend, json!({ "agent": agent })).await;
        let target = format!("/account/connections/{}/end", first_connection(&ada.opens("/account/connections").await));
        let asked = ada.opens(&target).await.text();
        assert!(asked.contains("Remove ada@fake.example") && asked.contains("Scheduler may no longer"), "{asked}");
        let removed = sends(&mut ada, &target, &target).await;
        assert_eq!(removed.location(), "/account/connections?done=connection-removed");
        assert!(ada.opens("/account/agents").await.text().contains("No agent may use"));
        assert_eq!(ada.opens(&target).await.status, 404);
    }
}

#[tokio::test]
async fn threat_161_a_repair_takes_the_same_account_alone_and_gives_nobody_anything_new() {
    let fake = Fake::start().await;
    for world in fake.worlds().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let mut ada = world.person("ada").await;
        let grant = fake.links(&mut ada, &app, &backend, json!({})).await;
        let id = first_connection(&ada.opens("/account/connections").await);
        let repair = format!("/account/connections/{id}/repair");

        fake.is_told(&json!({ "account": "bob@fake.example" })).await;
        let away = sends(&mut ada, "/account/connections", &repair).await;
        let back = fake.sends_back(away.location()).await;
        let other = ada.opens(&back).await;
        assert_eq!(other.location(), "/account/connections?trouble=other-account");
        assert!(ada.opens(other.location()).await.text().contains("with another account"));

        fake.is_told(&json!({ "account": "ada@fake.example" })).await;
        let away = sends(&mut ada, "/account/connections", &repair).await;
        let back = fake.sends_back(away.location()).await;
        assert_eq!(ada.opens(&back).await.location(), "/account/connections?done=repaired");
        let page = ada.opens("/account/connections").await.text();
        assert_eq!(page.matches("/account/access/").count(), 1, "{page}");
        assert!(page.contains(&grant), "the permission is the same");
        // An answer works once.
        assert_eq!(ada.opens(&back).await.status, 400);
    }
}

#[tokio::test]
async fn calls_are_told_with_their_answers_and_narrowed() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let agent = agent(&backend).await;
        let mut ada = world.person("ada").await;
        let url = "https://www.googleapis.com/calendar/v3/events";
        let acts = [
            (
                "call.sent",
                json!({ "call": "call_1", "provider": "google", "account": "ada@x.example", "method": "GET", "url": url }),
            ),
            ("call.answered", json!({ "call": "call_1", "status": 200, "outcome": "success" })),
            (
                "call.reported",
                json!({ "provider": "google", "method": "DELETE", "url": url, "status": 404, "reason": "tidy up" }),
            ),
        ];
        calls(&world, &acts, "ada", &app.client_id, None).await;
        let refused =
            [("call.refused", json!({ "provider": "google", "method": "POST", "url": url, "code": "policy_denied" }))];
        calls(&world, &refused, "ada", &app.client_id, Some(&agent)).await;
        let page = ada.opens("/account/calls").await.text();
        for part in [
            "read from <bdi>Google</bdi> as <bdi>ada@x.example</bdi>",
            "GET www.googleapis.com/calendar/v3/events",
            "done (200)",
            "The app’s own word",
            "the service refused it (404)",
            "by its agent <b><bdi>Scheduler</bdi></b>",
            "not let through: policy denied",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let refused = ada.opens("/account/calls?show=refused").await.text();
        assert!(refused.contains("policy denied") && !refused.contains("done (200)"));
        let of_agent = ada.opens(&format!("/account/calls?agent={agent}")).await.text();
        assert!(of_agent.contains("Only those of <bdi>Scheduler</bdi>") && !of_agent.contains("done (200)"));
        let many: Vec<_> = (0..60).map(|_| ("token.handed_out", json!({ "provider": "google" }))).collect();
        calls(&world, &many, "ada", &app.client_id, None).await;
        let first = ada.opens("/account/calls").await.text();
        assert_eq!(first.matches("took a key").count(), 50);
        let older = first.split_once("before=").unwrap().1.split_once('"').unwrap().0;
        let second = ada.opens(&format!("/account/calls?before={older}")).await.text();
        assert_eq!(second.matches("took a key").count(), 10);
        let mut eve = world.person("eve").await;
        assert!(eve.opens("/account/calls").await.text().contains("Nobody has used"));
    }
}
