//! Section 8: delegation between apps.

use serde_json::json;
use testkit::{Answer, TestApp, World, claims};

const KEY: &str = "iris:inference";

fn assert_refused(answer: &Answer, refusal: &str) {
    assert!(answer.refusal().starts_with(refusal), "{refusal}: {answer:?}");
}

async fn exchange(app: &TestApp<'_>, subject: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("resource", KEY)];
    all.extend(fields);
    app.exchanges(subject, &all).await
}

#[tokio::test]
async fn threat_118_a_subject_token_is_for_the_app_that_it_was_issued_to() {
    let world = World::new().await;
    let (notes, other) = (world.app("notes", "").await, world.app("other", "").await);
    let iris = world.target("iris", "allow_chains = true").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask history", None).await;
    ada.allows(&other, KEY, "ask history", None).await;
    assert_refused(&exchange(&other, &subject, &[]).await, "400 invalid_grant");
    assert_refused(&exchange(&iris, &subject, &[]).await, "400 invalid_grant");
    let delegated = notes.delegated(&subject, KEY).await;
    for app in [&notes, &other] {
        assert_refused(&exchange(app, &delegated, &[("scope", "ask")]).await, "400 invalid_grant");
    }
}

#[tokio::test]
async fn threat_119_never_more_than_was_allowed_and_empty_is_not_everything() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask history", None).await;
    assert_refused(&exchange(&notes, &subject, &[("scope", "ask erase")]).await, "400 invalid_scope");
    assert_refused(&exchange(&notes, &subject, &[("scope", "")]).await, "400 invalid_scope");
    assert_refused(&exchange(&notes, &subject, &[("scope", "  ")]).await, "400 invalid_scope");
    assert_eq!(exchange(&notes, &subject, &[]).await.json()["scope"], "ask history");
    assert_eq!(exchange(&notes, &subject, &[("scope", "history")]).await.json()["scope"], "history");
}

#[tokio::test]
async fn threat_120_a_chain_is_strictly_narrower_and_keeps_who_acted() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let iris = world.target("iris", "allow_chains = true").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask history erase", None).await;
    let first = notes.exchanges(&subject, &[("resource", KEY), ("scope", "ask history")]).await.json();
    let first = first["access_token"].as_str().unwrap().to_owned();
    for scope in ["ask history", "ask history erase", "erase", ""] {
        assert_refused(&exchange(&iris, &first, &[("scope", scope)]).await, "400 invalid_scope");
    }
    assert_refused(&exchange(&iris, &first, &[]).await, "400 invalid_scope");
    let other = "[[resource]]\nkey = \"iris:other\"\napp = \"iris\"\nname = \"Other\"\naudience = \"iris:other\"\n\
                 scopes = [{ name = \"ask\", text = \"Ask\", risk = \"low\" }]";
    // Applied with everything that was there, so that nothing else changes.
    let again = world.target("iris", &format!("allow_chains = true\n{other}")).await;
    assert_refused(&again_exchange(&iris, &first, "iris:other", "ask").await, "400 invalid_target");
    drop(again);
    world.clock.advance_secs(100);
    let second = exchange(&iris, &first, &[("scope", "ask")]).await.json();
    assert_eq!(second["expires_in"], 500, "no longer than the one before");
    let told = claims(second["access_token"].as_str().unwrap());
    assert_eq!(told["act"], json!({ "sub": iris.client_id, "act": { "sub": notes.client_id } }));
    assert_eq!(told["exp"], claims(&first)["exp"]);
    // Where the resource does not allow it, nothing is passed on.
    let muse = world.target("muse", "").await;
    let subject = ada.allows(&notes, "muse:inference", "ask history", None).await;
    let token = notes.delegated(&subject, "muse:inference").await;
    assert_refused(&again_exchange(&muse, &token, "muse:inference", "ask").await, "400 invalid_grant");
}

async fn again_exchange(app: &TestApp<'_>, subject: &str, resource: &str, scope: &str) -> Answer {
    app.exchanges(subject, &[("resource", resource), ("scope", scope)]).await
}

#[tokio::test]
async fn threat_120_a_chain_is_at_most_three_deep() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let iris = world.target("iris", "allow_chains = true").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask history erase", None).await;
    let mut token = notes.delegated(&subject, KEY).await;
    for scope in ["ask history", "ask"] {
        let next = exchange(&iris, &token, &[("scope", scope)]).await;
        assert_eq!(next.status, 200, "{next:?}");
        token = next.json()["access_token"].as_str().unwrap().to_owned();
    }
    let more = world.store.read(|tx| oauth::resource::find_by_key(tx, KEY)).await.unwrap().unwrap();
    assert_eq!(more.scopes.len(), 3);
    // One scope is left, so the depth must be what refuses: it is looked at first.
    let refused = exchange(&iris, &token, &[("scope", "ask")]).await;
    assert!(refused.refusal().contains("too often"), "{refused:?}");
}

#[tokio::test]
async fn threat_121_what_a_caller_says_of_itself_changes_no_claim() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    let body = json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "client_id": notes.client_id,
        "client_secret": notes.secret, "subject_token": subject, "resource": KEY,
        "actor": { "sub": "root" }, "act": "root", "sub": "root", "iss": "https://evil.test", "cid": "app_x", "exp": 1,
    });
    let headers = [("Content-Type", "application/json")];
    let answer = world.send("POST", "/api/oauth/token", &headers, body.to_string().as_bytes()).await;
    let told = claims(answer.json()["access_token"].as_str().unwrap());
    assert_eq!((&told["iss"], &told["sub"]), (&json!(world.issuer), &claims(&subject)["sub"]));
    assert_eq!((&told["cid"], &told["aud"]), (&json!(notes.client_id), &json!("https://iris.test/api")));
    assert!(told["act"].is_null() && told["actor"].is_null() && told["exp"].as_i64() > Some(1));
    let long = json!({ "x": "a".repeat(5000) }).to_string();
    assert_refused(&exchange(&notes, &subject, &[("actor", &long)]).await, "400 invalid_request");
}

#[tokio::test]
async fn threat_122_an_actor_token_is_refused_whatever_it_is() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    for actor in [subject.as_str(), "x"] {
        assert_refused(&exchange(&notes, &subject, &[("actor_token", actor)]).await, "400 invalid_request");
    }
}

#[tokio::test]
async fn threat_123_a_target_is_one_active_resource() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let (_iris, _muse) = (world.target("iris", "").await, world.target("muse", "").await);
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    for (resource, audience) in [
        (KEY, "muse:inference"),
        (KEY, "https://muse.test/api"),
        ("iris:inference iris:inference", ""),
        ("iris", ""),
        ("https://iris.test", ""),
        (notes.client_id.as_str(), ""),
        (world.issuer.as_str(), ""),
    ] {
        let answer = notes.exchanges(&subject, &[("resource", resource), ("audience", audience)]).await;
        assert_refused(&answer, "400 invalid_target");
    }
    let twice = testkit::form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", &notes.client_id),
        ("client_secret", notes.secret.as_deref().unwrap()),
        ("subject_token", &subject),
        ("resource", KEY),
        ("resource", "muse:inference"),
    ]);
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_refused(&world.send("POST", "/api/oauth/token", &kind, twice.as_bytes()).await, "400 invalid_request");
    let id = world.store.read(|tx| oauth::resource::find_by_key(tx, KEY)).await.unwrap().unwrap().id;
    let seams = world.seams.clone();
    let pause = world.store.write(move |tx| {
        oauth::resource::pause(tx, &seams, &oauth::organization::Actor::Operator, &id)
            .map_err(|_| base::Fault::new("x"))
    });
    let token = notes.delegated(&subject, KEY).await;
    assert!(notes.sees_active(&token).await);
    pause.await.unwrap();
    assert_refused(&exchange(&notes, &subject, &[]).await, "400 invalid_target");
    assert!(!notes.sees_active(&token).await, "a paused resource has no live tokens");
    assert_eq!(world.send("GET", &format!("/api/oauth/resource/{KEY}"), &[], b"").await.status, 404);
    let asked = ada.opens(&notes.connects_to(KEY, "ask", &[])).await;
    assert_eq!(asked.location_field("error").as_deref(), Some("invalid_target"));
}

#[tokio::test]
async fn threat_124_a_revoked_grant_is_dead_at_once_everywhere() {
    for world in World::both().await {
        let notes = world.app("notes", "").await;
        let iris = world.target("iris", "").await;
        let mut ada = world.person("ada").await;
        let subject = ada.allows(&notes, KEY, "ask", None).await;
        let token = notes.delegated(&subject, KEY).await;
        let grants = ada.opens("/api/oauth/delegations").await.json();
        let id = grants["delegations"][0]["id"].as_str().unwrap().to_owned();
        ada.calls_with("DELETE", &format!("/api/oauth/delegations/{id}"), &json!({})).await;
        assert_refused(&exchange(&notes, &subject, &[]).await, "403 access_denied");
        assert!(!iris.sees_active(&token).await);
        assert_eq!(runtime_check(&world, &token, "https://notes.test", KEY, "https://iris.test").await.status, 401);
        // The whole sign-in ends it too, and so does removing the app.
        let subject = ada.allows(&notes, KEY, "ask", None).await;
        let token = notes.delegated(&subject, KEY).await;
        let page = ada.opens("/account/access").await.text();
        let at = page.find("/account/access/").unwrap();
        let end: String = page[at..].chars().take_while(|c| *c != '"').collect();
        let csrf = ada.opens(&end).await.form_with("csrf")["csrf"].clone();
        ada.posts(&end, &[("csrf", &csrf)]).await;
        assert!(!iris.sees_active(&token).await);
        assert_refused(&exchange(&notes, &subject, &[]).await, "400 invalid_grant");
    }
}

#[tokio::test]
async fn threat_125_a_delegated_token_outlives_nothing_it_hangs_on() {
    let world = World::new().await;
    let notes = world.app("notes", "access_token_ttl_secs = 300").await;
    let iris = world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    assert_eq!(exchange(&notes, &subject, &[]).await.json()["expires_in"], 300, "no longer than the subject");
    world.clock.advance_secs(290);
    let late = exchange(&notes, &subject, &[]).await.json();
    assert_eq!(late["expires_in"], 10);
    let token = late["access_token"].as_str().unwrap();
    assert!(iris.sees_active(token).await);
    world.clock.advance_secs(10);
    assert!(!iris.sees_active(token).await);
    assert_refused(&exchange(&notes, &subject, &[]).await, "400 invalid_grant");
}

#[tokio::test]
async fn threat_126_nothing_widens_and_no_mode_changes_without_being_shown() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    // The form says *away* though the page did not ask when.
    let page = ada.opens(&notes.connects_to(KEY, "ask erase", &[])).await;
    let code = ada.decides_with(&page, &[("decision", "allow"), ("when", "away"), ("scope", "history")]).await;
    let code = code.location_field("code").unwrap();
    assert_eq!(
        exchange(&notes, &subject, &[]).await.json()["scope"],
        "ask",
        "nothing is granted before it is redeemed"
    );
    let tokens = notes.redeems(&code).await.json();
    let exchanged = exchange(&notes, tokens["access_token_jwt"].as_str().unwrap(), &[]).await.json();
    assert_eq!((&exchanged["scope"], &exchanged["communication_mode"]), (&json!("ask erase"), &json!("user_present")));
    let narrower = ada.allows(&notes, KEY, "ask", None).await;
    assert_eq!(exchange(&notes, &narrower, &[]).await.json()["scope"], "ask erase");
}

#[tokio::test]
async fn threat_127_silence_grants_nothing() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    ada.approves(&notes, "openid").await;
    for more in [[("mode", "background")], [("prompt", "none")]] {
        let silent = ada.opens(&notes.connects_to(KEY, "ask", &more)).await;
        assert_eq!(silent.location_field("error").as_deref(), Some("consent_required"), "{more:?}");
    }
    ada.allows(&notes, KEY, "ask", Some("away")).await;
    let silent = ada.opens(&notes.connects_to(KEY, "ask", &[("mode", "background")])).await;
    let code = silent.location_field("code").unwrap();
    let list = ada.opens("/api/oauth/delegations").await.json();
    let id = list["delegations"][0]["id"].as_str().unwrap();
    ada.calls_with("DELETE", &format!("/api/oauth/delegations/{id}"), &json!({})).await;
    let tokens = notes.redeems(&code).await.json();
    let subject = tokens["access_token_jwt"].as_str().unwrap();
    assert_refused(&exchange(&notes, subject, &[]).await, "403 access_denied");
    assert_eq!(ada.opens("/api/oauth/delegations").await.json()["delegations"], json!([]));
}

#[tokio::test]
async fn threat_128_what_needs_the_person_needs_their_session() {
    let world = World::new().await;
    let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    ada.approves(&notes, "openid offline_access").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    let token = notes.delegated(&subject, KEY).await;
    let csrf = ada.opens("/logout").await.form_with("csrf")["csrf"].clone();
    ada.posts("/logout/confirm", &[("csrf", &csrf)]).await;
    assert_refused(&exchange(&notes, &subject, &[]).await, "403 access_denied");
    assert!(!iris.sees_active(&token).await);
    let answer = runtime_check(&world, &token, "https://notes.test", KEY, "https://iris.test").await;
    assert_refused(&answer, "401 invalid_token");
}

#[tokio::test]
async fn threat_124_removing_either_app_ends_what_was_allowed() {
    for gone in ["notes", "iris"] {
        for world in World::both().await {
            let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
            let mut ada = world.person("ada").await;
            let subject = ada.allows(&notes, KEY, "ask", None).await;
            let token = notes.delegated(&subject, KEY).await;
            let (removed, left) = if gone == "notes" { (&notes, &iris) } else { (&iris, &notes) };
            assert!(left.sees_active(&token).await);
            let (id, seams) = (base::AppId::from_text(&removed.client_id), world.seams.clone());
            let remove = world
                .app
                .oauth
                .apps
                .change(move |tx| oauth::app::delete(tx, &seams, &oauth::organization::Actor::Operator, &id));
            assert!(remove.await.unwrap() > 0);
            assert!(!left.sees_active(&token).await, "{gone}");
            assert_eq!(ada.opens("/api/oauth/delegations").await.json()["delegations"], json!([]));
            // The name stays its owner's, and what was allowed on the old one says nothing of a new one.
            let again = if gone == "notes" { world.app("notes", "").await } else { world.target("iris", "").await };
            let notes = if gone == "notes" { &again } else { &notes };
            let code = ada.approves(notes, "openid").await;
            let subject = notes.redeems(&code).await.json()["access_token_jwt"].as_str().unwrap().to_owned();
            assert_refused(&exchange(notes, &subject, &[]).await, "403 access_denied");
        }
    }
}

#[tokio::test]
async fn threat_129_a_public_app_acts_only_with_the_person_there() {
    let world = World::new().await;
    let spa = world.app("spa", "type = \"public\"").await;
    world.target("iris", "").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&spa, KEY, "ask", Some("away")).await;
    let exchanged = exchange(&spa, &subject, &[]).await.json();
    assert_eq!(exchanged["communication_mode"], "user_present", "though it was allowed for when they are away");
    let quick = TestApp {
        world: &world,
        client_id: "origin:https://quick.test".into(),
        secret: None,
        redirect_uri: "https://quick.test/cb".into(),
    };
    let asked = ada.opens(&quick.connects_to(KEY, "ask", &[])).await;
    assert_eq!(asked.status, 400, "a page, never a redirect: {asked:?}");
    let code = ada.approves(&quick, "openid").await;
    let tokens = quick.redeems(&code).await.json();
    let subject = tokens["access_token_jwt"].as_str().unwrap();
    assert_refused(&exchange(&quick, subject, &[]).await, "400 unauthorized_client");
}

fn resource(key: &str, app: &str) -> String {
    format!(
        "[[organization]]\nkey = \"mallory\"\nname = \"Mallory\"\n[[app]]\nkey = \"{app}\"\norganization = \"mallory\"\n\
         name = \"Mallory\"\nredirect_uris = [\"https://mallory.test/cb\"]\n[[resource]]\nkey = \"{key}\"\napp = \"{app}\"\n\
         name = \"Iris inference\"\naudience = \"https://mallory.test/api\"\n\
         scopes = [{{ name = \"ask\", text = \"Ask\", risk = \"low\" }}]\n"
    )
}

#[tokio::test]
async fn threat_130_a_namespace_belongs_to_who_had_it_first_and_nothing_looks_like_it() {
    for world in World::both().await {
        world.target("iris", "").await;
        world.target("modern", "").await;
        for key in ["iris:other", "iris:inference", "m0dern:other", "modem:other", "modem:inference"] {
            let path = std::path::Path::new(".");
            let manifest = resource(key, "mallory");
            let outcome =
                server::apply::run(&world.store, &world.seams, &manifest, path, &|_: &str| None, world.app.as_server())
                    .await;
            let said = outcome.unwrap_err().to_string();
            assert!(said.contains("resource key"), "{key}: {said}");
        }
        world.applies(&resource("mallory:inference", "mallory")).await;
    }
}

#[tokio::test]
async fn threat_131_a_changed_meaning_suspends_until_the_person_is_asked_again() {
    for world in World::both().await {
        let notes = world.app("notes", "").await;
        let iris = world.target("iris", "").await;
        let mut ada = world.person("ada").await;
        let subject = ada.allows(&notes, KEY, "ask", Some("away")).await;
        let token = notes.delegated(&subject, KEY).await;
        let changed = "[[organization]]\nkey = \"org-iris\"\nname = \"Org iris\"\n[[app]]\nkey = \"iris\"\n\
             organization = \"org-iris\"\nname = \"App iris\"\nredirect_uris = [\"https://iris.test/cb\"]\n\
             [[resource]]\nkey = \"iris:inference\"\napp = \"iris\"\nname = \"iris inference\"\n\
             audience = \"https://iris.test/api\"\n\
             scopes = [{ name = \"ask\", text = \"Empty your account\", risk = \"high\" }]\n";
        world.applies(changed).await;
        assert!(!iris.sees_active(&token).await);
        assert_refused(&exchange(&notes, &subject, &[]).await, "403 access_denied");
        assert_eq!(ada.opens("/api/oauth/delegations").await.json()["delegations"][0]["status"], "suspended");
        let silent = ada.opens(&notes.connects_to(KEY, "ask", &[("mode", "background")])).await;
        assert_eq!(silent.location_field("error").as_deref(), Some("consent_required"));
        let page = ada.opens(&notes.connects_to(KEY, "ask", &[])).await;
        assert!(page.text().contains("has changed what it means") && page.text().contains("Empty your account"));
        // A code from a page that said something else is worth nothing.
        let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
        world.applies(&changed.replace("Empty your account", "Empty two accounts")).await;
        assert_refused(&notes.redeems(&code).await, "400 invalid_grant");
        let subject = ada.allows(&notes, KEY, "ask", None).await;
        let exchanged = exchange(&notes, &subject, &[]).await.json();
        assert_eq!(exchanged["communication_mode"], "user_present", "nothing of the old terms stays: {exchanged}");
    }
}

#[tokio::test]
async fn threat_132_only_the_person_reads_and_ends_what_they_allowed() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    world.target("iris", "").await;
    let (mut ada, mut bob) = (world.person("ada").await, world.person("bob").await);
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    let id = ada.opens("/api/oauth/delegations").await.json()["delegations"][0]["id"].as_str().unwrap().to_owned();
    let target = format!("/api/oauth/delegations/{id}");
    assert_eq!(bob.opens("/api/oauth/delegations").await.json()["delegations"], json!([]));
    assert_eq!(bob.calls_with("DELETE", &target, &json!({})).await.status, 404);
    let delegated = notes.delegated(&subject, KEY).await;
    let code = ada.approves(&notes, "openid").await;
    let opaque = notes.redeems(&code).await.json()["access_token"].as_str().unwrap().to_owned();
    for token in [&subject, &delegated, &opaque] {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        assert_eq!(world.send("GET", "/api/oauth/delegations", &headers, b"").await.status, 401);
        assert_eq!(world.send("DELETE", &target, &headers, b"").await.status, 401);
        // A cookie beside it does not help.
        assert_eq!(ada.sends("GET", "/api/oauth/delegations", &headers, b"").await.status, 401);
    }
    for headers in [
        [("Origin", "https://notes.test"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "cross-site"), ("X-Nothing", "1")],
    ] {
        assert_eq!(ada.sends("GET", "/api/oauth/delegations", &headers, b"").await.status, 401, "{headers:?}");
        assert_eq!(ada.sends("DELETE", &target, &headers, b"").await.status, 401, "{headers:?}");
    }
    assert_eq!(ada.opens("/api/oauth/delegations").await.json()["delegations"][0]["status"], "active");
    // Nor does a delegated token open what is of the app or the person.
    let bearer = format!("Bearer {delegated}");
    for (method, target) in
        [("GET", "/api/oauth/userinfo"), ("POST", "/api/oauth/session/check"), ("GET", "/api/v1/apps")]
    {
        assert_eq!(world.send(method, target, &[("Authorization", &bearer)], b"").await.status, 401, "{target}");
    }
}

#[tokio::test]
async fn threat_133_nobody_who_is_switched_off_exchanges() {
    for off in ["person", "source", "owner"] {
        let world = World::new().await;
        let notes = world.app("notes", "").await;
        let iris = world.target("iris", "").await;
        let mut ada = world.person("ada").await;
        let subject = ada.allows(&notes, KEY, "ask", Some("away")).await;
        let token = notes.delegated(&subject, KEY).await;
        let observer = if off == "owner" { &notes } else { &iris };
        assert!(observer.sees_active(&token).await);
        let sql = match off {
            "person" => "UPDATE accounts SET disabled_at = 1",
            "source" => "UPDATE apps SET disabled_at = 1 WHERE key = 'notes'",
            _ => "UPDATE apps SET disabled_at = 1 WHERE key = 'iris'",
        };
        world.store.write(move |tx| tx.run(sql, db::args![])).await.unwrap();
        world.app.oauth.apps.forget();
        let refused = exchange(&notes, &subject, &[]).await;
        let expected = match off {
            "person" => "400 invalid_grant",
            "source" => "401 invalid_client",
            _ => "400 invalid_target",
        };
        assert_refused(&refused, expected);
        if off != "person" {
            assert!(!observer.sees_active(&token).await, "{off}");
        }
    }
}

#[tokio::test]
async fn threat_134_an_assertion_of_another_issuer_is_no_grant() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "x.y.z")];
    assert_refused(&notes.asks(&fields).await, "400 unsupported_grant_type");
}

async fn runtime_check(world: &World, token: &str, parent: &str, target: &str, target_origin: &str) -> Answer {
    let body = json!({ "parent_origin": parent, "target": target, "target_origin": target_origin });
    let bearer = format!("Bearer {token}");
    let headers =
        [("Content-Type", "application/json"), ("Authorization", bearer.as_str()), ("Origin", world.issuer.as_str())];
    world.send("POST", "/connect/runtime/check", &headers, body.to_string().as_bytes()).await
}

/// A delegated token of Ada's for Notes at Iris.
async fn in_the_runtime(world: &World) -> (TestApp<'_>, TestApp<'_>, String, String) {
    let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    let token = notes.delegated(&subject, KEY).await;
    (notes, iris, subject, token)
}

#[tokio::test]
async fn threat_135_only_a_page_of_the_source_app_may_embed_the_runtime() {
    let world = World::new().await;
    let (_notes, _iris, _, token) = in_the_runtime(&world).await;
    for parent in ["https://evil.test", "null", "", "*", "https://notes.test/", "https://iris.test", &world.issuer] {
        let answer = runtime_check(&world, &token, parent, KEY, "https://iris.test").await;
        assert_refused(&answer, "400 origin_not_allowed");
    }
    let body = json!({ "parent_origin": "https://notes.test", "target": KEY, "target_origin": "https://iris.test" });
    let bearer = format!("Bearer {token}");
    let foreign = [
        ("Content-Type", "application/json"),
        ("Authorization", bearer.as_str()),
        ("Origin", "https://notes.test"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let answer = world.send("POST", "/connect/runtime/check", &foreign, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 403, "the frame alone asks: {answer:?}");
}

#[tokio::test]
async fn threat_136_the_runtime_calls_the_registered_endpoint_and_nothing_else() {
    let world = World::new().await;
    let (notes, iris, _, token) = in_the_runtime(&world).await;
    for target in [KEY, "iris", iris.client_id.as_str()] {
        let answer = runtime_check(&world, &token, "https://notes.test", target, "https://iris.test").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json();
        assert_eq!((&told["endpoint"], &told["cid"]), (&json!("https://iris.test/runtime"), &json!(notes.client_id)));
        assert_eq!((&told["target_resource"], &told["sub"]), (&json!(KEY), &claims(&token)["sub"]));
        assert!(!answer.text().contains(&token), "nothing sends the token back");
    }
    for (target, origin, refusal) in [
        ("muse", "https://iris.test", "400 invalid_target"),
        ("iri", "https://iris.test", "400 invalid_target"),
        (KEY, "https://evil.test", "400 target_origin_mismatch"),
        (KEY, "https://iris.test/", "400 target_origin_mismatch"),
        (KEY, "*", "400 target_origin_mismatch"),
    ] {
        assert_refused(&runtime_check(&world, &token, "https://notes.test", target, origin).await, refusal);
    }
    let page = world.send("GET", "/connect/runtime?target=iris", &[], b"").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("connect-src 'self' https://iris.test") && policy.contains("frame-ancestors *"),
        "{policy}"
    );
    assert!(page.headers("set-cookie").is_empty() && !page.text().contains("<form"));
    let none = world.send("GET", "/connect/runtime?target=evil", &[], b"").await;
    let policy = none.header("content-security-policy").unwrap().to_owned();
    assert!(policy.ends_with("connect-src 'self'"), "{policy}");
}

#[tokio::test]
async fn threat_137_an_expired_or_other_token_opens_no_runtime() {
    let world = World::new().await;
    let (_notes, _iris, subject, token) = in_the_runtime(&world).await;
    for other in [&subject, "x.y.z"] {
        let answer = runtime_check(&world, other, "https://notes.test", KEY, "https://iris.test").await;
        assert_refused(&answer, "401 invalid_token");
    }
    world.clock.advance_secs(601);
    let late = runtime_check(&world, &token, "https://notes.test", KEY, "https://iris.test").await;
    assert_refused(&late, "401 token_expired");
}
