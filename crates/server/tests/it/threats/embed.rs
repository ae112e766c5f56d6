//! Rows 103, 138 and 139: pages of ours inside an app's page.

use testkit::{Answer, TestApp, World};

const FRAME: [(&str, &str); 2] = [("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Site", "cross-site")];

fn policy(answer: &Answer) -> &str {
    answer.header("content-security-policy").unwrap()
}

fn data(answer: &Answer, name: &str) -> Option<String> {
    let text = answer.text();
    let (_, rest) = text.split_once(&format!("data-{name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#38;", "&").replace("&amp;", "&"))
}

fn embedded(app: &TestApp<'_>, more: &[(&str, &str)]) -> String {
    let mut fields = vec![("embed", "1")];
    fields.extend(more);
    app.request(&fields)
}

#[tokio::test]
async fn threat_103_only_the_apps_own_origins_may_frame_and_a_frame_holds_no_form() {
    let world = World::new().await;
    let notes = world.app("notes", "website_url = \"https://www.notes.test/\"").await;
    let mut ada = world.person("ada").await;
    let gate = ada.sends("GET", &embedded(&notes, &[]), &FRAME, b"").await;
    assert_eq!(gate.status, 200, "{gate:?}");
    assert!(policy(&gate).contains("frame-ancestors https://notes.test https://www.notes.test;"), "{}", policy(&gate));
    assert!(!gate.text().contains("<form") && !gate.text().contains("name=\"decision\""));
    assert_eq!(data(&gate, "origins").unwrap(), "https://notes.test https://www.notes.test");
    // Everything else stays out of frames, whatever it is asked with.
    for target in ["/login", "/account", "/developers", "/", &notes.request(&[])] {
        let answer = ada.sends("GET", target, &FRAME, b"").await;
        if answer.status == 200 {
            assert!(policy(&answer).contains("frame-ancestors 'none'"), "{target}");
        }
    }
    let top = ada.sends("GET", &embedded(&notes, &[]), &[("Sec-Fetch-Dest", "document")], b"").await;
    assert!(policy(&top).contains("frame-ancestors 'none'") && top.text().contains("name=\"decision\""));
}

#[tokio::test]
async fn threat_103_the_form_comes_only_to_our_own_script_and_works_only_in_the_frame() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let gate = ada.sends("GET", &embedded(&notes, &[]), &FRAME, b"").await;
    let url = data(&gate, "consent-url").expect("a form may come");
    let origin = world.issuer.clone();
    let script = [("X-Procura-Embed", "1"), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    for headers in [
        vec![],
        vec![("Origin", origin.as_str())],
        vec![("X-Procura-Embed", "1"), ("Origin", "https://notes.test"), ("Sec-Fetch-Site", "cross-site")],
    ] {
        assert_eq!(ada.sends("POST", &url, &headers, b"").await.status, 403, "{headers:?}");
    }
    assert_eq!(world.browser().sends("POST", &url, &script, b"").await.status, 403, "nobody is signed in");
    let form = ada.sends("POST", &url, &script, b"").await;
    assert_eq!(form.status, 200, "{form:?}");
    let mut fields = form.form_with("flow");
    fields.insert("decision".into(), "allow".into());
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = testkit::form(&pairs);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let inside = [kind, ("Origin", origin.as_str()), ("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Site", "same-origin")];
    let outside =
        [kind, ("Origin", origin.as_str()), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "same-origin")];
    let foreign =
        [kind, ("Origin", "https://notes.test"), ("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Site", "cross-site")];
    for headers in [outside, foreign] {
        assert_eq!(ada.sends("POST", "/signin/embed/decision", &headers, body.as_bytes()).await.status, 403);
    }
    let forged = body.replace(&fields["csrf"], "x");
    assert_eq!(ada.sends("POST", "/signin/embed/decision", &inside, forged.as_bytes()).await.status, 403);
    let told = ada.sends("POST", "/signin/embed/decision", &inside, body.as_bytes()).await;
    let message: serde_json::Value = serde_json::from_str(&data(&told, "message").unwrap()).unwrap();
    assert_eq!(message["type"], "ave:success", "{told:?}");
    let redirect = message["payload"]["redirectUrl"].as_str().unwrap();
    assert!(redirect.starts_with("https://notes.test/cb?code=pac_") && redirect.contains("state=st4te"));
    assert!(policy(&told).contains("frame-ancestors https://notes.test;"));
}

#[tokio::test]
async fn threat_103_an_unregistered_app_gets_no_form_and_no_code_in_its_frame() {
    let world = World::new().await;
    let quick = TestApp {
        world: &world,
        client_id: "origin:https://quick.test".into(),
        secret: None,
        redirect_uri: "https://quick.test/cb".into(),
    };
    let mut ada = world.person("ada").await;
    ada.approves(&quick, "openid").await;
    let gate = ada.sends("GET", &embedded(&quick, &[]), &FRAME, b"").await;
    assert!(data(&gate, "consent-url").is_none() && data(&gate, "relay-url").is_some(), "{gate:?}");
}

#[tokio::test]
async fn threat_138_the_answer_goes_to_registered_origins_and_nowhere_a_request_says() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let silent =
        [("prompt", "none"), ("parent_origin", "https://evil.test"), ("redirect_uri", "https://notes.test/cb")];
    let told = ada.sends("GET", &embedded(&notes, &silent), &FRAME, b"").await;
    assert_eq!(data(&told, "origins").unwrap(), "https://notes.test");
    let message: serde_json::Value = serde_json::from_str(&data(&told, "message").unwrap()).unwrap();
    assert_eq!((&message["type"], &message["payload"]["error"]), (&"ave:error".into(), &"consent_required".into()));
    let nobody = world.browser().sends("GET", &embedded(&notes, &silent), &FRAME, b"").await;
    assert!(data(&nobody, "message").unwrap().contains("login_required"));
    let foreign = [("redirect_uri", "https://evil.test/cb")];
    let refused = ada.sends("GET", &embedded(&notes, &foreign), &FRAME, b"").await;
    assert_eq!(refused.status, 400);
    assert!(policy(&refused).contains("frame-ancestors 'none'") && data(&refused, "message").is_none());
    // What was allowed before comes at once, to the same place.
    ada.approves(&notes, "openid").await;
    let told = ada.sends("GET", &embedded(&notes, &[]), &FRAME, b"").await;
    assert!(data(&told, "message").unwrap().contains("ave:success"), "{told:?}");
    assert_eq!(data(&told, "origins").unwrap(), "https://notes.test");
}

#[tokio::test]
async fn threat_139_a_popup_tells_its_own_gate_under_the_id_of_its_request() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    // A request cannot say of itself that a gate waits for it.
    let planted =
        ada.sends("GET", &embedded(&notes, &[("embed_relay", "1")]), &[("Sec-Fetch-Dest", "document")], b"").await;
    let told = ada.decides(&planted, "allow").await;
    assert!(data(&told, "relay-id").is_none() && data(&told, "next").is_some(), "{told:?}");
    let gate = ada.sends("GET", &embedded(&notes, &[("prompt", "consent")]), &FRAME, b"").await;
    let (url, id) = (data(&gate, "relay-url").unwrap(), data(&gate, "relay-id").unwrap());
    let page = ada.opens(&url).await;
    assert_eq!(page.header("cross-origin-opener-policy"), Some("unsafe-none"));
    let told = ada.decides(&page, "deny").await;
    assert_eq!(data(&told, "relay-id").as_deref(), Some(id.as_str()));
    assert!(data(&told, "next").is_none(), "an answer for a gate goes nowhere else");
    assert!(data(&told, "message").unwrap().contains("access_denied"));
    assert_eq!(told.header("cross-origin-opener-policy"), Some("unsafe-none"));
}

#[tokio::test]
async fn threat_099_the_frames_cookie_is_its_own_secret_and_opens_nothing_else() {
    let world = World::with(&[("PROCURA_ISSUER", "https://id.test")]).await;
    let mut ada = world.browser();
    let done = ada.registers("ada").await;
    let cookies = done.headers("set-cookie");
    let embed = cookies.iter().find(|cookie| cookie.starts_with("__Host-procura_embed=")).expect("an embed cookie");
    for attribute in ["Secure", "HttpOnly", "SameSite=None", "Path=/"] {
        assert!(embed.contains(attribute), "{embed}");
    }
    assert!(!embed.contains("Partitioned"));
    let (session, embed) = (ada.cookies["__Host-procura"].clone(), ada.cookies["__Host-procura_embed"].clone());
    assert_ne!(session, embed);
    let notes = world.app("notes", "").await;
    ada.approves(&notes, "openid").await;
    let mut framed = world.browser();
    framed.cookies.insert("__Host-procura_embed".into(), embed.clone());
    let told = framed.sends("GET", &embedded(&notes, &[]), &FRAME, b"").await;
    assert!(data(&told, "message").unwrap().contains("ave:success"));
    assert_eq!(framed.opens("/account").await.status, 303, "it signs in nowhere");
    assert_eq!(framed.opens("/api/oauth/delegations").await.status, 401);
    for (name, value) in [("__Host-procura", &embed), ("__Host-procura_embed", &session)] {
        let mut other = world.browser();
        other.cookies.insert(name.into(), value.clone());
        assert_eq!(other.opens("/account").await.status, 303, "{name}");
        let told = other.sends("GET", &embedded(&notes, &[("prompt", "none")]), &FRAME, b"").await;
        assert!(data(&told, "message").unwrap().contains("login_required"), "{name}");
    }
    // The session's own cookie counts in no frame here, though a frame of the same site would be sent it.
    let mut lax = world.browser();
    lax.cookies.insert("__Host-procura".into(), session);
    let told = lax.sends("GET", &embedded(&notes, &[("prompt", "none")]), &FRAME, b"").await;
    assert!(data(&told, "message").unwrap().contains("login_required"));
    // It ends with the session.
    let page = ada.opens("/logout").await;
    let csrf = page.form_with("csrf")["csrf"].clone();
    let left = ada.posts("/logout/confirm", &[("csrf", &csrf)]).await;
    assert!(left.headers("set-cookie").iter().any(|cookie| cookie.starts_with("__Host-procura_embed=;")), "{left:?}");
    let told = framed.sends("GET", &embedded(&notes, &[("prompt", "none")]), &FRAME, b"").await;
    assert!(data(&told, "message").unwrap().contains("login_required"));
}
