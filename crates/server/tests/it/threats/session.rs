//! Section 7 at the pages, and the platform rows that every answer meets.

use testkit::{Answer, Browser, World};

#[tokio::test]
async fn threat_099_cookies_are_closed_to_scripts_and_other_sites() {
    let world = World::new().await;
    let mut ada = world.browser();
    let done = ada.registers("ada").await;
    let cookie = done
        .headers("set-cookie")
        .into_iter()
        .find(|cookie| cookie.starts_with("procura_") && !cookie.starts_with("procura_flow"))
        .unwrap();
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax")
            && cookie.contains("Path=/")
            && !cookie.contains("Secure"),
        "{cookie}"
    );
    let https = World::with(&[("PROCURA_ISSUER", "https://id.test")]).await;
    let mut bob = https.browser();
    let done = bob.registers("bob").await;
    let cookie = done.headers("set-cookie").into_iter().find(|cookie| cookie.starts_with("__Host-procura=")).unwrap();
    assert!(
        cookie.contains("Secure")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax")
            && !cookie.contains("Domain"),
        "{cookie}"
    );
}

#[tokio::test]
async fn threat_100_a_decision_needs_token_and_origin() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let page = ada.is_sent_by(&app, "openid").await;
    let fields = page.form_with("flow");
    let (flow, csrf, identity) = (&*fields["flow"], &*fields["csrf"], &*fields["identity"]);
    let all = [("flow", flow), ("csrf", csrf), ("identity", identity), ("decision", "allow")];
    let body = testkit::world::form(&all);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for origin in [Some("https://evil.test"), Some("null"), None] {
        let mut headers = vec![kind];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        assert_eq!(ada.sends("POST", "/signin/decision", &headers, body.as_bytes()).await.status, 403, "{origin:?}");
    }
    let cross = [kind, ("Origin", &*world.issuer.clone()), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(ada.sends("POST", "/signin/decision", &cross, body.as_bytes()).await.status, 403);
    let mut mallory = world.person("mallory").await;
    let other = mallory.is_sent_by(&app, "openid").await.form_with("flow");
    for csrf in ["", "x", &*other["csrf"]] {
        let answer = ada
            .posts("/signin/decision", &[("flow", flow), ("csrf", csrf), ("identity", identity), ("decision", "allow")])
            .await;
        assert_eq!(answer.status, 403, "{csrf}");
    }
    assert_eq!(
        ada.opens(&format!("/signin/decision?flow={flow}&decision=allow&csrf={csrf}&identity={identity}")).await.status,
        404
    );
    assert!(ada.posts("/signin/decision", &all).await.location_field("code").is_some());
}

#[tokio::test]
async fn threat_101_the_form_carries_nothing_of_the_request() {
    let world = World::new().await;
    let (honest, other) = (world.app("honest", "").await, world.app("other", "").await);
    let mut ada = world.person("ada").await;
    let one = ada.is_sent_by(&honest, "openid").await;
    let two = ada.is_sent_by(&other, "openid email").await;
    let mut names: Vec<String> = one.form_with("flow").into_keys().collect();
    names.sort();
    assert_eq!(names, ["csrf", "flow", "identity"]);
    let fields = one.form_with("flow");
    let swapped = [
        ("flow", &*fields["flow"]),
        ("csrf", &*fields["csrf"]),
        ("identity", &*fields["identity"]),
        ("decision", "allow"),
        ("client_id", &*other.client_id),
        ("scope", "openid email profile"),
        ("redirect_uri", "https://evil.test/"),
    ];
    let answer = ada.posts("/signin/decision", &swapped).await;
    assert!(answer.location().starts_with("https://honest.test/cb?"));
    let tokens = honest.redeems(&answer.location_field("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "openid");
    assert!(ada.decides(&two, "allow").await.location().starts_with("https://other.test/cb?"));
}

#[tokio::test]
async fn threat_102_a_client_cannot_declare_that_consent_was_given() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let target = format!("{}&interactionMode=instant&interaction_mode=instant&approval_prompt=auto", app.request(&[]));
    let page = ada.opens(&target).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("name=\"decision\""));
}

#[tokio::test]
async fn threat_103_no_page_can_be_framed() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let mut pages: Vec<Answer> = vec![ada.is_sent_by(&app, "openid").await];
    for path in ["/", "/account", "/developers", "/logout", "/nowhere", "/signin"] {
        pages.push(ada.opens(path).await);
    }
    let mut nobody = world.browser();
    for path in ["/login", "/register", "/"] {
        pages.push(nobody.opens(path).await);
    }
    for page in pages {
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{page:?}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn threat_112_signing_out_cannot_be_forced_or_turned_into_a_redirect() {
    let world = World::new().await;
    let app = world.app("app", "post_logout_redirect_uris = [\"https://app.test/bye\"]").await;
    let other = world.app("other", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid").await;
    let hint = app.redeems(&code).await.json()["id_token"].as_str().unwrap().to_owned();
    let go = |fields: &[(&str, &str)]| format!("/logout?{}", testkit::world::form(fields));

    for bad in [
        go(&[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.test/")]),
        go(&[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://app.test/bye/")]),
        go(&[("post_logout_redirect_uri", "https://app.test/bye")]),
        go(&[
            ("id_token_hint", &hint),
            ("client_id", &other.client_id),
            ("post_logout_redirect_uri", "https://app.test/bye"),
        ]),
        go(&[("id_token_hint", "a.b.c")]),
    ] {
        let answer = ada.opens(&bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(is_signed_in(&mut ada).await);
    }
    // Without a hint the person is asked.
    let asked = ada
        .opens(&go(&[
            ("client_id", &app.client_id),
            ("post_logout_redirect_uri", "https://app.test/bye"),
            ("state", "s"),
        ]))
        .await;
    assert_eq!(asked.status, 200);
    assert!(is_signed_in(&mut ada).await);
    // A hint of somebody else's session does not sign this one out.
    let mut bob = world.person("bob").await;
    assert_eq!(bob.opens(&go(&[("id_token_hint", &hint)])).await.status, 200);
    assert!(is_signed_in(&mut bob).await);
    // An expired hint of this very session does.
    world.clock.advance_secs(7200);
    let done = ada
        .opens(&go(&[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://app.test/bye"), ("state", "s")]))
        .await;
    assert_eq!(done.location(), "https://app.test/bye?state=s");
    assert!(!is_signed_in(&mut ada).await);
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.opens("/account").await.status == 200
}

#[tokio::test]
async fn threat_177_only_configuration_decides_what_we_are_called() {
    let world = World::new().await;
    for header in ["X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "Forwarded"] {
        let value = if header == "Forwarded" { "host=evil.test;proto=https" } else { "evil.test" };
        let answer = world.send("GET", "/.well-known/openid-configuration", &[(header, value)], b"").await;
        assert_eq!(answer.json()["issuer"].as_str(), Some(&*world.issuer));
    }
    for host in ["evil.test", "localhost.evil.test", "localhost:1"] {
        let answer = world.send("GET", "/.well-known/openid-configuration", &[("Host", host)], b"").await;
        assert_eq!(answer.status, 421, "{host}");
    }
    let absolute = format!("GET http://evil.test/ HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", world.host());
    assert_eq!(testkit::http::raw(&world.address, absolute.as_bytes()).await.status, 421);
    // Somebody typed 127.0.0.1: a link to the same path at the issuer.
    let moved = world.send("GET", "/account?x=1", &[("Host", &world.address)], b"").await;
    assert_eq!(moved.status, 421);
    assert!(moved.text().contains(&format!("{}/account?x=1", world.issuer)), "{moved:?}");
}
