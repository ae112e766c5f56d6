//! Section 5 at the endpoints: every kind of token against every endpoint that takes one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use testkit::{Answer, TestApp, World};

struct Kinds {
    tokens: Value,
    code: String,
}

async fn kinds(app: &TestApp<'_>) -> Kinds {
    let mut ada = app.world.person("ada").await;
    let spent = ada.approves(app, "openid profile email offline_access").await;
    let tokens = app.redeems(&spent).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    Kinds { tokens: tokens.json(), code: ada.approves(app, "openid").await }
}

impl Kinds {
    fn all(&self, app: &TestApp<'_>) -> Vec<(&'static str, String)> {
        let text = |name: &str| self.tokens[name].as_str().unwrap().to_owned();
        vec![
            ("access_token", text("access_token")),
            ("access_token_jwt", text("access_token_jwt")),
            ("id_token", text("id_token")),
            ("refresh_token", text("refresh_token")),
            ("code", self.code.clone()),
            ("client_secret", app.secret.clone().unwrap()),
        ]
    }
}

async fn bearer(world: &World, method: &str, target: &str, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    world.send(method, target, &[("Authorization", &authorization)], b"").await
}

#[tokio::test]
async fn threat_070_each_kind_of_token_works_where_it_belongs_and_nowhere_else() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let kinds = kinds(&app).await;
    // kind: userinfo, session check, introspection, refresh, code, logout hint
    let table = [
        ("access_token", [true, true, true, false, false, false]),
        ("access_token_jwt", [true, true, true, false, false, false]),
        ("id_token", [false, false, false, false, false, true]),
        ("client_secret", [false, false, false, false, false, false]),
        ("code", [false, false, false, false, true, false]),
        ("refresh_token", [false, false, true, true, false, false]),
    ];
    let tokens = kinds.all(&app);
    for (kind, expected) in table {
        let (_, token) = tokens.iter().find(|(own, _)| *own == kind).unwrap();
        let redeemed = app.redeems(token).await.status == 200;
        let works = [
            bearer(&world, "GET", "/api/oauth/userinfo", token).await.status == 200,
            bearer(&world, "POST", "/api/oauth/session/check", token).await.status == 200,
            app.sees_active(token).await,
            app.refreshes(token).await.status == 200,
            redeemed,
            world.send("GET", &format!("/logout?id_token_hint={token}"), &[], b"").await.status == 200,
        ];
        assert_eq!(works, expected, "{kind}");
    }
}

fn forge(jwt: &str, header: &str) -> String {
    let rest = jwt.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

#[tokio::test]
async fn threat_067_068_069_071_073_forged_tokens_are_refused_at_the_endpoints() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let kinds = kinds(&app).await;
    let jwt = kinds.tokens["access_token_jwt"].as_str().unwrap();
    let (head, rest) = jwt.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let kid = header["kid"].as_str().unwrap();
    let forged = [
        format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#)),
        format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"nOnE","typ":"at+jwt"}"#)),
        format!("{head}.{payload}."),
        forge(jwt, &format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#)),
        forge(jwt, &format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}","crit":["x"],"x":1}}"#)),
        forge(jwt, &format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}","jku":"https://evil.test/jwks"}}"#)),
        forge(jwt, r#"{"alg":"EdDSA","typ":"at+jwt","kid":"../../etc/passwd"}"#),
        forge(jwt, r#"{"alg":"EdDSA","typ":"at+jwt","kid":"' OR 1=1 --"}"#),
        forge(jwt, r#"{"alg":"EdDSA","typ":"at+jwt","kid":""}"#),
        format!("{jwt}="),
        format!("{jwt}."),
        format!(" {jwt}x"),
        format!("{head}.{payload}.{signature}AA"),
        "a.b.c".to_owned(),
        "..".to_owned(),
        "x".repeat(20_000),
    ];
    for token in forged {
        let answer = bearer(&world, "GET", "/api/oauth/userinfo", &token).await;
        assert!(matches!(answer.status, 401 | 431), "{} {answer:?}", token.get(..60).unwrap_or(&token));
        assert!(!app.sees_active(&token).await);
    }
}

/// No token has another audience yet, so one is signed here with the server's own key: only its audience is wrong.
#[tokio::test]
async fn threat_075_a_token_for_somebody_else_is_refused_here() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let jwt = kinds(&app).await.tokens["access_token_jwt"].clone();
    let signer = world.app.oauth.keys.signer(jose::Alg::EdDsa).unwrap();
    for (audience, status) in
        [(world.issuer.as_str(), 200), ("https://iris.test/api", 401), (app.client_id.as_str(), 401)]
    {
        let mut claims = claims(&jwt);
        claims["aud"] = audience.into();
        let token = signer.sign(jose::Kind::AccessToken, claims.to_string().as_bytes()).unwrap();
        assert_eq!(bearer(&world, "GET", "/api/oauth/userinfo", &token).await.status, status, "{audience}");
        assert_eq!(bearer(&world, "POST", "/api/oauth/session/check", &token).await.status, status, "{audience}");
        assert_eq!(app.sees_active(&token).await, status == 200, "{audience}");
    }
}

#[tokio::test]
async fn threat_076_userinfo_needs_openid() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "profile").await;
    let tokens = app.redeems(&code).await.json();
    let answer = bearer(&world, "GET", "/api/oauth/userinfo", tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("www-authenticate").unwrap().contains("insufficient_scope"));
    let own = app.asks(&[("grant_type", "client_credentials")]).await.json();
    for form in ["access_token", "access_token_jwt"] {
        assert_eq!(bearer(&world, "GET", "/api/oauth/userinfo", own[form].as_str().unwrap()).await.status, 403);
    }
}

#[tokio::test]
async fn threat_077_a_token_in_the_query_or_body_is_ignored() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let token = kinds(&app).await.tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.send("GET", &format!("/api/oauth/userinfo?access_token={token}"), &[], b"").await.status, 401);
    assert_eq!(world.posts("/api/oauth/userinfo", &[("access_token", &token)]).await.status, 401);
    assert_eq!(bearer(&world, "POST", "/api/oauth/userinfo", &token).await.status, 200);
}

#[tokio::test]
async fn threat_084_a_refreshed_id_token_keeps_its_person_and_its_sign_in() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let first = kinds(&app).await.tokens;
    world.clock.advance_secs(1800);
    let next = app.refreshes(first["refresh_token"].as_str().unwrap()).await.json();
    let (before, after) = (claims(&first["id_token"]), claims(&next["id_token"]));
    for kept in ["sub", "auth_time", "iss", "aud", "azp", "sid", "amr", "acr"] {
        assert_eq!(before[kept], after[kept], "{kept}");
    }
    assert_eq!(before["nonce"], "n0nce");
    assert!(after.get("nonce").is_none());
    assert!(after["iat"].as_i64() > before["iat"].as_i64());

    let mut bob = world.person("bob").await;
    let code = bob.approves(&app, "profile offline_access").await;
    let without = app.redeems(&code).await.json();
    assert!(without["id_token"].is_null());
    assert!(app.refreshes(without["refresh_token"].as_str().unwrap()).await.json()["id_token"].is_null());
}

fn claims(jwt: &Value) -> Value {
    testkit::claims(jwt.as_str().unwrap())
}

#[tokio::test]
async fn threat_085_secrets_tell_their_kind_and_carry_256_random_bits() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let kinds = kinds(&app).await;
    let expected = [("access_token", "pat_"), ("refresh_token", "prt_"), ("code", "pac_"), ("client_secret", "pcs_")];
    for (kind, prefix) in expected {
        let (_, token) = kinds.all(&app).into_iter().find(|(own, _)| *own == kind).unwrap();
        assert!(token.starts_with(prefix), "{kind}");
        assert!(token.len() >= prefix.len() + 43, "{kind}");
        // A changed character is noticed without a look into the database: the checksum no longer fits.
        let mut typo = token.clone().into_bytes();
        let place = typo.len() - 10;
        typo[place] = if typo[place] == b'A' { b'B' } else { b'A' };
        assert!(!app.sees_active(&String::from_utf8(typo).unwrap()).await);
    }
}

#[tokio::test]
async fn threat_180_answers_with_secrets_are_never_cached() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let kinds = kinds(&app).await;
    let token = kinds.tokens["access_token"].as_str().unwrap();
    assert_eq!(
        app.refreshes(kinds.tokens["refresh_token"].as_str().unwrap()).await.header("cache-control"),
        Some("no-store")
    );
    assert_eq!(bearer(&world, "GET", "/api/oauth/userinfo", token).await.header("cache-control"), Some("no-store"));
    for cached in
        ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
    {
        assert!(
            world.send("GET", cached, &[], b"").await.header("cache-control").unwrap().starts_with("public, max-age=")
        );
    }
}
