//! Signing in at an app, on both engines, and everything its tokens are good for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use testkit::client::VERIFIER;
use testkit::{START, World};

fn claims(jwt: &Value) -> Value {
    testkit::claims(jwt.as_str().unwrap())
}

fn header(jwt: &Value) -> Value {
    let header = jwt.as_str().unwrap().split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_signs_in_and_the_app_learns_what_was_allowed() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let mut ada = world.person("ada").await;
        let page = ada.is_sent_by(&app, "openid profile email offline_access").await;
        for said in
            ["App notes", "notes.test", "See your name, handle and picture", "Keep you signed in until you end it"]
        {
            assert!(page.text().contains(said), "{said}: {page:?}");
        }
        let answer = ada.decides(&page, "allow").await;
        assert_eq!(answer.location_field("state").as_deref(), Some("st4te"));
        let tokens = app.redeems(&answer.location_field("code").unwrap()).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let tokens = tokens.json();
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
        // Ada has no proven address, so `email` is not granted and the answer says so.
        assert_eq!(tokens["scope"], "openid profile offline_access");

        let (id, access) = (claims(&tokens["id_token"]), claims(&tokens["access_token_jwt"]));
        assert_eq!(header(&tokens["id_token"])["typ"], "JWT");
        assert_eq!(header(&tokens["access_token_jwt"])["typ"], "at+jwt");
        assert_eq!(id["aud"], *app.client_id);
        assert_eq!(access["aud"], *world.issuer);
        for token in [&id, &access] {
            assert_eq!(token["iss"], *world.issuer);
            assert_eq!(token["sub"], tokens["user"]["id"]);
            assert_eq!(token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap(), 3600);
        }
        assert_eq!(
            (&id["nonce"], &id["preferred_username"], &id["acr"]),
            (&json!("n0nce"), &json!("ada"), &json!("phr"))
        );
        assert_eq!(id["amr"], json!(["pop", "user"]));
        assert_eq!(id["auth_time"], START.secs());
        assert!(id.get("email").is_none() && id.get("picture").is_none());
        assert_eq!(access["client_id"], *app.client_id);
        assert_eq!(tokens["user"]["avatarUrl"], Value::Null);

        let next = app.refreshes(tokens["refresh_token"].as_str().unwrap()).await.json();
        assert_eq!(next["scope"], tokens["scope"]);
        assert_ne!(next["refresh_token"], tokens["refresh_token"]);
        assert!(
            app.refreshes(tokens["refresh_token"].as_str().unwrap())
                .await
                .refusal()
                .starts_with("400 invalid_grant: Invalid refresh token")
        );
    }
}

#[tokio::test]
async fn the_raw_request_of_seed_003_works_as_written() {
    let world = World::new().await;
    let app = world.app("notes", "id_token_signed_response_alg = \"RS256\"").await;
    let mut ada = world.person("ada").await;
    let page = ada.opens(&app.request(&[("code_challenge", ""), ("code_challenge_method", "")])).await;
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    let body = format!(
        "{{\n  \"grantType\": \"authorization_code\",\n  \"code\": \"{code}\",\n  \"redirectUri\": \"{}\",\n  \"clientId\": \"{}\",\n  \"clientSecret\": \"{}\"\n}}",
        app.redirect_uri,
        app.client_id,
        app.secret.as_deref().unwrap()
    );
    let answer = world.send("POST", "/api/oauth/token", &[("Content-Type", "application/json")], body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(header(&answer.json()["id_token"])["alg"], "RS256");
}

#[tokio::test]
async fn each_algorithm_signs_with_a_published_key() {
    let world = World::new().await;
    let jwks = world.send("GET", "/.well-known/jwks.json", &[], b"").await.json();
    let published: Vec<&Value> = jwks["keys"].as_array().unwrap().iter().collect();
    for alg in ["RS256", "ES256", "EdDSA"] {
        let app = world.app(&alg.to_lowercase(), &format!("id_token_signed_response_alg = \"{alg}\"")).await;
        let mut person = world.person(&format!("p_{}", alg.to_lowercase())).await;
        let code = person.approves(&app, "openid").await;
        let header = header(&app.redeems(&code).await.json()["id_token"]);
        assert_eq!(header["alg"], alg);
        let key = published.iter().find(|key| key["kid"] == header["kid"]).unwrap();
        assert_eq!((&key["alg"], &key["use"]), (&json!(alg), &json!("sig")));
        assert!(key.get("d").is_none() && key.get("p").is_none());
    }
}

#[tokio::test]
async fn a_public_app_signs_people_in_from_another_origin() {
    let world = World::new().await;
    let app = world.app("iris", "type = \"public\"").await;
    assert!(app.secret.is_none());
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid profile offline_access").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &*app.client_id),
        ("code", &*code),
        ("redirect_uri", &*app.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://iris.test")];
    let answer = world.send("POST", "/api/oauth/token", &headers, testkit::world::form(&fields).as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-credentials").is_none());
    let preflight = [
        ("Origin", "https://iris.test"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    let allowed = world.send("OPTIONS", "/api/oauth/token", &preflight, b"").await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-headers"), Some("Content-Type, Authorization"));
    assert!(app.introspects(answer.json()["access_token"].as_str().unwrap()).await["error"] == "invalid_client");
}

#[tokio::test]
async fn an_app_acts_for_itself() {
    let world = World::new().await;
    let app = world.app("worker", "").await;
    let tokens = app.asks(&[("grant_type", "client_credentials")]).await.json();
    assert!(tokens["id_token"].is_null() && tokens["refresh_token"].is_null() && tokens["user"].is_null());
    let claims = claims(&tokens["access_token_jwt"]);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(app.client_id), &json!(world.issuer)));
    assert!(app.sees_active(tokens["access_token"].as_str().unwrap()).await);
    assert!(
        app.asks(&[("grant_type", "client_credentials"), ("scope", "openid")])
            .await
            .refusal()
            .starts_with("400 invalid_scope")
    );
    assert!(
        app.asks(&[("grant_type", "client_credentials"), ("resource", "https://api.test")])
            .await
            .refusal()
            .starts_with("400 invalid_target")
    );
}

#[tokio::test]
async fn an_app_acts_for_itself_at_its_own_resources() {
    for world in World::both().await {
        let (iris, _other) = (world.target("iris", "").await, world.target("other", "").await);
        let ask = async |fields: &[(&str, &str)]| {
            let mut all = vec![("grant_type", "client_credentials")];
            all.extend(fields);
            iris.asks(&all).await
        };
        for (fields, audience) in [
            (vec![("scope", "ask history")], world.issuer.as_str()),
            (vec![("scope", "ask history"), ("resource", "iris:inference")], "https://iris.test/api"),
            (vec![("scope", "ask history"), ("resource", "https://iris.test/api/")], "https://iris.test/api"),
        ] {
            let tokens = ask(&fields).await;
            assert_eq!(tokens.status, 200, "{tokens:?}");
            let tokens = tokens.json();
            let told = claims(&tokens["access_token_jwt"]);
            assert_eq!((&told["sub"], &told["aud"]), (&json!(iris.client_id), &json!(audience)));
            assert_eq!((&told["scope"], &tokens["scope"]), (&json!("ask history"), &json!("ask history")));
            assert!(told["target_resource"].is_null(), "nobody allowed anything: {told}");
            assert_eq!(iris.introspects(tokens["access_token"].as_str().unwrap()).await["aud"], audience);
        }
        for (fields, refused) in [
            (vec![("scope", "ask openid")], "400 invalid_scope"),
            (vec![("scope", "nothing")], "400 invalid_scope"),
            (vec![("resource", "other:inference")], "400 invalid_target"),
            (vec![("resource", "https://other.test/api")], "400 invalid_target"),
        ] {
            assert!(ask(&fields).await.refusal().starts_with(refused), "{fields:?}");
        }
    }
}

#[tokio::test]
async fn a_request_by_post_goes_on_as_a_get() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let request = app.request(&[]);
    let (_, query) = request.split_once('?').unwrap();
    // A cross-site form: no Lax cookie, another origin.
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", "https://notes.test"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let stored = world.send("POST", "/authorize", &headers, query.as_bytes()).await;
    assert_eq!(stored.status, 303);
    let page = ada.opens(stored.location()).await;
    assert!(ada.decides(&page, "allow").await.location_field("code").is_some());
}

#[tokio::test]
async fn somebody_who_is_not_signed_in_signs_in_first_and_comes_back() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    ada.cookies.clear();
    let answer = ada.is_sent_by(&app, "openid").await;
    assert_eq!(answer.status, 303);
    let back = answer.location_field("return_to").unwrap();
    assert!(back.starts_with("/signin?flow="));
    let login = ada.opens(answer.location()).await;
    assert!(login.text().contains("App notes") && login.text().contains("notes.test"), "{login:?}");
    assert_eq!(ada.signs_in().await.status, 200);
    let page = ada.opens(&back).await;
    assert!(ada.decides(&page, "allow").await.location().starts_with("https://notes.test/cb?"));
    assert_eq!(ada.opens(&back).await.status, 410, "a decided request is over");
}

#[tokio::test]
async fn discovery_tells_what_is_there_and_where() {
    let world = World::new().await;
    let one = world.send("GET", "/.well-known/openid-configuration", &[], b"").await;
    let two = world.send("GET", "/.well-known/oauth-authorization-server", &[], b"").await;
    assert_eq!(one.body, two.body);
    let metadata = one.json();
    for name in [
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "authorization_endpoint",
        "end_session_endpoint",
    ] {
        let path = metadata[name].as_str().unwrap().strip_prefix(&*world.issuer).unwrap().to_owned();
        let method =
            if ["jwks_uri", "authorization_endpoint", "end_session_endpoint", "userinfo_endpoint"].contains(&name) {
                "GET"
            } else {
                "POST"
            };
        assert_ne!(world.send(method, &path, &[], b"").await.status, 404, "{name}");
    }
    let finger = world.send("GET", "/.well-known/webfinger?resource=acct:ada@id.test", &[], b"").await;
    assert_eq!(finger.json()["links"][0]["href"], *world.issuer);
    assert_eq!(world.send("GET", "/.well-known/webfinger", &[], b"").await.status, 400);
    let app = world.app("notes", "").await;
    let told = world.send("GET", &format!("/api/oauth/app/{}", app.client_id), &[], b"").await;
    assert_eq!((told.status, told.json()["app"]["name"].as_str()), (200, Some("App notes")));
    assert_eq!(world.send("GET", "/api/oauth/app/app_ffffffffffffffffffffffffffffffff", &[], b"").await.status, 404);
}

#[tokio::test]
async fn seed_002_scopes_outside_the_allow_list_are_refused_by_code() {
    let world = World::new().await;
    let app = world.app("small", "scopes = [\"openid\"]").await;
    let mut ada = world.person("ada").await;
    for scope in ["openid profile", "openid calendar.read", "openid \"x\""] {
        let answer = ada.opens(&app.request(&[("scope", scope)])).await;
        assert_eq!(answer.location_field("error").as_deref(), Some("invalid_scope"), "{scope}");
    }
    // No scope at all: the app's default.
    let page = ada.opens(&app.request(&[("scope", "")])).await;
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    assert_eq!(app.redeems(&code).await.json()["scope"], "openid");
}

#[tokio::test]
async fn a_decision_after_the_session_ended_goes_on_after_signing_in() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let page = ada.is_sent_by(&app, "openid").await;
    let fields = page.form_with("flow");
    ada.cookies.clear();
    let referer = format!("{}/signin?flow={}", world.issuer, fields["flow"]);
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", &*world.issuer.clone()),
        ("Referer", &*referer),
    ];
    let body = testkit::world::form(&[("flow", &fields["flow"]), ("decision", "allow"), ("csrf", &fields["csrf"])]);
    let answer = ada.sends("POST", "/signin/decision", &headers, body.as_bytes()).await;
    assert_eq!(answer.location_field("return_to").unwrap(), format!("/signin?flow={}", fields["flow"]));
    let elsewhere = [("Content-Type", "application/x-www-form-urlencoded"), ("Referer", "https://evil.test/x")];
    let answer = ada.sends("POST", "/signin/decision", &elsewhere, body.as_bytes()).await;
    assert_eq!(answer.location_field("return_to").as_deref(), Some("/account"));
}
