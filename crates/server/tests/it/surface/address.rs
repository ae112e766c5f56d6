//! Addresses and bodies that hold no text: no database keeps NUL, and PostgreSQL refuses it, so that it ends at the edge.

use testkit::World;

#[tokio::test]
async fn a_path_or_query_with_nul_or_broken_text_is_refused_on_both_engines() {
    for world in World::both().await {
        let seams = world.seams.clone();
        let token = world.store.write(move |tx| oauth::operator::make_token(tx, &seams, 3_600)).await.unwrap();
        let bearer = format!("Bearer {}", token.reveal());
        for path in [
            "/login/approval?request=%00",
            "/login/approval?request=%ff",
            "/login?return_to=%2Faccount&return_to=%2F",
            "/login/link",
            "/register?invitation=%00",
            "/pictures/%00",
            "/logos/%00",
            "/assets/%ff",
            "/account/identities/%00",
            "/developers/apps/%00",
        ] {
            let answer = world.send("GET", path, &[], b"").await;
            assert!((400..=404).contains(&answer.status), "{path} on {}: {}", world.engine, answer.status);
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        }
        for path in [
            "/api/login/request-status/%00",
            "/api/login/request-status/%ff",
            "/api/register/check-handle/%00",
            "/api/oauth/app/%ff",
            "/api/activity?cursor=%00&cursor=1",
            "/.well-known/webfinger?resource=a&resource=b",
        ] {
            let answer = world.send("GET", path, &[], b"").await;
            assert!((400..=404).contains(&answer.status), "{path} on {}: {}", world.engine, answer.status);
            assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        }
        for path in ["/api/v1/users/%00", "/api/v1/apps/%ff", "/api/v1/organizations/%00"] {
            let answer = world.send("GET", path, &[("Authorization", &bearer)], b"").await;
            assert_eq!(answer.status, 404, "{path} on {}", world.engine);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_body_with_nul_is_refused_on_both_engines() {
    for world in World::both().await {
        let origin = world.issuer.clone();
        let json = [("Content-Type", "application/json"), ("Origin", origin.as_str())];
        for (path, body) in [
            ("/api/login/finish-approval", r#"{"requestId":"a\u0000b"}"#),
            ("/api/login/trust-code", r#"{"handle":"ada","code":"x","device":{"name":"a\u0000b"}}"#),
            ("/api/register/start", r#"{"handle":"ada","extra":[{"a\u0000b":1}]}"#),
        ] {
            let answer = world.send("POST", path, &json, body.as_bytes()).await;
            assert_eq!(answer.status, 400, "{path} on {}", world.engine);
        }
        let mut ada = world.person("ada").await;
        let csrf = ada.opens("/approve").await.form_with("csrf")["csrf"].clone();
        let answer = ada
            .posts("/approve/decide", &[("csrf", &*csrf), ("request", "a\0b"), ("code", "1"), ("decision", "deny")])
            .await;
        assert_eq!(answer.status, 400, "{}", world.engine);
    }
}

#[tokio::test]
async fn threat_022_requests_to_sign_out_are_counted_too() {
    let world = World::with(&[("PROCURA_RATE_LIMITS", "on")]).await;
    let mut last = 0;
    for _ in 0..130 {
        last = world.posts("/logout", &[("x", "y")]).await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn threat_177_two_hosts_are_none() {
    let world = World::new().await;
    let host = world.host().to_owned();
    let answer = world.send("GET", "/login", &[("Host", &host), ("Host", "evil.test")], b"").await;
    assert_eq!(answer.status, 400);
}
