//! A person lets an agent use a secret of the company, or brings a key of their own for it (`connect-wire.md` 2.6.16).

use super::connect::{opens, presses, user_token};
use crate::outside::Outside;
use db::testing::{postgres, sqlite};
use serde_json::{Value, json};
use testkit::{Answer, Backend, Browser, Fake, TestApp, World};

const OPEN: &str = "/sdk/managed-secrets/connect/session";
const COMPANYS: &str = "sk_company_0001";
const HERS: &str = "sk_of_ada_herself_0002";
const NEWER: &str = "sk_of_ada_newer_and_longer_0003";

/// A server whose app has a secret for the echo of the fake provider, and an identity provider of its own beside this server.
pub(crate) struct Place {
    pub world: World,
    pub fake: Fake,
    pub outside: Outside,
}

impl Place {
    pub(crate) async fn both() -> [Place; 2] {
        [Place::on(sqlite().await).await, Place::on(postgres().await).await]
    }

    async fn on(database: db::testing::Database) -> Place {
        let (fake, outside) = (Fake::new().await, Outside::start().await);
        let allowed = format!("{},{}", fake.address, outside.host());
        let world = World::on(database, &[("PROCURA_EGRESS_ALLOW", &allowed)]).await;
        Place { world, fake, outside }
    }

    pub(crate) async fn app(&self, inject: &str) -> TestApp<'_> {
        let credential = if inject == "basic" { "company:pass" } else { COMPANYS };
        let more = format!(
            "website_url = \"https://notes.test/\"\n[[managed_secret]]\nslug = \"weather\"\napp = \"notes\"\nname = \"Weather\"\n\
             inject = \"{inject}\"\nhosts = [\"{}\"]\ntemplate = \"sky\"\ncredential = \"{credential}\"\n",
            self.fake.address
        );
        let app = self.world.app("notes", &more).await;
        self.outside.is_named_by(&self.world, "notes").await;
        app
    }

    /// What reaches the service when a permission is used: the key, as stars.
    async fn used(&self, backend: &Backend<'_>, grant: &Value) -> Result<usize, String> {
        let ask =
            json!({ "method": "GET", "url": format!("http://{}/calendar/echo", self.fake.address), "grant_id": grant });
        used(backend, &ask).await
    }
}

async fn used(backend: &Backend<'_>, ask: &Value) -> Result<usize, String> {
    use base64::Engine as _;
    let answer = backend.call("POST", "/sdk/proxy", ask).await;
    if answer.status != 200 {
        return Err(testkit::said(&answer));
    }
    let body = base64::engine::general_purpose::STANDARD.decode(answer.json()["body_b64"].as_str().unwrap()).unwrap();
    let echo: Value = serde_json::from_slice(&body).unwrap();
    let header = &echo["headers"]["x-weather"];
    let stars = header.as_str().unwrap_or_else(|| panic!("{echo}"));
    assert!(stars.bytes().all(|byte| byte == b'*'), "{stars}");
    Ok(stars.len())
}

/// An agent that may use the secret, with its key.
async fn agent<'a>(world: &'a World, backend: &Backend<'_>, scopes: Value) -> (String, Backend<'a>) {
    let made = backend.gets("POST", "/sdk/agents", &json!({ "name": "helper", "scopes": scopes })).await;
    (made["id"].as_str().unwrap().to_owned(), Backend::of(world, made["api_key"].as_str().unwrap()))
}

pub(crate) async fn asks(backend: &Backend<'_>, user: &str, more: Value) -> Value {
    let mut ask = json!({ "provider": "weather", "user_token": user });
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    backend.gets("POST", OPEN, &ask).await
}

/// Opens the page of a session and gives it with its path.
async fn visits(browser: &mut Browser<'_>, opened: &Value) -> (String, Answer) {
    let path = opens(browser, opened["session_token"].as_str().unwrap(), true).await;
    let page = browser.opens(&path).await;
    (path, page)
}

/// Sends the form of the page with these fields set.
async fn answers(browser: &mut Browser<'_>, path: &str, page: &Answer, set: &[(&str, &str)]) -> Answer {
    let mut form = page.form_with("csrf");
    for (name, value) in set {
        form.insert((*name).to_owned(), (*value).to_owned());
    }
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.posts(path, &fields).await
}

/// A person brings a key and the session comes to its end.
async fn brings(browser: &mut Browser<'_>, opened: &Value, key: &str) -> Answer {
    let (path, page) = visits(browser, opened).await;
    assert_eq!(page.status, 200, "{page:?}");
    let answer = answers(browser, &path, &page, &[("secret.key", key), ("decision", "key")]).await;
    assert_eq!(answer.location(), path, "{answer:?}");
    browser.opens(&path).await
}

fn grant_in(end: &Answer) -> Value {
    let text = end.text();
    let (_, rest) = text.split_once("data-message=\"").unwrap_or_else(|| panic!("{text}"));
    let message = rest.split_once('"').unwrap().0.replace("&#34;", "\"").replace("&quot;", "\"");
    serde_json::from_str::<Value>(&message).unwrap_or_else(|error| panic!("{error}: {message}"))
}

#[tokio::test]
async fn who_may_not_open_a_session_about_a_secret() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("header:X-Weather").await);
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let whole = json!({ "provider": "weather", "user_token": user });
        let body = whole.to_string();
        assert_eq!(world.send("POST", OPEN, &[], body.as_bytes()).await.status, 401);
        for scopes in [&["connect:initiate"][..], &["secrets:write"][..], &["secrets:read", "connect:initiate"][..]] {
            let narrow = world.backend_for(&notes, scopes).await;
            assert_eq!(narrow.refusal("POST", OPEN, &whole).await, "403 insufficient_scope", "{scopes:?}");
        }
        let elsewhere = world.app("other", "").await;
        let other = world.backend(&elsewhere).await;
        assert_eq!(other.refusal("POST", OPEN, &whole).await, "401 jwt_validation_error");
        let ask = json!({ "provider": "weather", "user_token": user_token(&mut ada, &elsewhere).await });
        assert_eq!(other.refusal("POST", OPEN, &ask).await, "404 secret_not_found");
        let (agent, own) = agent(world, &backend, json!({})).await;
        for (more, refusal) in [
            (json!({ "user_token": null }), "400 invalid_request"),
            (json!({ "user_token": "x" }), "401 jwt_validation_error"),
            (json!({ "provider": null }), "400 invalid_request"),
            (json!({ "provider": "Weather" }), "400 invalid_request"),
            (json!({ "provider": "no-such" }), "404 secret_not_found"),
            (json!({ "template_slug": "sea" }), "422 secret_template_mismatch"),
            (json!({ "provider": null, "template_slug": "sea" }), "404 secret_not_found"),
            (json!({ "agent": "nobody" }), "404 agent_not_found"),
            (json!({ "agent": agent, "delegated_agent_id": agent }), "400 invalid_request"),
            (json!({ "delegable": true }), "400 invalid_request"),
            (json!({ "agent": agent, "requested_ttl_seconds": 0 }), "400 invalid_request"),
            (json!({ "requested_grant": { "label": "" } }), "400 invalid_request"),
            (
                json!({ "requested_grant": { "label": "a", "restrictions": { "allowed_methods": ["GET"] } } }),
                "400 invalid_request",
            ),
            (json!({ "repair_grant_id": "11111111-1111-4111-8111-111111111111" }), "404 grant_not_found"),
            (
                json!({ "repair_grant_id": "11111111-1111-4111-8111-111111111111", "agent": agent }),
                "400 invalid_request",
            ),
            (json!({ "grant_policy": { "expires_at": "soon" } }), "422 invalid_grant_policy"),
        ] {
            let mut ask = whole.clone();
            ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(backend.refusal("POST", OPEN, &ask).await, refusal, "{more}");
        }
        // An agent asks for itself and for nobody else.
        let made = backend.gets("POST", "/sdk/agents", &json!({ "name": "second" })).await;
        let ask = json!({ "provider": "weather", "user_token": user, "agent": made["id"] });
        assert_eq!(own.refusal("POST", OPEN, &ask).await, "400 agent_cannot_delegate_to_other_agent");
    }
}

#[tokio::test]
async fn a_person_brings_a_key_and_an_agent_uses_it() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("header:X-Weather").await);
        let backend = world.backend(&notes).await;
        let (agent, own) = agent(world, &backend, json!({ "managed_secret_slugs": ["weather"] })).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let opened =
            asks(&backend, &user, json!({ "agent": "helper", "delegable": true, "template_slug": "sky" })).await;
        assert_eq!(
            json!({
                "path": opened["path"], "slug": opened["secret_slug"], "delegable": opened["delegable_requested"],
                "existing": opened["existing_grant_id"], "template": opened["template_slug"], "agent": opened["agent_id"],
                "direct": opened["direct"], "expires_in": opened["expires_in"],
            }),
            json!({
                "path": "key_entry", "slug": "weather", "delegable": true, "existing": null, "template": "sky",
                "agent": agent, "direct": false, "expires_in": 600,
            })
        );
        // There is no poll for these sessions.
        let poll = json!({ "session_token": opened["session_token"] });
        assert_eq!(
            backend.gets("POST", "/sdk/oauth/connect/session/poll", &poll).await,
            json!({ "status": "expired" })
        );
        let (path, page) = visits(&mut ada, &opened).await;
        let text = page.text();
        for words in ["App notes", "Weather", &place.fake.address, "@ada", "helper", "Your key", "pass this on"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        // What is no key is said on the page, which shows nothing of it again.
        for wrong in ["", "  ", "a\u{1}b"] {
            let answer = answers(&mut ada, &path, &page, &[("secret.key", wrong), ("decision", "key")]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.text().contains("not written as keys are"), "{}", answer.text());
        }
        let set = [("secret.key", HERS), ("agent", "yes"), ("pass_on", "yes"), ("decision", "key")];
        let answer = answers(&mut ada, &path, &page, &set).await;
        assert_eq!(answer.location(), path, "{answer:?}");
        let end = ada.opens(&path).await;
        assert!(!end.text().contains(HERS), "{}", end.text());
        let message = grant_in(&end);
        assert_eq!(
            (&message["type"], &message["updated"], &message["delegable"]),
            (&json!("alter_connect_success"), &json!(false), &json!(true)),
            "{message}"
        );
        let grant = message["grants"][0]["grant_id"].clone();
        // Her own key goes along, by id, by name with her token, and for the agent.
        assert_eq!(place.used(&backend, &grant).await, Ok(HERS.len()));
        let url = format!("http://{}/calendar/echo", place.fake.address);
        let by_name = json!({ "method": "GET", "url": url, "provider_id": "weather", "user_token": user });
        assert_eq!(used(&backend, &by_name).await, Ok(HERS.len()));
        assert_eq!(place.used(&own, &grant).await, Ok(HERS.len()));
        // The app's own calls still carry the company's.
        let system = json!({ "method": "GET", "url": url, "provider_id": "weather" });
        assert_eq!(used(&backend, &system).await, Ok(COMPANYS.len()));
        let listed = backend.gets("POST", "/sdk/grants/list", &json!({ "user_token": user })).await;
        let item = &listed["grants"][0];
        assert_eq!(
            (&item["grant_id"], &item["principal_type"], &item["credential_kind"], &item["managed_secret_slug"]),
            (&grant, &json!("user"), &json!("end_user"), &json!("weather")),
            "{listed}"
        );
        let listed = own.gets("POST", "/sdk/grants/list", &json!({})).await;
        let item = &listed["grants"][0];
        assert_eq!((&item["access_via"], &item["delegable"]), (&json!("ms_delegation"), &json!(true)), "{listed}");
        assert!(ada.opens("/account/connections").await.text().contains("Weather"));

        // The key is replaced and everything that hangs on it stays.
        let opened = asks(&backend, &user, json!({ "repair_grant_id": grant })).await;
        assert_eq!((&opened["path"], &opened["existing_grant_id"]), (&json!("repair"), &grant));
        let end = brings(&mut ada, &opened, NEWER).await;
        let message = grant_in(&end);
        assert_eq!((&message["grants"][0]["grant_id"], &message["updated"]), (&grant, &json!(true)), "{message}");
        assert_eq!(place.used(&backend, &grant).await, Ok(NEWER.len()));
        assert_eq!(place.used(&own, &grant).await, Ok(NEWER.len()));

        // When she ends it, her key is gone; the company's stays.
        let revoke = format!("/sdk/oauth/grants/{}/revoke", grant.as_str().unwrap());
        backend.gets("POST", &revoke, &json!({})).await;
        assert_eq!(place.used(&backend, &grant).await, Err("400 grant_revoked".to_owned()));
        assert_eq!(used(&backend, &system).await, Ok(COMPANYS.len()));
        let sealed = world.store.read(|tx| {
            let sql = "SELECT count(*) AS kept FROM connections WHERE sealed IS NOT NULL";
            tx.one(sql, db::args![])?.unwrap().int("kept")
        });
        assert_eq!(sealed.await.unwrap(), 1);
    }
}

#[tokio::test]
async fn who_holds_the_companys_secret_lets_an_agent_in_with_one_press() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("header:X-Weather").await);
        let backend = world.backend(&notes).await;
        let (_, own) = agent(world, &backend, json!({ "managed_secret_slugs": ["weather"] })).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let system = backend.gets("POST", "/sdk/grants/list", &json!({ "provider_id": "weather" })).await;
        let secret = system["grants"][0]["managed_secret_id"].as_str().unwrap().to_owned();
        let principal = json!({ "principal": { "type": "user", "user_token": user, "label": "for Ada" } });
        let made = backend.gets("POST", &format!("/sdk/managed-secrets/{secret}/grants"), &principal).await;
        let grant = made["grant_id"].clone();
        assert_eq!(place.used(&own, &grant).await, Err("404 no_delegated_grant".to_owned()));

        let opened = asks(&backend, &user, json!({ "agent": "helper", "requested_ttl_seconds": 3600 })).await;
        assert_eq!(
            (&opened["path"], &opened["existing_grant_id"], &opened["delegable_requested"]),
            (&json!("fast_path"), &grant, &json!(false))
        );
        let (path, page) = visits(&mut ada, &opened).await;
        let text = page.text();
        assert!(text.contains("helper") && text.contains("in your name") && !text.contains("Your key"), "{text}");
        assert_eq!(presses(&mut ada, &page, &path, "approve").await.location(), path);
        let message = grant_in(&ada.opens(&path).await);
        assert_eq!((&message["grants"][0]["grant_id"], &message["delegable"]), (&grant, &json!(false)), "{message}");
        assert_eq!(place.used(&own, &grant).await, Ok(COMPANYS.len()));
        // She sees both, and whom she let in, in her account; nobody else's permissions on it.
        let access = ada.opens("/account/access").await.text();
        assert!(access.contains("uses a secret of its company") && access.contains("Weather"), "{access}");
        assert!(ada.opens("/account/agents").await.text().contains("helper"));
        let end = format!("/account/access/{}/end", grant.as_str().unwrap());
        let page = ada.opens(&end).await;
        assert!(page.status == 200 && page.text().contains("helper"), "{page:?}");
        assert!(page.text().contains("stays with it") && !page.text().contains("told to forget"), "{}", page.text());
        let mut bob = world.person("bob").await;
        assert_eq!(bob.opens(&end).await.status, 404);
        assert!(!bob.opens("/account/access").await.text().contains("Weather"));
        // It is the agent's for as long as was asked; the person's own stays.
        world.clock.advance_secs(3_601);
        assert_eq!(place.used(&own, &grant).await, Err("403 grant_expired".to_owned()));
        assert_eq!(place.used(&backend, &grant).await, Ok(COMPANYS.len()));
        // Nobody replaces the company's key.
        let user = user_token(&mut ada, &notes).await;
        let ask = json!({ "provider": "weather", "user_token": user, "repair_grant_id": grant });
        assert_eq!(backend.refusal("POST", OPEN, &ask).await, "400 invalid_request");

        // An agent that asks by itself is not told what its person has; the answer is the same page.
        let opened = asks(&own, &user, json!({})).await;
        assert_eq!((&opened["path"], &opened["existing_grant_id"]), (&Value::Null, &Value::Null));
        assert!(opened.as_object().unwrap().contains_key("path"));
        let (path, page) = visits(&mut ada, &opened).await;
        presses(&mut ada, &page, &path, "cancel").await;
        let message = grant_in(&ada.opens(&path).await);
        assert_eq!(message["error"], "oauth_denied", "{message}");
        assert_eq!(place.used(&own, &grant).await, Err("403 grant_expired".to_owned()));
        // Asked again and allowed, it lasts ninety days at most.
        let opened = asks(&own, &user, json!({ "requested_ttl_seconds": 365 * 86_400 })).await;
        let (path, page) = visits(&mut ada, &opened).await;
        presses(&mut ada, &page, &path, "approve").await;
        assert_eq!(place.used(&own, &grant).await, Ok(COMPANYS.len()));
        world.clock.advance_secs(90 * 86_400);
        assert_eq!(place.used(&own, &grant).await, Err("403 grant_expired".to_owned()));
    }
}

#[tokio::test]
async fn a_label_is_a_permission_of_its_own() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("header:X-Weather").await);
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let labelled = json!({ "requested_grant": { "label": "nightly" }, "grant_policy": { "max_ttl_seconds": 600 } });
        let opened = asks(&backend, &user, json!({})).await;
        let first = grant_in(&brings(&mut ada, &opened, HERS).await)["grants"][0]["grant_id"].clone();
        let opened = asks(&backend, &user, labelled.clone()).await;
        assert_eq!(opened["path"], "fast_path");
        let (path, page) = visits(&mut ada, &opened).await;
        presses(&mut ada, &page, &path, "approve").await;
        let second = grant_in(&ada.opens(&path).await)["grants"][0]["grant_id"].clone();
        assert_ne!(first, second);
        assert_eq!(place.used(&backend, &second).await, Ok(HERS.len()));
        // Asked again it is the same one.
        let opened = asks(&backend, &user, labelled).await;
        assert_eq!(opened["existing_grant_id"], second);
        world.clock.advance_secs(601);
        assert_eq!(place.used(&backend, &second).await, Err("403 grant_expired".to_owned()));
        assert_eq!(place.used(&backend, &first).await, Ok(HERS.len()));
    }
}

#[tokio::test]
async fn a_key_of_two_parts_is_asked_for_in_two_fields() {
    let [place, _] = Place::both().await;
    let (world, notes) = (&place.world, place.app("basic").await);
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let user = user_token(&mut ada, &notes).await;
    let opened = asks(&backend, &user, json!({})).await;
    let (path, page) = visits(&mut ada, &opened).await;
    for (name, password) in [("a:b", "x"), ("ada", ""), ("", "x")] {
        let set = [("secret.user", name), ("secret.password", password), ("decision", "key")];
        assert_eq!(answers(&mut ada, &path, &page, &set).await.status, 200, "{name} {password}");
    }
    let set = [("secret.user", "ada"), ("secret.password", "p:w"), ("decision", "key")];
    assert_eq!(answers(&mut ada, &path, &page, &set).await.location(), path);
}

#[tokio::test]
async fn an_agent_uses_no_secret_that_is_not_on_its_list() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("header:X-Weather").await);
        let backend = world.backend(&notes).await;
        let (_, own) = agent(world, &backend, json!({ "managed_secret_slugs": ["tides"] })).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let opened = asks(&backend, &user, json!({ "agent": "helper" })).await;
        let grant = grant_in(&brings(&mut ada, &opened, HERS).await)["grants"][0]["grant_id"].clone();
        assert_eq!(place.used(&own, &grant).await, Err("403 agent_scope_not_allowed".to_owned()));
    }
}

#[tokio::test]
async fn when_the_secret_goes_the_keys_that_people_brought_go_too() {
    for place in Place::both().await {
        let (world, notes) = (&place.world, place.app("header:X-Weather").await);
        let backend = world.backend(&notes).await;
        let mut ada = world.person("ada").await;
        let user = user_token(&mut ada, &notes).await;
        let opened = asks(&backend, &user, json!({})).await;
        let grant = grant_in(&brings(&mut ada, &opened, HERS).await)["grants"][0]["grant_id"].clone();
        let late = asks(&backend, &user, json!({})).await;
        let (path, page) = visits(&mut ada, &late).await;
        let app = base::AppId::from_text(notes.client_id.as_str());
        assert!(world.app.vault.remove_secret(&app, "weather").await.unwrap());
        assert_eq!(place.used(&backend, &grant).await, Err("400 grant_revoked".to_owned()));
        let sealed = world.store.read(|tx| {
            let sql = "SELECT count(*) AS kept FROM connections WHERE sealed IS NOT NULL";
            tx.one(sql, db::args![])?.unwrap().int("kept")
        });
        assert_eq!(sealed.await.unwrap(), 0);
        assert_eq!(presses(&mut ada, &page, &path, "approve").await.status, 404);
        assert_eq!(ada.opens(&path).await.status, 404);
    }
}
