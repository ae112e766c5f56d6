//! `/api/v1`

use base::{Bearer, Time};
use serde_json::{Value, json};
use testkit::{Answer, World};

/// An operator with a token.
pub(crate) struct Operator<'a> {
    world: &'a World,
    token: String,
}

impl<'a> Operator<'a> {
    pub(crate) async fn of(world: &'a World) -> Operator<'a> {
        let seams = world.seams.clone();
        let token = world.store.write(move |tx| oauth::operator::make_token(tx, &seams, 3_600)).await.unwrap();
        Operator { world, token: token.reveal().to_owned() }
    }

    pub(crate) async fn asks(&self, method: &str, path: &str) -> Answer {
        self.sends(method, path, &Value::Null).await
    }

    pub(crate) async fn sends(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.world.send(method, &format!("/api/v1{path}"), &headers, body.as_bytes()).await
    }

    /// An organization's id.
    async fn acme(&self) -> String {
        let made = self.sends("POST", "/organizations", &json!({ "name": "Acme Inc.", "key": "acme" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// A confidential app: its client id and its secret.
    async fn notes(&self) -> (String, String) {
        let body = json!({
            "organization_id": self.acme().await, "name": "Acme Notes", "redirect_uris": ["https://notes.test/cb"],
        });
        let made = self.sends("POST", "/apps", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let (made, text) = (made.json(), |value: &Value| value.as_str().unwrap().to_owned());
        (text(&made["app"]["client_id"]), text(&made["client_secret"]))
    }
}

/// `status code: fields`, short enough to read.
pub(crate) fn refusal(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(body["status"], answer.status);
    let one = |error: &Value| format!("{}: {}", error["field"].as_str().unwrap(), error["detail"].as_str().unwrap());
    let errors: Vec<_> = body["errors"].as_array().into_iter().flatten().map(one).collect();
    format!("{} {} [{}]", answer.status, body["code"].as_str().unwrap(), errors.join("; "))
}

#[tokio::test]
async fn threat_189_nothing_but_an_operator_token_opens_the_management_api() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let app = world.app("notes", "").await;
        let code = ada.approves(&app, "openid profile").await;
        let tokens = app.redeems(&code).await.json();
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let stranger = Bearer::mint("pot_", world.seams.number().unwrap(), world.seams.entropy()).unwrap();
        let cookie = ada.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let bearers = [
            token("access_token"),
            token("access_token_jwt"),
            token("id_token"),
            app.secret.clone().unwrap(),
            stranger.secret().reveal().to_owned(),
            "pot_".to_owned(),
        ];
        let mut refused = vec![
            world.send("GET", "/api/v1/apps", &[], b"").await,
            world.send("GET", "/api/v1/apps", &[("Cookie", &cookie)], b"").await,
            world.send("GET", "/api/v1/apps", &[("Authorization", "Basic cG90XzpwYXQ=")], b"").await,
        ];
        let operator = Operator::of(&world).await;
        refused.push(world.send("GET", &format!("/api/v1/apps?access_token={}", operator.token), &[], b"").await);
        for bearer in bearers {
            let header = format!("Bearer {bearer}");
            refused.push(world.send("GET", "/api/v1/apps", &[("Authorization", &header)], b"").await);
            refused.push(world.send("POST", "/api/v1/organizations", &[("Authorization", &header)], b"{}").await);
        }
        for answer in &refused {
            assert_eq!(refusal(answer), "401 unauthorized []");
            assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
        }
        assert_eq!(operator.asks("GET", "/apps").await.status, 200);
        world.clock.advance_secs(3_600);
        assert_eq!(refusal(&operator.asks("GET", "/apps").await), "401 unauthorized []");
    }
}

#[tokio::test]
async fn an_operator_token_opens_nothing_else() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let bearer = format!("Bearer {}", operator.token);
    for target in ["/api/oauth/userinfo", "/account", "/developers"] {
        let answer = world.send("GET", target, &[("Authorization", &bearer)], b"").await;
        assert!(matches!(answer.status, 303 | 401), "{target}: {answer:?}");
    }
}

#[tokio::test]
async fn an_app_is_registered_shown_changed_and_removed() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let (id, secret) = operator.notes().await;
        let shown = operator.asks("GET", &format!("/apps/{id}")).await;
        let before = shown.json();
        assert_eq!((&before["name"], &before["type"]), (&json!("Acme Notes"), &json!("confidential")));
        assert!(!shown.text().contains(&secret), "a secret is shown once");

        let change = json!({ "description": "Writes things down", "access_token_ttl_secs": 600 });
        let after = operator.sends("PATCH", &format!("/apps/{id}"), &change).await.json();
        assert_eq!(
            (&after["description"], &after["access_token_ttl_secs"]),
            (&json!("Writes things down"), &json!(600))
        );
        for kept in ["name", "redirect_uris", "scopes", "development_mode", "secrets", "created_at"] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }
        let cleared = json!({ "description": null, "access_token_ttl_secs": null });
        let cleared = operator.sends("PATCH", &format!("/apps/{id}"), &cleared).await.json();
        assert_eq!((&cleared["description"], &cleared["access_token_ttl_secs"]), (&Value::Null, &Value::Null));

        let listed = operator.asks("GET", "/apps").await.json();
        assert_eq!(listed["items"][0]["client_id"], json!(id));
        assert_eq!(operator.asks("DELETE", &format!("/apps/{id}")).await.json(), json!({ "grants_ended": 0 }));
        assert_eq!(refusal(&operator.asks("GET", &format!("/apps/{id}")).await), "404 not_found []");
        assert_eq!(refusal(&operator.asks("DELETE", &format!("/apps/{id}")).await), "404 not_found []");
        let audit = operator.asks("GET", &format!("/audit?client_id={id}")).await.json();
        let acts: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| entry["act"].clone()).collect();
        assert_eq!(acts, ["app.deleted", "app.updated", "app.updated", "app.created"]);
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_changed() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (id, _) = operator.notes().await;
    let body = json!({
        "name": "Renamed", "redirect_uris": ["https://notes.test/cb", "javascript:alert(1)"], "scopes": ["root"], "colour": 1,
    });
    assert_eq!(
        refusal(&operator.sends("PATCH", &format!("/apps/{id}"), &body).await),
        "422 invalid_fields [colour: is unknown]"
    );
    let body = json!({ "name": "Renamed", "redirect_uris": ["https://notes.test/cb#x"], "scopes": ["root"] });
    assert_eq!(
        refusal(&operator.sends("PATCH", &format!("/apps/{id}"), &body).await),
        "422 invalid_fields [redirect_uris[0]: remove the part after #: a redirect URI has no fragment; \
         scopes[0]: is none of openid, profile, email, offline_access, user_id]"
    );
    assert_eq!(operator.asks("GET", &format!("/apps/{id}")).await.json()["name"], json!("Acme Notes"));

    let nowhere = json!({ "organization_id": "org_none", "name": "Lost" });
    let said = "422 invalid_fields [organization_id: is no organization of this server]";
    assert_eq!(refusal(&operator.sends("POST", "/apps", &nowhere).await), said);
    let said = "422 invalid_fields [organization_id: is required]";
    assert_eq!(refusal(&operator.sends("POST", "/apps", &json!({})).await), said);
    let taken = json!({ "name": "Acme again", "key": "acme" });
    let said = "422 invalid_fields [key: belongs to another organization]";
    assert_eq!(refusal(&operator.sends("POST", "/organizations", &taken).await), said);
}

#[tokio::test]
async fn bodies_and_queries_that_cannot_be_read_are_refused() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let bearer = format!("Bearer {}", operator.token);
    let posts = async |kind: &str, body: &str| {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
        refusal(&world.send("POST", "/api/v1/organizations", &headers, body.as_bytes()).await)
    };
    assert_eq!(posts("application/json", r#"{"name":"a","name":"b"}"#).await, "400 invalid_request []");
    assert_eq!(posts("application/json", "[]").await, "400 invalid_request []");
    assert_eq!(posts("application/json", "{").await, "400 invalid_request []");
    assert_eq!(posts("text/plain", r#"{"name":"Acme"}"#).await, "415 unsupported_media_type []");
    assert_eq!(
        posts("application/json", &format!("{{\"name\":\"{}\"}}", "x".repeat(600 << 10))).await,
        "413 too_large []"
    );
    for query in ["?limit=0", "?limit=1000", "?page=2", "?cursor=x&cursor=y"] {
        assert_eq!(refusal(&operator.asks("GET", &format!("/apps{query}")).await), "400 invalid_request []", "{query}");
    }
    assert_eq!(refusal(&operator.asks("GET", "/audit?cursor=x").await), "400 invalid_request []");
    assert_eq!(refusal(&operator.asks("GET", "/nothing").await), "404 not_found []");
    assert_eq!(refusal(&operator.asks("PUT", "/apps").await), "404 not_found []");
}

#[tokio::test]
async fn lists_are_paged_to_their_end() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let acme = operator.acme().await;
    for number in 0..5 {
        let body = json!({ "organization_id": acme, "name": format!("App {number}"), "type": "public", "redirect_uris": ["https://a.test/"] });
        assert_eq!(operator.sends("POST", "/apps", &body).await.status, 201);
        world.clock.advance_secs(1);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = operator.asks("GET", &format!("/apps?organization_id={acme}&limit=2{cursor}")).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["App 0", "App 1", "App 2", "App 3", "App 4"]);
}

#[tokio::test]
async fn threat_047_a_rotated_secret_is_shown_once_and_the_old_one_lives_for_the_overlap() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (id, first) = operator.notes().await;
    let rotated =
        operator.sends("POST", &format!("/apps/{id}/rotate-secret"), &json!({ "overlap_secs": 60 })).await.json();
    let second = rotated["client_secret"].as_str().unwrap().to_owned();
    let gets_token = async |secret: &str| {
        let fields = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret)];
        world.posts("/api/oauth/token", &fields).await.status
    };
    assert_eq!((gets_token(&first).await, gets_token(&second).await), (200, 200));
    world.clock.advance_secs(60);
    assert_eq!((gets_token(&first).await, gets_token(&second).await), (401, 200));
    let said = "422 invalid_fields [overlap_secs: is between 0 and 2592000 seconds (30 days)]";
    let refused =
        operator.sends("POST", &format!("/apps/{id}/rotate-secret"), &json!({ "overlap_secs": 2_592_001 })).await;
    assert_eq!(refusal(&refused), said);
    assert_eq!(gets_token(&second).await, 200);
}

#[tokio::test]
async fn an_app_that_is_switched_off_is_unknown_at_once() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (id, secret) = operator.notes().await;
    let gets_token = async || {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
        world.posts("/api/oauth/token", &fields).await.status
    };
    assert_eq!(gets_token().await, 200);
    assert!(operator.asks("POST", &format!("/apps/{id}/disable")).await.json()["disabled_at"].is_string());
    assert_eq!(gets_token().await, 401);
    assert_eq!(world.send("GET", &format!("/api/oauth/app/{id}"), &[], b"").await.status, 404);
    assert!(operator.asks("POST", &format!("/apps/{id}/enable")).await.json()["disabled_at"].is_null());
    assert_eq!(gets_token().await, 200);
}

#[tokio::test]
async fn what_an_app_that_is_switched_off_holds_opens_nothing_meanwhile() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let app = world.app("notes", "").await;
        let mut ada = world.person("ada").await;
        let code = ada.approves(&app, "openid").await;
        let tokens = app.redeems(&code).await.json();
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let userinfo =
            async || world.send("GET", "/api/oauth/userinfo", &[("Authorization", &bearer)], b"").await.status;
        assert_eq!(userinfo().await, 200);
        assert_eq!(operator.asks("POST", &format!("/apps/{}/disable", app.client_id)).await.status, 200);
        assert_eq!(userinfo().await, 401);
        let refused = ada.is_sent_by(&app, "openid").await;
        assert_eq!((refused.status, refused.header("location")), (400, None));
        assert_eq!(operator.asks("POST", &format!("/apps/{}/enable", app.client_id)).await.status, 200);
        assert_eq!(userinfo().await, 200);
    }
}

#[tokio::test]
async fn deleting_an_app_ends_what_people_allowed_it() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let (app, other) = (world.app("notes", "").await, world.app("iris", "").await);
        let mut ada = world.person("ada").await;
        let code = ada.approves(&app, "openid offline_access").await;
        let tokens = app.redeems(&code).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        assert!(app.sees_active(access).await);
        let grants = operator.asks("GET", &format!("/apps/{}/grants", app.client_id)).await.json();
        assert_eq!(grants["items"][0]["kind"], json!("sign_in"), "{grants}");
        assert_eq!(grants["items"].as_array().unwrap().len(), 1);

        let gone = operator.asks("DELETE", &format!("/apps/{}", app.client_id)).await.json();
        assert_eq!(gone, json!({ "grants_ended": 1 }));
        let bearer = format!("Bearer {access}");
        assert_eq!(world.send("GET", "/api/oauth/userinfo", &[("Authorization", &bearer)], b"").await.status, 401);
        assert_eq!(app.refreshes(tokens["refresh_token"].as_str().unwrap()).await.status, 401);
        assert!(!other.sees_active(access).await);
    }
}

#[tokio::test]
async fn people_are_found_by_handle_and_a_disabled_account_is_signed_out() {
    for world in World::both().await {
        let operator = Operator::of(&world).await;
        let mut ada = world.person("ada").await;
        world.person("grace").await;
        assert_eq!(operator.asks("GET", "/users").await.json()["items"].as_array().unwrap().len(), 2);
        let found = operator.asks("GET", "/users?handle=ada").await.json();
        assert_eq!(members(&found["items"][0]), described("User"));
        assert_eq!(members(&found["items"][0]["identities"][0]), described("Identity"));
        let id = found["items"][0]["account_id"].as_str().unwrap().to_owned();
        for nobody in ["nobody", "%20", "x"] {
            let found = operator.asks("GET", &format!("/users?handle={nobody}")).await.json();
            assert_eq!(found, json!({ "items": [], "next_cursor": null }));
        }
        assert_eq!(ada.opens("/developers").await.status, 200);
        assert!(operator.asks("POST", &format!("/users/{id}/disable")).await.json()["disabled_at"].is_string());
        assert_eq!(ada.opens("/developers").await.status, 303);
        assert!(ada.signs_in().await.status >= 400);
        assert!(operator.asks("POST", &format!("/users/{id}/enable")).await.json()["disabled_at"].is_null());
        assert_eq!(ada.signs_in().await.status, 200);
        assert_eq!(refusal(&operator.asks("GET", "/users/acc_none").await), "404 not_found []");
        assert_eq!(refusal(&operator.asks("POST", "/users/acc_none/disable").await), "404 not_found []");
    }
}

#[tokio::test]
async fn members_come_change_and_go_but_the_last_owner_stays() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    world.person("ada").await;
    world.person("grace").await;
    let acme = operator.acme().await;
    let accounts: Vec<String> = world
        .store
        .read(|tx| {
            let told = ledger::journal::list(tx, i64::MAX, 50)?;
            Ok::<_, base::Fault>(
                told.into_iter().filter_map(|told| told.account).map(|id| id.as_str().to_owned()).collect(),
            )
        })
        .await
        .unwrap();
    let (grace, ada) = (accounts.first().unwrap().clone(), accounts.last().unwrap().clone());
    assert_ne!(grace, ada);
    let at = |account: &str| format!("/organizations/{acme}/members/{account}");
    let whole = operator.sends("PUT", &at(&ada), &json!({ "role": "owner" })).await.json();
    assert_eq!((&whole["members"][0]["account_id"], &whole["members"][0]["role"]), (&json!(ada), &json!("owner")));
    assert_eq!(operator.sends("PUT", &at(&grace), &json!({ "role": "viewer" })).await.status, 200);
    let whole = operator.sends("PUT", &at(&grace), &json!({ "role": "developer" })).await.json();
    assert_eq!(whole["members"].as_array().unwrap().len(), 2);
    let said = "422 invalid_fields [account: is the last owner]";
    assert_eq!(refusal(&operator.sends("PUT", &at(&ada), &json!({ "role": "viewer" })).await), said);
    assert_eq!(refusal(&operator.asks("DELETE", &at(&ada)).await), said);
    assert_eq!(operator.asks("DELETE", &at(&grace)).await.json()["members"].as_array().unwrap().len(), 1);
    let said = "422 invalid_fields [role: is viewer, developer, admin or owner]";
    assert_eq!(refusal(&operator.sends("PUT", &at(&grace), &json!({ "role": "king" })).await), said);
    let said = "422 invalid_fields [account: is no account of this server]";
    assert_eq!(refusal(&operator.sends("PUT", &at("acc_none"), &json!({ "role": "viewer" })).await), said);
}

#[tokio::test]
async fn a_logo_is_served_as_the_picture_it_is_and_can_run_nothing() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (id, _) = operator.notes().await;
    // A PNG and a GIF of one pixel.
    let change = json!({ "branding": { "logo": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "accent": "#3355ff" } });
    let shown = operator.sends("PATCH", &format!("/apps/{id}"), &change).await.json();
    let url = shown["branding"]["logo_url"].as_str().unwrap().to_owned();
    let picture = world.send("GET", url.strip_prefix(&world.issuer).unwrap(), &[], b"").await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    assert!(picture.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    let change = json!({ "branding": { "logo": "R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs=" } });
    let after = operator.sends("PATCH", &format!("/apps/{id}"), &change).await.json();
    assert_ne!(after["branding"]["logo_url"], json!(url));
    assert_eq!(after["branding"]["accent"], json!("#3355ff"));
    assert_eq!(world.send("GET", url.strip_prefix(&world.issuer).unwrap(), &[], b"").await.status, 404);
    // "<svg/>" in base64.
    let refused = operator.sends("PATCH", &format!("/apps/{id}"), &json!({ "branding": { "logo": "PHN2Zy8+" } })).await;
    assert_eq!(refusal(&refused), "422 invalid_fields [branding.logo: is a PNG, JPEG, GIF or WebP picture]");
}

/// What the description says of a schema's members.
pub(super) fn described(schema: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(server::api::v1::document()).unwrap();
    let members = document.pointer(&format!("/components/schemas/{schema}/properties")).unwrap().as_object().unwrap();
    members.keys().cloned().collect()
}

pub(super) fn members(value: &Value) -> Vec<String> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().cloned().collect()
}

#[tokio::test]
async fn what_is_answered_is_what_is_described() {
    let world = World::new().await;
    let operator = Operator::of(&world).await;
    let (id, _) = operator.notes().await;
    let whole = operator.asks("GET", &format!("/apps/{id}")).await.json();
    assert_eq!(members(&whole), described("WholeApp"));
    assert_eq!(members(&whole["secrets"][0]), described("Secret"));
    assert_eq!(members(&operator.asks("GET", "/apps").await.json()["items"][0]), described("App"));
    let organizations = operator.asks("GET", "/organizations").await.json();
    assert_eq!(members(&organizations["items"][0]), described("Organization"));
    let acme = organizations["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        members(&operator.asks("GET", &format!("/organizations/{acme}")).await.json()),
        described("WholeOrganization")
    );
    assert_eq!(members(&operator.asks("GET", "/audit").await.json()["items"][0]), described("Entry"));
    let app = world.app("iris", "").await;
    let mut ada = world.person("ada").await;
    let code = ada.approves(&app, "openid").await;
    assert_eq!(app.redeems(&code).await.status, 200);
    let grants = operator.asks("GET", &format!("/apps/{}/grants", app.client_id)).await.json();
    assert_eq!(members(&grants["items"][0]), described("Grant"));
    let problem = operator.sends("POST", "/apps", &json!({})).await.json();
    assert_eq!(members(&problem), described("Problem"));
    let description = world.send("GET", "/api/v1/openapi.json", &[], b"").await;
    assert_eq!(description.json()["openapi"], json!("3.1.0"));
    assert!(Time::from_ms(0) < world.seams.now());
}
