//! `/api/register`, `/api/login`, `/api/security`, `/api/devices`, `/api/identities`, `/api/activity`, `/api/mydata`.

use serde_json::{Value, json};
use testkit::{SoftPasskey, World};

#[tokio::test]
async fn who_is_not_signed_in_gets_401() {
    let world = World::new().await;
    for (method, target) in [
        ("POST", "/api/login/step-up"),
        ("GET", "/api/security"),
        ("POST", "/api/security/passkeys/register"),
        ("POST", "/api/security/passkeys/complete"),
        ("PATCH", "/api/security/passkeys/pky_1"),
        ("DELETE", "/api/security/passkeys/pky_1"),
        ("POST", "/api/security/trust-codes/regenerate"),
        ("GET", "/api/devices"),
        ("GET", "/api/devices/pending-requests"),
        ("POST", "/api/devices/approve-request"),
        ("POST", "/api/devices/deny-request"),
        ("PATCH", "/api/devices/dev_1"),
        ("DELETE", "/api/devices/dev_1"),
        ("GET", "/api/identities"),
        ("POST", "/api/identities"),
        ("GET", "/api/identities/1"),
        ("PATCH", "/api/identities/1"),
        ("DELETE", "/api/identities/1"),
        ("POST", "/api/identities/1/set-primary"),
        ("POST", "/api/identities/1/email/start"),
        ("POST", "/api/identities/1/email/verify"),
        ("POST", "/api/identities/1/email/resend"),
        ("DELETE", "/api/identities/1/email"),
        ("POST", "/api/invitations"),
        ("GET", "/api/activity"),
        ("GET", "/api/mydata/export"),
        ("DELETE", "/api/mydata"),
    ] {
        let answer = world.browser().calls_with(method, target, &json!({})).await;
        assert_eq!(answer.status, 401, "{method} {target}: {answer:?}");
        assert!(answer.headers("set-cookie").iter().all(|cookie| cookie.contains("flow")), "{target}");
    }
}

#[tokio::test]
async fn registering_and_signing_in_answer_as_the_wire_says() {
    for world in World::both().await {
        let mut ada = world.browser();
        let started = ada.calls("/api/register/start", &json!({ "handle": "Ada" })).await.json();
        let options = &started["options"];
        assert_eq!(options["rp"]["id"], "localhost");
        assert_eq!((&options["timeout"], &options["attestation"]), (&json!(60_000), &json!("none")));
        let selection = &options["authenticatorSelection"];
        assert_eq!((&selection["residentKey"], &selection["requireResidentKey"]), (&json!("required"), &json!(true)));
        assert_eq!(selection["userVerification"], "required");
        let algs: Vec<i64> =
            options["pubKeyCredParams"].as_array().unwrap().iter().map(|one| one["alg"].as_i64().unwrap()).collect();
        assert!(algs.contains(&-7) && algs.contains(&-257), "{algs:?}");

        let (passkey, credential) = SoftPasskey::register(options, &world.issuer);
        let body = json!({
            "tempUserId": started["tempUserId"], "credential": credential,
            "identity": { "displayName": "Ada Moreau", "handle": "ada", "email": "ada@example.org" },
            "device": { "name": "Laptop", "type": "computer" },
        });
        let done = ada.calls("/api/register/complete", &body).await;
        assert_eq!((done.status, done.header("set-login")), (200, Some("logged-in")), "{done:?}");
        let text = done.text();
        let done = done.json();
        assert_eq!((&done["success"], &done["trustCodes"]), (&json!(true), &json!([])));
        assert_eq!(done["recoveryCodes"].as_array().unwrap().len(), 10);
        assert_eq!(
            (&done["identity"]["displayName"], &done["identity"]["email"]),
            (&json!("Ada Moreau"), &Value::Null)
        );
        assert_eq!((&done["device"]["name"], &done["device"]["type"]), (&json!("Laptop"), &json!("computer")));
        assert!(ada.cookies.values().all(|value| !text.contains(value.as_str())), "a session's secret is in a body");
        assert_eq!(world.mails().len(), 1);
        let waiting = ada.opens(&format!("/api/identities/{}", done["identity"]["id"].as_str().unwrap())).await.json();
        assert_eq!(waiting["identity"]["pendingEmail"], "ada@example.org");

        let mut phone = world.browser();
        phone.passkey = Some(passkey);
        let entered = phone.signs_in().await;
        assert_eq!(entered.status, 200, "{entered:?}");
        assert_eq!(entered.json()["identities"][0]["handle"], "ada");
        assert_eq!(entered.json()["needsMasterKey"], false);
        let out = phone.calls("/api/login/logout", &json!({})).await;
        assert_eq!((out.status, out.header("set-login")), (200, Some("logged-out")));
        assert_eq!(phone.opens("/api/security").await.status, 401);
    }
}

#[tokio::test]
async fn a_handle_is_told_to_be_taken_before_and_after_the_passkey() {
    let world = World::new().await;
    world.person("ada").await;
    let mut eve = world.browser();
    let taken = eve.calls("/api/register/start", &json!({ "handle": "ADA" })).await;
    assert_eq!((taken.status, taken.json()["error"].as_str()), (400, Some("handle_taken")));
    assert_eq!(eve.opens("/api/register/check-handle/ada").await.json()["available"], false);
    assert_eq!(eve.opens("/api/register/check-handle/eve").await.json(), json!({ "available": true }));
    assert_eq!(eve.opens("/api/register/check-handle/a%20b").await.json()["available"], false);

    let started = eve.calls("/api/register/start", &json!({ "handle": "grace" })).await.json();
    let (_, credential) = SoftPasskey::register(&started["options"], &world.issuer);
    world.person("grace").await;
    let identity = json!({ "displayName": "Grace", "handle": "grace" });
    let body = json!({ "tempUserId": started["tempUserId"], "credential": credential, "identity": identity });
    assert_eq!(eve.calls("/api/register/complete", &body).await.status, 409);
}

#[tokio::test]
async fn passkeys_devices_and_identities_are_looked_after() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let started = ada.calls("/api/security/passkeys/register", &json!({})).await.json();
    let (_, credential) = SoftPasskey::register(&started["options"], &world.issuer);
    let added =
        ada.calls("/api/security/passkeys/complete", &json!({ "credential": credential, "name": "Blue key" })).await;
    assert_eq!(added.status, 200, "{added:?}");
    let id = added.json()["passkey"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        ada.calls_with("PATCH", &format!("/api/security/passkeys/{id}"), &json!({ "name": "Red key" })).await.status,
        200
    );
    let security = ada.opens("/api/security").await.json();
    assert_eq!(security["passkeys"].as_array().unwrap().len(), 2);
    assert_eq!((&security["recoveryCodesRemaining"], &security["hasRecoveryCodes"]), (&json!(10), &json!(true)));
    assert_eq!(ada.calls_with("DELETE", &format!("/api/security/passkeys/{id}"), &json!({})).await.status, 200);
    let last = security["passkeys"].as_array().unwrap().iter().find(|one| one["id"] != id.as_str()).unwrap()["id"]
        .as_str()
        .unwrap();
    let refused = ada.calls_with("DELETE", &format!("/api/security/passkeys/{last}"), &json!({})).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("last_passkey")));

    let devices = ada.opens("/api/devices").await.json();
    assert_eq!(devices["devices"][0]["isCurrent"], true);
    let made = ada.calls("/api/identities", &json!({ "displayName": "Work", "handle": "ada_w" })).await;
    assert_eq!(made.status, 201);
    let made = made.json()["identity"]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.calls(&format!("/api/identities/{made}/set-primary"), &json!({})).await.status, 200);
    assert_eq!(ada.opens("/api/identities").await.json()["identities"][0]["id"], made.as_str());
    let mut eve = world.person("eve").await;
    for (method, path) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/set-primary"),
        ("DELETE", "/email"),
        ("POST", "/email/resend"),
    ] {
        let answer = eve.calls_with(method, &format!("/api/identities/{made}{path}"), &json!({})).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }
    let log = ada.opens("/api/activity?limit=2").await.json();
    assert_eq!(log["logs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_approval_goes_through_the_api_and_its_status_only_reports() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let mut phone = world.browser();
    let asked = phone
        .calls(
            "/api/login/request-approval",
            &json!({ "handle": "ada", "device": { "name": "Phone", "type": "phone" } }),
        )
        .await
        .json();
    let (id, code) = (asked["requestId"].as_str().unwrap(), asked["code"].as_str().unwrap());
    let status = format!("/api/login/request-status/{id}");
    assert_eq!(phone.opens(&status).await.json(), json!({ "status": "pending" }));
    assert_eq!(world.browser().opens(&status).await.json(), json!({ "status": "expired" }));
    let waiting = ada.opens("/api/devices/pending-requests").await;
    assert_eq!(waiting.json()["requests"][0]["id"], id);
    assert!(!waiting.text().contains(code));
    assert_eq!(ada.calls("/api/devices/approve-request", &json!({ "requestId": id })).await.status, 404);
    assert_eq!(ada.calls("/api/devices/approve-request", &json!({ "requestId": id, "code": code })).await.status, 200);
    let approved = phone.opens(&status).await;
    assert_eq!((approved.json(), approved.headers("set-cookie").len()), (json!({ "status": "approved" }), 0));
    assert_eq!(phone.opens("/api/security").await.status, 401);
    let body = json!({ "requestId": id });
    assert_eq!(world.browser().calls("/api/login/finish-approval", &body).await.status, 404);
    assert_eq!(phone.calls("/api/login/finish-approval", &body).await.status, 200);
    assert_eq!(phone.opens("/api/security").await.status, 200);
    assert_eq!(phone.calls("/api/login/finish-approval", &body).await.status, 404);
}

#[tokio::test]
async fn bodies_are_strict() {
    let world = World::new().await;
    let mut browser = world.browser();
    let issuer = world.issuer.clone();
    let origin = ("Origin", &*issuer);
    for (body, kind, status) in [
        ("[]", "application/json", 400),
        ("{\"handle\":1}", "application/json", 400),
        ("{\"handle\":\"ada\",\"handle\":\"eve\"}", "application/json", 400),
        ("{", "application/json", 400),
        ("handle=ada", "application/x-www-form-urlencoded", 415),
        ("{\"handle\":\"ada\"}", "text/plain", 415),
    ] {
        let answer =
            browser.sends("POST", "/api/register/start", &[("Content-Type", kind), origin], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
    let huge = format!("{{\"handle\":\"{}\"}}", "a".repeat(300_000));
    let answer = browser
        .sends("POST", "/api/register/start", &[("Content-Type", "application/json"), origin], huge.as_bytes())
        .await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn what_somebody_else_could_have_done_is_told_by_mail() {
    let world = World::new().await;
    let mut ada = world.browser();
    let done = ada.registers("ada").await.json();
    let (identity, code) = (done["identity"]["id"].as_str().unwrap(), done["recoveryCodes"][0].as_str().unwrap());
    let started =
        ada.calls(&format!("/api/identities/{identity}/email/start"), &json!({ "email": "ada@example.org" })).await;
    assert_eq!(started.json()["pendingEmail"], "ada@example.org");
    let digits = world.mails()[0].subject.split(' ').next().unwrap().to_owned();
    let proven = ada.calls(&format!("/api/identities/{identity}/email/verify"), &json!({ "code": digits })).await;
    assert_eq!(proven.json()["identity"]["email"], "ada@example.org");

    let entered = world.browser().calls("/api/login/trust-code", &json!({ "handle": "ada", "code": code })).await;
    assert_eq!(entered.json()["remainingRecoveryCodes"], 9);
    let begun = ada.calls("/api/security/passkeys/register", &json!({})).await.json();
    let (_, credential) = SoftPasskey::register(&begun["options"], &world.issuer);
    let added = ada.calls("/api/security/passkeys/complete", &json!({ "credential": credential })).await.json();
    let path = format!("/api/security/passkeys/{}", added["passkey"]["id"].as_str().unwrap());
    assert_eq!(ada.calls_with("DELETE", &path, &json!({})).await.status, 200);
    assert_eq!(ada.calls("/api/security/trust-codes/regenerate", &json!({})).await.status, 200);
    let mut phone = world.browser();
    let asked = phone.calls("/api/login/request-approval", &json!({})).await.json();
    let body = json!({ "requestId": asked["requestId"], "code": asked["code"] });
    assert_eq!(ada.calls("/api/devices/approve-request", &body).await.status, 200);

    let mut subjects = Vec::new();
    for _ in 0..100 {
        subjects = world.mails().into_iter().skip(1).map(|mail| mail.subject).collect();
        if subjects.len() == 5 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for what in [
        "recovery code was used",
        "passkey was added",
        "passkey was removed",
        "New recovery codes",
        "device was let in",
    ] {
        assert!(subjects.iter().any(|subject| subject.contains(what)), "{what}: {subjects:?}");
    }
}

#[tokio::test]
async fn only_an_operator_invites() {
    let world = World::new().await;
    let link = world.app.people.bootstrap_link().await.unwrap().unwrap();
    let mut ada = world.browser();
    let started =
        ada.calls("/api/register/start", &json!({ "handle": "ada", "invitation": link.reveal() })).await.json();
    let (_, credential) = SoftPasskey::register(&started["options"], &world.issuer);
    let body = json!({
        "tempUserId": started["tempUserId"], "credential": credential, "invitation": link.reveal(),
        "identity": { "displayName": "Ada", "handle": "ada" },
    });
    assert_eq!(ada.calls("/api/register/complete", &body).await.status, 200);
    let made = ada.calls("/api/invitations", &json!({})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let url = made.json()["url"].as_str().unwrap().to_owned();
    assert!(world.browser().opens(&url).await.text().contains("data-invitation=\"piv_"));
    assert_eq!(world.person("eve").await.calls("/api/invitations", &json!({})).await.status, 404);
}
