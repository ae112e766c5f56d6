//! Section 2: PKCE and authorization codes.

use testkit::World;
use testkit::client::VERIFIER;

async fn errors_at_signin(world: &World, more: &str, fields: &[(&str, &str)]) -> Option<String> {
    let app = world.app(&format!("a{}", world.mails().len() + fields.len() + more.len()), more).await;
    let mut ada = world.person(&format!("p{}", more.len() * 7 + fields.len())).await;
    ada.opens(&app.request(fields)).await.location_field("error")
}

#[tokio::test]
async fn threat_025_a_challenge_cannot_be_left_out_where_it_is_required() {
    let world = World::new().await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(errors_at_signin(&world, "type = \"public\"", &without).await.as_deref(), Some("invalid_request"));
    assert_eq!(errors_at_signin(&world, "require_pkce = true", &without).await.as_deref(), Some("invalid_request"));
    let app = world.app("plain", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid").await;
    let dropped =
        app.asks(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &app.redirect_uri)]).await;
    assert_eq!(dropped.refusal(), "400 invalid_request: code_verifier is missing");
}

#[tokio::test]
async fn threat_026_only_s256() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    for method in ["plain", "", "s256", "S512"] {
        let answer = ada.opens(&app.request(&[("code_challenge_method", method)])).await;
        assert_eq!(answer.location_field("error").as_deref(), Some("invalid_request"), "{method}");
    }
    for challenge in ["short", &"x".repeat(44), &format!("{}=", "x".repeat(42)), &format!("{}+", "x".repeat(42))] {
        let answer = ada.opens(&app.request(&[("code_challenge", challenge)])).await;
        assert_eq!(answer.location_field("error").as_deref(), Some("invalid_request"), "{challenge}");
    }
}

#[tokio::test]
async fn threat_027_a_verifier_that_was_never_bound_is_refused() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let page = ada.opens(&app.request(&[("code_challenge", ""), ("code_challenge_method", "")])).await;
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    assert!(app.redeems(&code).await.refusal().starts_with("400 invalid_grant"));
    let unbound =
        app.asks(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &app.redirect_uri)]).await;
    assert_eq!(unbound.status, 200, "seed 003: a secret alone redeems a code without a challenge");
}

#[tokio::test]
async fn threat_028_an_injected_code_does_not_fit_the_thiefs_verifier() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid").await;
    let thief = "mallory-mallory-mallory-mallory-mallory-mallory";
    let answer = app
        .asks(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", thief),
        ])
        .await;
    assert_eq!(answer.refusal(), "400 invalid_grant: the code verifier does not match");
}

#[tokio::test]
async fn threat_032_a_code_alone_cannot_burn_it() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", &*app.redirect_uri),
        ("code_verifier", "x".repeat(43).leak()),
    ];
    for credentials in [
        vec![],
        vec![("client_id", &*app.client_id)],
        vec![("client_id", &*app.client_id), ("client_secret", "wrong-secret-wrong-secret")],
    ] {
        let all: Vec<(&str, &str)> = fields.into_iter().chain(credentials).collect();
        assert!(world.posts("/api/oauth/token", &all).await.refusal().starts_with("401 invalid_client"));
    }
    assert_eq!(app.redeems(&code).await.status, 200);
}

#[tokio::test]
async fn threat_035_a_verifier_has_the_grammar_of_rfc_7636() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid").await;
    for bad in [
        "x".repeat(42),
        "x".repeat(129),
        format!("{}=", "x".repeat(43)),
        format!("{}\0", "x".repeat(43)),
        "é".repeat(43),
    ] {
        let answer = app
            .asks(&[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &app.redirect_uri),
                ("code_verifier", &bad),
            ])
            .await;
        assert!(answer.refusal().starts_with("400 invalid_request"), "{bad}: {answer:?}");
    }
    assert_eq!(app.redeems(&code).await.status, 200, "a malformed verifier is a slip, not a guess: {VERIFIER}");
}
