//! A person links an account elsewhere to an app, and the app uses it (seed 004, `product.md` 4).

use crate::threats::connect::{SEALED, column};
use serde_json::{Value, json};
use testkit::backend::{Backend, said};
use testkit::{Answer, Browser, Fake, TestApp, World};

pub(crate) const SITE: &str = "website_url = \"https://notes.test/\"";

/// A token of ours that says who the person is, for an app.
pub(crate) async fn user_token(ada: &mut Browser<'_>, app: &TestApp<'_>) -> String {
    let code = ada.approves(app, "openid").await;
    app.redeems(&code).await.json()["access_token_jwt"].as_str().unwrap().to_owned()
}

/// A session of the backend's.
pub(crate) async fn session(backend: &Backend<'_>, more: Value) -> String {
    let mut ask =
        json!({ "allowed_providers": ["fake-calendar"], "return_url": null, "allowed_origin": null, "metadata": null });
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let opened = backend.gets("POST", "/sdk/oauth/connect/session", &ask).await;
    opened["session_token"].as_str().unwrap().to_owned()
}

/// Opens the window of a session and gives the path of its page.
pub(crate) async fn opens(browser: &mut Browser<'_>, token: &str, has_opener: bool) -> String {
    browser.opens("/sdk/oauth/connect").await;
    let body = json!({ "session_token": token, "has_opener": has_opener });
    let answer = browser.calls("/sdk/oauth/connect/open", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["next"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// Presses a button of the page.
pub(crate) async fn presses(browser: &mut Browser<'_>, page: &Answer, path: &str, decision: &str) -> Answer {
    let mut form = page.form_with("csrf");
    form.insert("decision".to_owned(), decision.to_owned());
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.posts(path, &fields).await
}

/// Goes to the service, says yes there, and comes back to the page of the session.
pub(crate) async fn links(browser: &mut Browser<'_>, fake: &Fake, path: &str) -> Answer {
    let page = browser.opens(path).await;
    assert_eq!(page.status, 200, "{page:?}");
    let away = presses(browser, &page, path, "continue").await;
    let back = fake.opens(away.location()).await;
    let answer = browser.opens(back.location()).await;
    assert_eq!(answer.location(), path, "{answer:?}");
    browser.opens(path).await
}

#[tokio::test]
async fn a_person_links_an_account_and_the_app_uses_it() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let token = session(&backend, json!({ "user_token": user })).await;
        let poll = json!({ "session_token": token });
        assert_eq!(
            backend.gets("POST", "/sdk/oauth/connect/session/poll", &poll).await,
            json!({ "status": "pending" })
        );

        let path = opens(&mut ada, &token, true).await;
        let text = ada.opens(&path).await.text();
        for words in ["App notes", "Fake calendar", "See your calendar", "@ada", "Cancel", "Continue"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let end = links(&mut ada, &fake, &path).await;
        let text = end.text();
        assert!(text.contains("Connected") && text.contains("ada@fake.example"), "{text}");
        assert!(text.contains("data-origin=\"https://notes.test\""), "{text}");
        assert_eq!(end.header("cross-origin-opener-policy"), Some("unsafe-none"));

        let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &poll).await;
        assert_eq!(polled["status"], "completed", "{polled}");
        let grant = &polled["grants"][0];
        assert_eq!(grant["provider_id"], "fake-calendar");
        assert_eq!(grant["operation"], "creation");
        let id = grant["grant_id"].as_str().unwrap();

        let listed = backend.gets("POST", "/sdk/grants/list", &json!({ "limit": 50, "offset": 0 })).await;
        assert_eq!((&listed["total"], &listed["has_more"]), (&json!(1), &json!(false)), "{listed}");
        let item = &listed["grants"][0];
        assert_eq!(
            (&item["grant_id"], &item["principal_type"], &item["grant_kind"]),
            (&json!(id), &json!("user"), &json!("oauth"))
        );

        // By id, and by provider with the person's token; without it the app's own accounts are meant, and there are none.
        let request = json!({ "method": "GET", "url": format!("{}/calendar/v3/events", fake.origin) });
        let by_id = json!({ "grant_id": id, "reason": null, "request": request });
        let given = backend.gets("POST", "/sdk/token", &by_id).await;
        assert!(given["access_token"].as_str().unwrap().starts_with("fat_"), "{given}");
        assert_eq!((&given["grant_id"], &given["injection_format"]), (&json!(id), &json!("Bearer {token}")));
        let by_user = json!({ "provider_id": "fake-calendar", "user_token": user, "reason": null, "request": request });
        assert_eq!(backend.gets("POST", "/sdk/token", &by_user).await["grant_id"], json!(id));
        let by_nobody = json!({ "provider_id": "fake-calendar", "reason": null, "request": request });
        assert_eq!(backend.refusal("POST", "/sdk/token", &by_nobody).await, "404 grant_not_found");

        let revoked =
            backend.gets("POST", &format!("/sdk/oauth/grants/{id}/revoke"), &json!({ "reason": "done" })).await;
        assert_eq!((&revoked["success"], &revoked["grant_id"]), (&json!(true), &json!(id)));
        assert_eq!(backend.refusal("POST", "/sdk/token", &by_id).await, "400 grant_revoked");
        fake.is_told_of(1).await;
    }
}

#[tokio::test]
async fn the_same_account_again_keeps_its_grant() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let mut ids = Vec::new();
        for more in [json!({ "user_token": user }), json!({ "user_token": user, "switch_account": true })] {
            let token = session(&backend, more).await;
            let path = opens(&mut ada, &token, true).await;
            links(&mut ada, &fake, &path).await;
            let polled =
                backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
            ids.push((polled["grants"][0]["grant_id"].clone(), polled["grants"][0]["operation"].clone()));
        }
        assert_eq!(ids[0].0, ids[1].0);
        assert_eq!([&ids[0].1, &ids[1].1], [&json!("creation"), &json!("reauth")]);

        // Without `switch_account` one press is enough: nobody goes to the service.
        let before = fake.stats().await["authorizations"].clone();
        let token = session(&backend, json!({ "user_token": user })).await;
        let path = opens(&mut ada, &token, true).await;
        let page = ada.opens(&path).await;
        assert!(page.text().contains("Use this account"), "{}", page.text());
        let answer = presses(&mut ada, &page, &path, "use").await;
        assert_eq!(answer.location(), path);
        let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
        assert_eq!(
            (&polled["grants"][0]["grant_id"], &polled["grants"][0]["operation"]),
            (&ids[0].0, &json!("reauth"))
        );
        assert_eq!(fake.stats().await["authorizations"], before);

        // Another account of the service is another grant, and the provider alone is not enough any more.
        fake.fails(&json!({ "account": "bob@fake.example" })).await;
        let token = session(&backend, json!({ "user_token": user, "switch_account": true })).await;
        let path = opens(&mut ada, &token, true).await;
        links(&mut ada, &fake, &path).await;
        let ask = json!({ "provider_id": "fake-calendar", "user_token": user, "reason": null, "request": { "method": "GET", "url": fake.origin } });
        let answer = backend.call("POST", "/sdk/token", &ask).await;
        assert_eq!(said(&answer), "409 ambiguous_grant");
        assert_eq!(answer.json()["candidates"].as_array().unwrap().len(), 2);
        let mut named = ask.clone();
        named["account"] = json!("bob@fake.example");
        assert_eq!(backend.gets("POST", "/sdk/token", &named).await["provider_id"], "fake-calendar");
    }
}

#[tokio::test]
async fn what_a_session_says_of_a_permission_holds_from_then_on_and_a_repair_changes_nothing_of_it() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let mut linked = async |more: Value| {
            let mut ask = json!({ "user_token": user, "required_scopes": { "fake-calendar": ["calendar.read", "calendar.write"] } });
            ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let token = session(&backend, ask).await;
            let path = opens(&mut ada, &token, true).await;
            links(&mut ada, &fake, &path).await;
            let poll = json!({ "session_token": token });
            backend.gets("POST", "/sdk/oauth/connect/session/poll", &poll).await["grants"][0].clone()
        };
        let named = |methods: &[&str]| json!({ "switch_account": true, "requested_grant": { "label": "work", "restrictions": { "allowed_methods": methods } } });
        let plain = linked(json!({})).await["grant_id"].clone();
        let work = linked(named(&["GET", "POST"])).await["grant_id"].clone();
        assert_ne!(plain, work);
        let posts = json!({
            "grant_id": work, "method": "POST", "url": format!("{}/calendar/v3/events", fake.origin),
            "body": { "title": "Lunch" }, "reason": "lunch",
        });
        assert!(backend.call("POST", "/sdk/proxy", &posts).await.status < 300);
        // Fewer methods the next time are fewer from then on.
        assert_eq!(linked(named(&["GET"])).await["grant_id"], work);
        assert_eq!(backend.refusal("POST", "/sdk/proxy", &posts).await, "403 policy_denied");
        // A repair names the permission, not its label, and leaves it as it is.
        let repaired = linked(json!({ "repair_grant_id": work })).await;
        assert_eq!((&repaired["grant_id"], &repaired["operation"]), (&work, &json!("reauth")));
        assert_eq!(backend.refusal("POST", "/sdk/proxy", &posts).await, "403 policy_denied");
        let listed = backend.gets("POST", "/sdk/grants/list", &json!({})).await;
        assert_eq!(listed["total"], 2, "{listed}");
    }
}

#[tokio::test]
async fn on_a_phone_the_browser_goes_back_to_the_app() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let back = "https://notes.test/connected?tab=1#top";
    let token = session(&backend, json!({ "user_token": user, "return_url": back })).await;
    let path = opens(&mut ada, &token, false).await;
    let end = links(&mut ada, &fake, &path).await;
    let location = end.location();
    assert!(
        location.starts_with("https://notes.test/connected?tab=1&alter_connect_success=true&grant_id="),
        "{location}"
    );
    assert!(location.ends_with("#top") && location.contains("operation=creation"), "{location}");

    let token = session(&backend, json!({ "user_token": user, "return_url": back, "switch_account": true })).await;
    let path = opens(&mut ada, &token, false).await;
    let page = ada.opens(&path).await;
    presses(&mut ada, &page, &path, "cancel").await;
    let location = ada.opens(&path).await.location().to_owned();
    assert!(location.contains("alter_connect_error=true&error_code=oauth_denied"), "{location}");
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    assert_eq!((&polled["status"], &polled["error"]["error_code"]), (&json!("error"), &json!("connect_denied")));
}

#[tokio::test]
async fn several_services_in_one_window() {
    let (world, fake) = World::with_fake().await;
    let notes = world.app("notes", SITE).await;
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let token =
        session(&backend, json!({ "user_token": user, "allowed_providers": ["fake-calendar", " Fake-Chat "] })).await;
    let path = opens(&mut ada, &token, true).await;
    let text = ada.opens(&path).await.text();
    assert!(text.contains("Fake calendar") && text.contains("Fake chat") && !text.contains(">Done<"), "{text}");
    let page = ada.opens(&format!("{path}?service=fake-calendar")).await;
    let away = presses(&mut ada, &page, &path, "continue").await;
    ada.opens(fake.opens(away.location()).await.location()).await;
    let page = ada.opens(&format!("{path}?service=fake-chat")).await;
    presses(&mut ada, &page, &path, "skip").await;
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    assert_eq!(polled["status"], "pending", "{polled}");
    assert_eq!(polled["declined_providers"][0]["provider_id"], "fake-chat");
    let page = ada.opens(&path).await;
    assert!(page.text().contains("Done") && page.text().contains("You said no"), "{}", page.text());
    presses(&mut ada, &page, &path, "finish").await;
    let polled = backend.gets("POST", "/sdk/oauth/connect/session/poll", &json!({ "session_token": token })).await;
    assert_eq!(polled["status"], "completed");
    assert_eq!(polled["grants"].as_array().unwrap().len(), 1);
    assert_eq!(polled["failed_grants"][0]["reason"], "not_selected");
}

#[tokio::test]
async fn a_calendar_is_a_resource_that_another_app_may_use() {
    for (world, fake) in World::both_with_fake().await {
        let notes = world.app("notes", SITE).await;
        let owner = world
            .app(
                "calendars",
                "website_url = \"https://calendars.test/\"\n[[resource]]\nkey = \"calendar:fake\"\napp = \"calendars\"\nkind = \"vault\"\n\
                 provider = \"fake-calendar\"\nname = \"Calendar\"\nscopes = [\n\
                 { name = \"calendar.read\", text = \"See your calendars\", risk = \"medium\", provider_scopes = [\"calendar.read\"], \
                 allow = [\"GET /calendar/v3/**\"] },\n]",
            )
            .await;
        let mut ada = world.person("ada").await;
        let page = ada.opens(&notes.connects_to("calendar:fake", "calendar.read", &[])).await;
        assert!(page.text().contains("See your calendars") && page.text().contains("account next"), "{}", page.text());
        let away = ada.decides(&page, "allow").await;
        assert!(away.location().starts_with(&fake.origin), "{away:?}");
        let answer = ada.opens(fake.opens(away.location()).await.location()).await;
        let code = answer.location_field("code").unwrap_or_else(|| panic!("{answer:?}"));
        let subject = notes.redeems(&code).await.json()["access_token_jwt"].as_str().unwrap().to_owned();
        let exchanged = notes.exchanges(&subject, &[("resource", "calendar:fake")]).await.json();
        assert_eq!(exchanged["audience"], format!("{}/proxy/calendar:fake", world.issuer), "{exchanged}");
        assert_eq!(exchanged["scope"], "calendar.read");
        // The token is good for the calls of its scope, and for no other; nothing of it reaches the service.
        let token = exchanged["access_token"].as_str().unwrap().to_owned();
        let bearer = format!("Bearer {token}");
        let calls = async |method: &str, path: &str| {
            let headers = [("Authorization", bearer.as_str())];
            world.send(method, &format!("/proxy/calendar:fake{path}"), &headers, b"").await
        };
        let answer = calls("GET", "/calendar/v3/events").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json()["items"].as_array().is_some_and(|items| !items.is_empty()), "{answer:?}");
        assert_eq!(answer.header("procura-refusal"), None);
        for (method, path) in
            [("DELETE", "/calendar/v3/events/ev-1"), ("GET", "/calendar/echo"), ("GET", "/chat/v1/messages")]
        {
            let answer = calls(method, path).await;
            assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
            assert_eq!(answer.header("procura-refusal"), Some("policy_denied"));
        }
        let elsewhere =
            world.send("GET", "/proxy/fake-calendar/calendar/v3/events", &[("Authorization", &bearer)], b"").await;
        assert_eq!(elsewhere.header("procura-refusal"), Some("delegated_token_refused"), "{elsewhere:?}");
        // A page of the app calls in the same way, and never holds the token: the runtime is told where, and that it is our proxy.
        let ask =
            json!({ "parent_origin": "https://notes.test", "target": "calendar:fake", "target_origin": world.issuer });
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let checked = world.send("POST", "/connect/runtime/check", &headers, ask.to_string().as_bytes()).await.json();
        let endpoint = json!(format!("{}/proxy/calendar:fake", world.issuer));
        assert_eq!((&checked["kind"], &checked["endpoint"]), (&json!("vault"), &endpoint), "{checked}");
        // Taken back, the next call is refused.
        let delegations = ada.opens("/api/oauth/delegations").await.json();
        let id = delegations["delegations"][0]["id"].as_str().unwrap_or_else(|| panic!("{delegations}")).to_owned();
        let ended = ada.calls_with("DELETE", &format!("/api/oauth/delegations/{id}"), &Value::Null).await;
        assert!(ended.status < 300, "{ended:?}");
        let answer = calls("GET", "/calendar/v3/events").await;
        assert_eq!((answer.status, answer.header("procura-refusal")), (401, Some("invalid_token")), "{answer:?}");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.contains("invalid_token")));
        // It was all that anybody might do with the account: its credential is not kept.
        assert_eq!(column(&world, SEALED).await.as_deref(), Some("wiped"));
        fake.is_told_of(1).await;
        // The account is the person's; the app that offers the resource has got nothing by it.
        let backend = world.backend(&owner).await;
        let listed = backend.gets("POST", "/sdk/grants/list", &json!({ "limit": 50, "offset": 0 })).await;
        assert_eq!(listed["total"], 0, "{listed}");
    }
}
