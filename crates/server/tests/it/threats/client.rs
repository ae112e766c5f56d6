//! Section 3: client authentication and request parsing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testkit::{TestApp, World};

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

async fn refresh_token(app: &TestApp<'_>, handle: &str) -> String {
    let mut person = app.world.person(handle).await;
    let code = person.approves(app, "openid offline_access").await;
    app.redeems(&code).await.json()["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn threat_036_a_confidential_app_does_nothing_without_its_secret() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let token = refresh_token(&app, "ada").await;
    let asks: [(&str, Vec<(&str, &str)>); 5] = [
        ("/api/oauth/token", vec![("grant_type", "refresh_token"), ("refresh_token", &token)]),
        (
            "/api/oauth/token",
            vec![("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", &app.redirect_uri)],
        ),
        ("/api/oauth/token", vec![("grant_type", "client_credentials")]),
        ("/api/oauth/revoke", vec![("token", &token)]),
        ("/api/oauth/introspect", vec![("token", &token)]),
    ];
    for (target, mut fields) in asks {
        fields.push(("client_id", &app.client_id));
        for origin in [None, Some("https://app.test")] {
            let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
            headers.extend(origin.map(|origin| ("Origin", origin)));
            let answer = world.send("POST", target, &headers, testkit::world::form(&fields).as_bytes()).await;
            assert!(answer.refusal().starts_with("401 invalid_client"), "{target} {fields:?}: {answer:?}");
        }
    }
    assert_eq!(app.refreshes(&token).await.status, 200);
}

#[tokio::test]
async fn threat_037_an_origin_header_is_never_authentication() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://app.test")];
    let body = testkit::world::form(&[("grant_type", "client_credentials"), ("client_id", &app.client_id)]);
    assert_eq!(world.send("POST", "/api/oauth/token", &headers, body.as_bytes()).await.status, 401);
}

#[tokio::test]
async fn threat_038_two_authentications_in_one_request_are_refused() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let secret = app.secret.as_deref().unwrap();
    let authorization = basic(&app.client_id, secret);
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", &*authorization)];
    let twice = testkit::world::form(&[("grant_type", "client_credentials"), ("client_secret", secret)]);
    assert!(
        world
            .send("POST", "/api/oauth/token", &headers, twice.as_bytes())
            .await
            .refusal()
            .starts_with("400 invalid_request")
    );
    let other = testkit::world::form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "app_ffffffffffffffffffffffffffffffff"),
    ]);
    assert!(
        world
            .send("POST", "/api/oauth/token", &headers, other.as_bytes())
            .await
            .refusal()
            .starts_with("400 invalid_request")
    );
    let once = testkit::world::form(&[("grant_type", "client_credentials"), ("client_id", &app.client_id)]);
    assert_eq!(world.send("POST", "/api/oauth/token", &headers, once.as_bytes()).await.status, 200);
}

#[tokio::test]
async fn threat_039_secrets_and_tokens_in_the_query_are_refused() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let secret = app.secret.as_deref().unwrap();
    let target = format!("/api/oauth/token?client_id={}&client_secret={secret}", app.client_id);
    assert!(
        world
            .posts(&target, &[("grant_type", "client_credentials")])
            .await
            .refusal()
            .starts_with("400 invalid_request")
    );
    assert!(app.posts("/api/oauth/introspect?token=x", &[]).await.refusal().starts_with("400 invalid_request"));
}

#[tokio::test]
async fn threat_040_basic_credentials_are_form_decoded() {
    let world = World::new().await;
    let secret = "a secret: 100% sure + more";
    let app = world.app("app", &format!("client_secret = \"{secret}\"")).await;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let right = basic(&encode(&app.client_id), &encode(secret));
    for (authorization, status) in
        [(right, 200), (basic(&app.client_id, "%zz"), 401), ("Basic !".to_owned(), 401), ("Basic".to_owned(), 401)]
    {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", &*authorization)];
        let answer = world.send("POST", "/api/oauth/token", &headers, b"grant_type=client_credentials").await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
}

#[tokio::test]
async fn threat_041_a_request_that_reads_in_two_ways_is_refused() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let (id, secret) = (&app.client_id, app.secret.as_deref().unwrap());
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    let ok = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let ok_json = format!(r#"{{"grantType":"client_credentials","clientId":"{id}","clientSecret":"{secret}"}}"#);
    let table = [
        (form, ok.clone(), 200),
        ("application/x-www-form-urlencoded; charset=UTF-8", ok.clone(), 200),
        (json, ok_json.clone(), 200),
        (form, format!("{ok}&grantType=refresh_token"), 400),
        (form, format!("{ok}&client_id={id}"), 400),
        (json, ok_json.replace('}', r#","grant_type":"refresh_token"}"#), 400),
        (json, ok_json.replace('}', r#","clientId":"x"}"#), 400),
        (json, ok_json.replace(r#""client_credentials""#, r#"["client_credentials"]"#), 400),
        (json, ok_json.replace(r#""client_credentials""#, "1"), 400),
        (json, format!("[{ok_json}]"), 400),
        (json, format!("{ok_json}x"), 400),
        (json, ok.clone(), 400),
        (form, ok_json.clone(), 401),
        ("text/plain", ok_json.clone(), 400),
        ("multipart/form-data; boundary=x", ok.clone(), 400),
        ("application/x-www-form-urlencoded; charset=utf-7", ok.clone(), 400),
        ("application/json; charset=utf-16", ok_json.clone(), 400),
        (form, format!("{ok}&scope=%ff"), 400),
        (form, format!("{ok}&scope=a%00b"), 400),
        (json, format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), 413),
    ];
    for (kind, body, status) in table {
        let answer = world.send("POST", "/api/oauth/token", &[("Content-Type", kind)], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{kind} {} {answer:?}", body.get(..120).unwrap_or(&body));
        assert!(status == 200 || answer.json()["error"].is_string(), "{kind}");
    }
    let both = [("Content-Type", form), ("Content-Type", json)];
    assert_eq!(world.send("POST", "/api/oauth/token", &both, ok.as_bytes()).await.status, 400);
    let packed = [("Content-Type", form), ("Content-Encoding", "gzip")];
    assert_eq!(world.send("POST", "/api/oauth/token", &packed, ok.as_bytes()).await.status, 400);
}

/// Rows 42 to 45 are due with `private_key_jwt`; until then an assertion is no client.
#[tokio::test]
async fn threat_042_043_044_045_client_assertions_are_no_authentication_yet() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let assertion = "eyJhbGciOiJub25lIn0.e30.";
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*app.client_id),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    assert!(world.posts("/api/oauth/token", &fields).await.refusal().starts_with("401 invalid_client"));
    let metadata = world.send("GET", "/.well-known/openid-configuration", &[], b"").await.json();
    assert!(
        !metadata["token_endpoint_auth_methods_supported"]
            .as_array()
            .unwrap()
            .iter()
            .any(|method| method == "private_key_jwt")
    );
}

#[tokio::test]
async fn threat_046_guessing_a_secret_is_slowed_down() {
    let world = World::with(&[("PROCURA_RATE_LIMITS", "on")]).await;
    let app = world.app("app", "").await;
    let guess = [
        ("grant_type", "client_credentials"),
        ("client_id", &*app.client_id),
        ("client_secret", "guess-guess-guess-guess"),
    ];
    let mut last = world.posts("/api/oauth/token", &guess).await;
    for _ in 0..400 {
        last = world.posts("/api/oauth/token", &guess).await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").is_some());
    assert!(last.json()["error"].is_string());
}

#[tokio::test]
async fn threat_048_ids_of_different_kinds_never_meet() {
    let world = World::new().await;
    for id in [
        "origin:https://a.test",
        "https://a.test/client.json",
        "app_short",
        "APP_0123456789abcdef0123456789abcdef",
        "app_0123456789ABCDEF0123456789ABCDEF",
    ] {
        let manifest = format!(
            "[[organization]]\nkey=\"o\"\nname=\"Org\"\n[[app]]\nkey=\"a\"\norganization=\"o\"\nname=\"App\"\nclient_id=\"{id}\"\nredirect_uris=[\"https://a.test/cb\"]\n"
        );
        let path = std::path::Path::new(".");
        let outcome =
            server::apply::run(&world.store, &world.seams, &manifest, path, &|_: &str| None, world.app.as_server())
                .await;
        assert!(outcome.is_err(), "{id}");
    }
}

#[tokio::test]
async fn unknown_grant_types_and_grants_of_later_are_unsupported() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    for grant in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        assert!(
            app.asks(&[("grant_type", grant)]).await.refusal().starts_with("400 unsupported_grant_type"),
            "{grant}"
        );
    }
    assert!(app.asks(&[]).await.refusal().starts_with("400 invalid_request"));
}

#[tokio::test]
async fn a_torn_body_is_not_called_too_large() {
    let world = World::new().await;
    let head = format!(
        "POST /api/oauth/token HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        world.host()
    );
    let torn = format!("{head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n");
    assert_eq!(testkit::http::raw(&world.address, torn.as_bytes()).await.status, 400);
    let large = format!("{head}Content-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    assert_eq!(testkit::http::raw(&world.address, large.as_bytes()).await.status, 413);
}
