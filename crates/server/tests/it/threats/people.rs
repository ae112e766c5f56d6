//! Section 7 at the endpoints that sign people in. What is met before HTTP is proven in `people`.

use serde_json::json;
use testkit::passkey::Twist;
use testkit::{SoftPasskey, World};

#[tokio::test]
async fn threat_097_the_cookie_changes_at_sign_in_and_at_step_up() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let name = ada.cookies.keys().find(|name| !name.contains("flow")).unwrap().clone();
    let (flow_name, flow) =
        ada.cookies.iter().find(|(name, _)| name.contains("flow")).map(|(a, b)| (a.clone(), b.clone())).unwrap();
    let mut seen = vec![ada.cookies[&name].clone()];
    // The person signs in again on top of a cookie that somebody may have planted.
    assert_eq!(ada.signs_in().await.status, 200);
    seen.push(ada.cookies[&name].clone());
    let started = ada.calls("/api/login/start", &json!({})).await.json();
    let credential = ada.passkey.as_mut().unwrap().assert(&started["authOptions"], &world.issuer);
    let body = json!({ "authSessionId": started["authSessionId"], "credential": credential });
    assert_eq!(ada.calls("/api/login/step-up", &body).await.status, 200);
    seen.push(ada.cookies[&name].clone());
    assert!(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
    for (number, cookie) in seen.iter().enumerate() {
        let line = format!("{name}={cookie}; {flow_name}={flow}");
        let answer = world.send("GET", "/api/security", &[("Cookie", &line)], b"").await;
        assert_eq!(answer.status, if number == 2 { 200 } else { 401 }, "{number}");
    }
}

#[tokio::test]
async fn threat_098_nobody_is_signed_in_from_another_site_or_with_anothers_ceremony() {
    let world = World::new().await;
    let mut mallory = world.person("mallory").await;
    let started = mallory.calls("/api/login/start", &json!({})).await.json();
    let credential = mallory.passkey.as_mut().unwrap().assert(&started["authOptions"], &world.issuer);
    let body = json!({ "authSessionId": started["authSessionId"], "credential": credential });
    let mut victim = world.browser();
    victim.calls("/api/login/start", &json!({})).await;
    let planted = victim.calls("/api/login/passkey", &body).await;
    assert_eq!((planted.status, planted.json()["error"].as_str()), (400, Some("ceremony_expired")));
    assert!(!victim.cookies.keys().any(|name| !name.contains("flow")));

    let issuer = world.issuer.clone();
    for headers in [
        vec![("Origin", "https://evil.test")],
        vec![("Origin", "null")],
        vec![("Origin", &*issuer), ("Sec-Fetch-Site", "cross-site")],
        vec![("Origin", &*issuer), ("Sec-Fetch-Site", "same-site")],
        vec![],
    ] {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend(headers.iter().copied());
        for target in [
            "/api/login/passkey",
            "/api/login/start",
            "/api/login/trust-code",
            "/api/login/finish-approval",
            "/api/register/complete",
        ] {
            assert_eq!(
                mallory.sends("POST", target, &all, body.to_string().as_bytes()).await.status,
                403,
                "{target} {headers:?}"
            );
        }
    }
}

#[tokio::test]
async fn threat_100_nothing_about_an_account_changes_from_another_site() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for (method, target) in [
        ("POST", "/api/security/passkeys/register"),
        ("POST", "/api/security/passkeys/complete"),
        ("PATCH", "/api/security/passkeys/x"),
        ("DELETE", "/api/security/passkeys/x"),
        ("POST", "/api/security/trust-codes/regenerate"),
        ("POST", "/api/devices/approve-request"),
        ("POST", "/api/devices/deny-request"),
        ("DELETE", "/api/devices/x"),
        ("POST", "/api/identities"),
        ("DELETE", "/api/identities/x"),
        ("POST", "/api/identities/x/email/start"),
        ("DELETE", "/api/identities/x/email"),
        ("POST", "/api/login/logout"),
        ("DELETE", "/api/mydata"),
    ] {
        for origin in [Some("https://evil.test"), None] {
            let mut headers = vec![("Content-Type", "application/json")];
            headers.extend(origin.map(|origin| ("Origin", origin)));
            assert_eq!(ada.sends(method, target, &headers, b"{}").await.status, 403, "{method} {target} {origin:?}");
        }
    }
    for target in [
        "/api/login/logout",
        "/api/login/finish-approval",
        "/account/devices/end",
        "/recover",
        "/login/link",
        "/step-up",
    ] {
        let before = ada.cookies.clone();
        ada.opens(target).await;
        assert_eq!(ada.cookies, before, "{target}");
    }
    let forms = [
        "/account/codes",
        "/account/data/end",
        "/account/devices/end",
        "/account/identities",
        "/approve",
        "/account/data/export",
    ];
    let issuer = world.issuer.clone();
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for target in forms {
        assert_eq!(ada.posts(target, &[]).await.status, 403, "{target} without a token");
        assert_eq!(ada.posts(target, &[("csrf", "x")]).await.status, 403, "{target} with a wrong token");
        let csrf = ada.opens("/account/data").await.form_with("csrf")["csrf"].clone();
        let body = testkit::world::form(&[("csrf", &csrf)]);
        let cross = [kind, ("Origin", &*issuer), ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(ada.sends("POST", target, &cross, body.as_bytes()).await.status, 403, "{target} from elsewhere");
    }
    assert_eq!(ada.opens("/api/security").await.status, 200);
}

#[tokio::test]
async fn threat_104_sign_in_answers_the_same_for_everybody() {
    let world = World::new().await;
    let mut ada = world.browser();
    let code = ada.registers("ada").await.json()["recoveryCodes"][0].as_str().unwrap().to_owned();
    let mut shapes = Vec::new();
    for body in [json!({ "handle": "ada" }), json!({ "handle": "nobody_here" }), json!({})] {
        let answer = world.browser().calls("/api/login/start", &body).await;
        assert_eq!(answer.status, 200);
        let options = answer.json()["authOptions"].clone();
        assert_eq!(options["allowCredentials"], json!([]));
        let mut names: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["authOptions", "authSessionId"]);
        shapes.push((answer.body.len(), answer.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()));
    }
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:?}");

    let mut refusals = Vec::new();
    for (handle, code) in
        [("ada", "WRONG"), ("nobody_here", "WRONG"), ("nobody_here", code.as_str()), ("not a handle!", code.as_str())]
    {
        let answer = world.browser().calls("/api/login/trust-code", &json!({ "handle": handle, "code": code })).await;
        refusals.push((answer.status, answer.text()));
    }
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "{refusals:?}");
    let asked: Vec<usize> = {
        let mut sizes = Vec::new();
        for handle in ["ada", "nobody_here"] {
            sizes.push(
                world.browser().calls("/api/login/request-approval", &json!({ "handle": handle })).await.body.len(),
            );
        }
        sizes
    };
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn threat_106_a_copied_passkey_is_refused_and_its_person_told() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let copy = ada.passkey.clone();
    assert_eq!(ada.signs_in().await.status, 200);
    let mut thief = world.browser();
    thief.passkey = copy;
    let refused = thief.signs_in().await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("passkey_copied")));
    assert!(ada.opens("/account/activity").await.text().contains("may have been copied"));
}

#[tokio::test]
async fn threat_105_huge_and_malformed_answers_are_refused_quickly() {
    let world = World::new().await;
    let mut ada = world.browser();
    for twist in [
        Twist { torn: true, ..Twist::default() },
        Twist { padding: 100_000, ..Twist::default() },
        Twist { cross_origin: true, ..Twist::default() },
    ] {
        let started = ada.calls("/api/register/start", &json!({ "handle": "ada" })).await.json();
        let (_, credential) = SoftPasskey::register_with(&started["options"], &world.issuer, &twist);
        let body = json!({ "tempUserId": started["tempUserId"], "credential": credential, "identity": { "displayName": "Ada", "handle": "ada" } });
        let answer = ada.calls("/api/register/complete", &body).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("passkey_refused")), "{twist:?}");
    }
}

#[tokio::test]
async fn threat_108_an_old_session_adds_no_passkey() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    world.clock.advance_secs(301);
    for (method, target) in [
        ("POST", "/api/security/passkeys/register"),
        ("DELETE", "/api/security/passkeys/x"),
        ("POST", "/api/security/trust-codes/regenerate"),
        ("GET", "/api/mydata/export"),
        ("DELETE", "/api/mydata"),
    ] {
        let answer = ada.calls_with(method, target, &json!({})).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (403, Some("step_up_required")), "{target}");
    }
}

#[tokio::test]
async fn threat_109_guessing_codes_runs_into_a_wall_that_holds_for_every_node() {
    let world = World::with(&[("PROCURA_RATE_LIMITS", "on")]).await;
    let mut ada = world.browser();
    let code = ada.registers("ada").await.json()["recoveryCodes"][0].as_str().unwrap().to_owned();
    let guess = |code: &str| json!({ "handle": "ada", "code": code });
    for _ in 0..5 {
        assert_eq!(world.browser().calls("/api/login/trust-code", &guess("0000")).await.status, 400);
    }
    assert_eq!(world.browser().calls("/api/login/trust-code", &guess(&code)).await.status, 429);
    world.clock.advance_secs(31 * 60);
    assert_eq!(world.browser().calls("/api/login/trust-code", &guess(&code)).await.status, 200);
}

#[tokio::test]
async fn threat_111_look_alike_handles_are_refused() {
    let world = World::new().await;
    world.person("google").await;
    let mut eve = world.browser();
    for handle in ["GOOGLE", "g00gle", "gооgle", "ｇｏｏｇｌｅ", "google\u{200b}"] {
        let answer = eve.calls("/api/register/start", &json!({ "handle": handle })).await;
        assert_eq!(answer.status, 400, "{handle}");
    }
}
