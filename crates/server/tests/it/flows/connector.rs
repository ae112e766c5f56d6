//! One app acts at another: asked, allowed, exchanged, taken back (seeds 000 and 001).

use serde_json::json;
use testkit::{TestApp, World, claims};

const KEY: &str = "iris:inference";

#[tokio::test]
async fn from_the_question_to_the_token_and_back() {
    for world in World::both().await {
        let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
        let mut ada = world.person("ada").await;
        let page = ada.opens(&notes.connects_to(KEY, "ask history", &[])).await;
        let text = page.text();
        for said in [
            "App notes",
            "App iris",
            "notes.test",
            "iris.test",
            "iris inference",
            "Ask questions in your name",
            "Read the questions you asked before",
            "Some risk:",
            "Only while you use",
            "does not know you yet",
            "/account/access",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let answer = ada.decides(&page, "allow").await;
        assert_eq!(answer.location_field("state").as_deref(), Some("st4te"));
        let code = answer.location_field("code").unwrap();
        let tokens = notes.redeems(&code).await.json();
        assert_eq!(tokens["scope"], "openid", "never a scope of the resource: {tokens}");
        assert!(tokens["id_token"].is_string());
        let subject = tokens["access_token_jwt"].as_str().unwrap();

        let exchanged = notes.exchanges(subject, &[("resource", KEY), ("scope", "ask")]).await;
        assert_eq!(exchanged.status, 200, "{exchanged:?}");
        assert_eq!(exchanged.header("cache-control"), Some("no-store"));
        let exchanged = exchanged.json();
        let token = exchanged["access_token"].as_str().unwrap();
        let mut rest = exchanged.clone();
        rest.as_object_mut().unwrap().remove("access_token");
        assert_eq!(
            rest,
            json!({
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer",
                "expires_in": 600, "scope": "ask", "audience": "https://iris.test/api", "target_resource": KEY,
                "communication_mode": "user_present",
            })
        );
        let told = claims(token);
        assert_eq!(told["iss"], world.issuer.as_str());
        assert_eq!(told["sub"], claims(subject)["sub"]);
        assert_eq!(told["sid"], claims(subject)["sid"]);
        assert_eq!(
            (&told["aud"], &told["cid"], &told["scope"], &told["target_resource"], &told["com_mode"]),
            (
                &json!("https://iris.test/api"),
                &json!(notes.client_id),
                &json!("ask"),
                &json!(KEY),
                &json!("user_present")
            )
        );
        assert!(told["grant_id"].is_string() && told["jti"].is_string() && told["act"].is_null(), "{told}");

        // Both ends may ask what it is; anybody else may not.
        let other = world.app("other", "").await;
        assert!(iris.sees_active(token).await && notes.sees_active(token).await && !other.sees_active(token).await);
        let seen = iris.introspects(token).await;
        assert_eq!((&seen["target_resource"], &seen["cid"]), (&json!(KEY), &json!(notes.client_id)));

        let listed = ada.opens("/api/oauth/delegations").await.json();
        let one = &listed["delegations"][0];
        assert_eq!(
            (&one["scope"], &one["targetResourceKey"], &one["sourceAppClientId"], &one["communicationMode"]),
            (&json!("ask history"), &json!(KEY), &json!(notes.client_id), &json!("user_present"))
        );
        let target = format!("/api/oauth/delegations/{}", one["id"].as_str().unwrap());
        let ended = ada.calls_with("DELETE", &target, &json!({})).await;
        assert_eq!((ended.status, ended.json()), (200, json!({ "success": true })));
        assert_eq!(ada.calls_with("DELETE", &target, &json!({})).await.status, 200, "ended is ended");
        assert!(!iris.sees_active(token).await && !notes.sees_active(token).await);
        let refused = notes.exchanges(subject, &[("resource", KEY)]).await;
        assert!(refused.refusal().starts_with("403 access_denied"), "{refused:?}");
        assert_eq!(ada.opens("/api/oauth/delegations").await.json()["delegations"], json!([]));
        let all = ada.opens("/api/oauth/delegations?status=all").await.json();
        assert_eq!(all["delegations"][0]["status"], "ended");
    }
}

#[tokio::test]
async fn the_seeds_names_in_json_and_the_standards_in_a_form_mean_the_same() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask", None).await;
    let body = json!({
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange", "clientId": notes.client_id,
        "clientSecret": notes.secret, "subjectToken": subject, "requestedResource": KEY, "requestedScope": "ask",
        "actor": { "agent": "summarizer", "sub": "somebody else" },
    });
    let headers = [("Content-Type", "application/json")];
    let answer = world.send("POST", "/api/oauth/token", &headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = claims(answer.json()["access_token"].as_str().unwrap());
    assert!(told["actor"].is_null() && told["act"].is_null(), "what the caller says of itself is not believed: {told}");
    for fields in [
        [
            ("audience", "https://iris.test/api"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ],
        [("resource", "https://iris.test/api"), ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")],
        [("resource", KEY), ("audience", "https://iris.test/api")],
        [("resource", KEY), ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")],
    ] {
        let answer = notes.exchanges(&subject, &fields).await;
        assert_eq!(answer.status, 200, "{fields:?} {answer:?}");
    }
}

/// The refusals of an exchange, by their fields.
async fn refusals(app: &TestApp<'_>, subject: &str, tries: &[&[(&str, &str)]]) -> Vec<String> {
    let mut said = Vec::new();
    for fields in tries {
        let refusal = app.exchanges(subject, fields).await.refusal();
        said.push(refusal.split(':').next().unwrap_or_default().to_owned());
    }
    said
}

#[tokio::test]
async fn each_check_has_its_own_code_in_its_own_place() {
    let world = World::new().await;
    let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask history", None).await;
    let kind = "urn:ietf:params:oauth:token-type:id_token";
    let said = refusals(
        &notes,
        &subject,
        &[
            &[],
            &[("resource", KEY), ("subject_token_type", kind)],
            &[("resource", KEY), ("requested_token_type", kind)],
            &[("resource", KEY), ("actor_token", "x"), ("actor_token_type", kind)],
            &[("resource", "no:such")],
            &[("resource", "no:such"), ("scope", "nothing")],
            &[("resource", KEY), ("audience", "no:such")],
            &[("resource", KEY), ("scope", "nothing")],
            &[("resource", KEY), ("scope", "")],
            &[("resource", KEY), ("scope", "openid")],
            &[("resource", KEY), ("scope", "ask erase")],
        ],
    )
    .await;
    let expected = [
        "400 invalid_request",
        "400 invalid_request",
        "400 invalid_request",
        "400 invalid_request",
        "400 invalid_target",
        "400 invalid_target",
        "400 invalid_target",
        "400 invalid_scope",
        "400 invalid_scope",
        "400 invalid_scope",
        "400 invalid_scope",
    ];
    assert_eq!(said, expected);
    for (subject, target, code) in [
        ("x.y.z", KEY, "400 invalid_grant"),
        // The subject is asked before the resource.
        ("x.y.z", "no:such", "400 invalid_grant"),
    ] {
        assert_eq!(refusals(&notes, subject, &[&[("resource", target)]]).await, [code]);
    }
    // Nobody but the client that it was issued to; and without what the person allowed, nothing.
    assert_eq!(refusals(&iris, &subject, &[&[("resource", KEY)]]).await, ["400 invalid_grant"]);
    let mut bob = world.person("bob").await;
    let code = bob.approves(&notes, "openid").await;
    let plain = notes.redeems(&code).await.json()["access_token_jwt"].as_str().unwrap().to_owned();
    // The scope is looked at before the grant.
    let tries: &[&[(&str, &str)]] = &[&[("resource", KEY)], &[("resource", KEY), ("scope", "nothing")]];
    assert_eq!(refusals(&notes, &plain, tries).await, ["403 access_denied", "400 invalid_scope"]);
}

#[tokio::test]
async fn the_opaque_token_is_refused_with_the_name_of_the_right_one() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let code = ada.connects(&notes, KEY, "ask", None).await;
    let tokens = notes.redeems(&code).await.json();
    let refused = notes.exchanges(tokens["access_token"].as_str().unwrap(), &[("resource", KEY)]).await;
    assert!(refused.refusal().starts_with("400 invalid_grant") && refused.refusal().contains("access_token_jwt"));
    let id_token = tokens["id_token"].as_str().unwrap();
    assert!(notes.exchanges(id_token, &[("resource", KEY)]).await.refusal().starts_with("400 invalid_grant"));
}

#[tokio::test]
async fn an_unchanged_request_is_one_sentence_and_a_wider_one_a_difference() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    ada.allows(&notes, KEY, "ask", None).await;
    let again = ada.opens(&notes.connects_to(KEY, "ask", &[])).await;
    assert!(again.text().contains("go on using") && again.text().contains("Continue"), "{again:?}");
    let code = ada.decides(&again, "allow").await.location_field("code").unwrap();
    assert_eq!(notes.redeems(&code).await.status, 200);
    let wider = ada.opens(&notes.connects_to(KEY, "ask erase", &[])).await;
    let text = wider.text();
    assert!(text.contains("Already allowed") && text.contains(">New<") && text.contains("High risk:"), "{text}");
    let code = ada.decides(&wider, "allow").await.location_field("code").unwrap();
    let tokens = notes.redeems(&code).await.json();
    let subject = tokens["access_token_jwt"].as_str().unwrap();
    let all = notes.exchanges(subject, &[("resource", KEY)]).await.json();
    assert_eq!(all["scope"], "ask erase", "absent is all that was allowed");
    // A narrower request changes nothing.
    let narrow = ada.allows(&notes, KEY, "ask", None).await;
    assert_eq!(notes.exchanges(&narrow, &[("resource", KEY)]).await.json()["scope"], "ask erase");
}

#[tokio::test]
async fn denying_tells_the_app_and_both_sides_developers() {
    let world = World::new().await;
    let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let page = ada.opens(&notes.connects_to(KEY, "ask", &[])).await;
    let denied = ada.decides(&page, "deny").await;
    assert_eq!(denied.location_field("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.location_field("state").as_deref(), Some("st4te"));
    let told = journal_of(&world, &iris).await;
    assert_eq!(told, ["connector.denied"]);
    assert_eq!(ada.opens("/api/oauth/delegations?status=all").await.json()["delegations"], json!([]));
}

/// What the journal tells the developers of a target.
async fn journal_of(world: &World, app: &TestApp<'_>) -> Vec<String> {
    let id = base::AppId::from_text(&app.client_id);
    let read = world.store.read(move |tx| ledger::journal::list_of_target(tx, &id, i64::MAX, 50));
    read.await.unwrap().into_iter().rev().map(|told: ledger::journal::Told| told.act).collect()
}

#[tokio::test]
async fn grants_exchanges_and_refusals_are_told_to_the_person_and_to_both_developers() {
    for world in World::both().await {
        let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
        let mut ada = world.person("ada").await;
        let subject = ada.allows(&notes, KEY, "ask", None).await;
        notes.delegated(&subject, KEY).await;
        notes.exchanges(&subject, &[("resource", KEY), ("scope", "erase")]).await;
        let expected = ["connector.allowed", "connector.granted", "token.exchanged", "token_exchange.refused"];
        assert_eq!(journal_of(&world, &iris).await, expected);
        let id = base::AppId::from_text(&notes.client_id);
        let rows = world.store.read(move |tx| ledger::journal::list_of_app(tx, &id, i64::MAX, 50)).await.unwrap();
        let person = rows.iter().find_map(|row: &ledger::journal::Told| row.account.clone()).unwrap();
        for act in expected {
            assert!(rows.iter().any(|row| row.act == act && row.account.as_ref() == Some(&person)), "{act}");
        }
        let refused = rows.iter().find(|row| row.act == "token_exchange.refused").unwrap();
        assert_eq!(refused.detail.as_ref().unwrap()["error"], "invalid_scope");
        let own =
            world.store.read(move |tx| ledger::journal::list_of_account(tx, &person, i64::MAX, 50)).await.unwrap();
        assert!(expected.iter().all(|act| own.iter().any(|row: &ledger::journal::Told| row.act == *act)));
    }
}

#[tokio::test]
async fn silence_needs_a_permission_for_when_one_is_away() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut nobody = world.browser();
    let silent = notes.connects_to(KEY, "ask", &[("mode", "background")]);
    assert_eq!(nobody.opens(&silent).await.location_field("error").as_deref(), Some("login_required"));
    let mut ada = world.person("ada").await;
    assert_eq!(ada.opens(&silent).await.location_field("error").as_deref(), Some("consent_required"));
    ada.allows(&notes, KEY, "ask", Some("using")).await;
    assert_eq!(ada.opens(&silent).await.location_field("error").as_deref(), Some("consent_required"));
    let subject = ada.allows(&notes, KEY, "ask", Some("away")).await;
    let exchanged = notes.exchanges(&subject, &[("resource", KEY)]).await.json();
    assert_eq!(exchanged["communication_mode"], "background");
    let code = ada.opens(&silent).await.location_field("code").unwrap();
    let tokens = notes.redeems(&code).await.json();
    let subject = tokens["access_token_jwt"].as_str().unwrap();
    assert_eq!(notes.exchanges(subject, &[("resource", KEY)]).await.status, 200);
    let wider = notes.connects_to(KEY, "ask erase", &[("mode", "background")]);
    assert_eq!(ada.opens(&wider).await.location_field("error").as_deref(), Some("consent_required"));
    // The choice is shown as it stands, and changes only when it is changed there.
    let page = ada.opens(&notes.connects_to(KEY, "ask erase", &[])).await;
    assert!(page.text().contains("as you allowed before"), "{page:?}");
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    let subject = notes.redeems(&code).await.json()["access_token_jwt"].as_str().unwrap().to_owned();
    let exchanged = notes.exchanges(&subject, &[("resource", KEY)]).await.json();
    assert_eq!((&exchanged["communication_mode"], &exchanged["scope"]), (&json!("background"), &json!("ask erase")));
}

#[tokio::test]
async fn what_was_granted_to_the_app_before_comes_with_the_code() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    ada.approves(&notes, "openid profile offline_access").await;
    let page = ada.opens(&notes.connects_to(KEY, "ask", &[])).await;
    assert!(!page.text().contains("does not know you yet"));
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    let tokens = notes.redeems(&code).await.json();
    assert_eq!(tokens["scope"], "openid profile offline_access");
    assert!(tokens["refresh_token"].is_string());
    // An app that may not have openid gets no ID token.
    let bare = world.app("bare", "scopes = [\"profile\"]").await;
    let code = ada.connects(&bare, KEY, "ask", None).await;
    let tokens = bare.redeems(&code).await.json();
    assert!(tokens["id_token"].is_null() && tokens["scope"] == "", "{tokens}");
    let subject = tokens["access_token_jwt"].as_str().unwrap();
    assert_eq!(bare.exchanges(subject, &[("resource", KEY)]).await.status, 200);
}

#[tokio::test]
async fn a_confidential_app_needs_no_challenge_and_one_that_came_is_demanded() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let without = notes.connects_to(KEY, "ask", &[("code_challenge", ""), ("code_challenge_method", "")]);
    let page = ada.opens(&without).await;
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    let redeem = [("grant_type", "authorization_code"), ("redirect_uri", notes.redirect_uri.as_str())];
    let mut fields = redeem.to_vec();
    fields.push(("code", &code));
    assert_eq!(notes.asks(&fields).await.status, 200);
    let code = ada.connects(&notes, KEY, "ask", None).await;
    let mut fields = redeem.to_vec();
    fields.push(("code", &code));
    assert!(notes.asks(&fields).await.refusal().starts_with("400 invalid_request"));
    assert_eq!(notes.redeems(&code).await.status, 200);
}

#[tokio::test]
async fn the_same_request_works_through_sign_in_and_says_what_is_wrong() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    let through = notes.request(&[("resource", KEY), ("scope", "ask")]);
    assert!(ada.opens(&through).await.text().contains("in your name"));
    for (more, code) in [
        ([("resource", KEY), ("scope", "")], "invalid_scope"),
        ([("resource", KEY), ("scope", "ask nothing")], "invalid_scope"),
        ([("resource", KEY), ("scope", "openid")], "invalid_scope"),
        ([("resource", "no:such"), ("scope", "ask")], "invalid_target"),
        ([("resource", ""), ("scope", "ask")], "invalid_request"),
    ] {
        let target = notes.request(&more).replacen("/signin?", "/connect?", 1);
        let answer = ada.opens(&target).await;
        assert_eq!(answer.location_field("error").as_deref(), Some(code), "{more:?}");
        assert_eq!(answer.location_field("state").as_deref(), Some("st4te"));
    }
    let odd = notes.connects_to(KEY, "ask", &[("mode", "sometimes")]);
    assert_eq!(ada.opens(&odd).await.location_field("error").as_deref(), Some("invalid_request"));
    let posted =
        ada.posts("/connect", &[("client_id", notes.client_id.as_str()), ("redirect_uri", &notes.redirect_uri)]).await;
    assert_eq!(posted.location_field("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn signing_out_ends_what_needs_the_person_and_nothing_else() {
    let world = World::new().await;
    let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    ada.approves(&notes, "openid offline_access").await;
    for (when, survives) in [("using", false), ("away", true)] {
        ada.signs_in().await;
        let subject = ada.allows(&notes, KEY, "ask", Some(when)).await;
        let token = notes.delegated(&subject, KEY).await;
        let page = ada.opens("/logout").await;
        let csrf = page.form_with("csrf")["csrf"].clone();
        let signed_out = ada.posts("/logout/confirm", &[("csrf", &csrf)]).await;
        assert!(signed_out.status < 400, "{signed_out:?}");
        assert_eq!(iris.sees_active(&token).await, survives, "{when}");
        let again = notes.exchanges(&subject, &[("resource", KEY)]).await;
        assert_eq!(again.status == 200, survives, "{when} {again:?}");
        if !survives {
            assert!(again.refusal().starts_with("403 access_denied"), "{again:?}");
        }
    }
}

#[tokio::test]
async fn chains_are_for_the_owner_and_only_ever_narrower() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let iris = world.target("iris", "allow_chains = true").await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, KEY, "ask history erase", None).await;
    let token = notes.delegated(&subject, KEY).await;
    let narrower = iris.exchanges(&token, &[("resource", KEY), ("scope", "ask history")]).await;
    assert_eq!(narrower.status, 200, "{narrower:?}");
    let second = narrower.json()["access_token"].as_str().unwrap().to_owned();
    let told = claims(&second);
    assert_eq!(told["act"], json!({ "sub": iris.client_id, "act": { "sub": notes.client_id } }));
    assert_eq!((&told["cid"], &told["client_id"]), (&json!(notes.client_id), &json!(iris.client_id)));
    assert!(told["exp"].as_i64() <= claims(&token)["exp"].as_i64());
    let third = iris.exchanges(&second, &[("resource", KEY), ("scope", "ask")]).await.json();
    let third = third["access_token"].as_str().unwrap();
    assert_eq!(claims(third)["act"]["act"]["act"]["sub"], notes.client_id.as_str());
    // Ending the first ends those that came of it.
    iris.posts("/api/oauth/revoke", &[("token", &token)]).await;
    for token in [&token, &second, third] {
        assert!(!iris.sees_active(token).await);
    }
}

#[tokio::test]
async fn a_session_token_opens_the_list_and_nothing_else() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let mut ada = world.person("ada").await;
    ada.allows(&notes, KEY, "ask", None).await;
    let page = ada.opens("/account/tokens").await;
    assert_eq!(page.status, 200, "{page:?}");
    let csrf = page.form_with("csrf")["csrf"].clone();
    let made = ada.posts("/account/tokens", &[("csrf", &csrf), ("name", "Script")]).await;
    let text = made.text();
    let start = text.find("pst_").unwrap_or_else(|| panic!("{text}"));
    let token: String = text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect();
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Origin", "https://elsewhere.test")];
    let listed = world.send("GET", "/api/oauth/delegations", &headers, b"").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    assert_eq!(listed.header("access-control-allow-origin"), Some("*"));
    let id = listed.json()["delegations"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.send("GET", "/api/oauth/userinfo", &headers, b"").await.status, 401);
    assert_eq!(world.send("GET", "/api/v1/apps", &headers, b"").await.status, 401);
    let ended = world.send("DELETE", &format!("/api/oauth/delegations/{id}"), &headers, b"").await;
    assert_eq!(ended.status, 200);
    // Signing out everywhere ends it.
    let csrf = ada.opens("/account/devices/end").await.form_with("csrf")["csrf"].clone();
    ada.posts("/account/devices/end", &[("csrf", &csrf)]).await;
    assert_eq!(world.send("GET", "/api/oauth/delegations", &headers, b"").await.status, 401);
}
