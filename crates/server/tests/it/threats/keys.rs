//! Section 9 at the door: keys, signatures, agents, and whose word a user token is.

use crate::outside::Outside;
use serde_json::{Value, json};
use testkit::{Backend, TestApp, World, said};

async fn agent(backend: &Backend<'_>, name: &str) -> Value {
    backend.gets("POST", "/sdk/agents", &json!({ "name": name, "type": "agent", "scopes": {}, "metadata": {} })).await
}

async fn tokens(world: &World, app: &TestApp<'_>, handle: &str) -> Value {
    let mut person = world.person(handle).await;
    let code = person.approves(app, "openid").await;
    app.redeems(&code).await.json()
}

#[tokio::test]
async fn threat_145_a_user_token_of_a_stranger_or_a_wrong_kind_proves_nobody() {
    let outside = Outside::start().await;
    for world in outside.worlds().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        outside.is_named_by(&world, "notes").await;
        let good = json!({ "sub": "alice" });
        let refused = |token: String| {
            let backend = backend.clone();
            async move { backend.refusal("POST", "/sdk/auth/verify-token", &json!({ "token": token })).await }
        };
        assert_eq!(
            backend.gets("POST", "/sdk/auth/verify-token", &json!({ "token": outside.token(&good) })).await["sub"],
            "alice"
        );
        let now = world.seams.now().secs();
        for wrong in [
            json!({ "sub": "alice", "iss": "https://login.evil.test" }),
            json!({ "sub": "alice", "aud": "other" }),
            json!({ "sub": "alice", "exp": now - 61 }),
            json!({ "sub": "alice", "nbf": now + 300 }),
            json!({ "sub": "" }),
            json!({ "sub": 5 }),
        ] {
            assert_eq!(refused(outside.token(&wrong)).await, "401 jwt_validation_error", "{wrong}");
        }
        for header in [json!({ "alg": "none" }), json!({ "alg": "HS256", "kid": outside.kid() })] {
            assert_eq!(refused(outside.unsigned(&header, &good)).await, "401 jwt_validation_error", "{header}");
        }
        assert_eq!(refused(outside.signed_by_another(&good)).await, "401 jwt_validation_error");
        for nonsense in ["", "a.b.c", "x", &"a".repeat(9_000)] {
            assert_eq!(refused(nonsense.to_owned()).await, "401 jwt_validation_error");
        }
    }
}

#[tokio::test]
async fn threat_145_an_equal_subject_of_another_issuer_or_organization_is_somebody_else() {
    let (one, two) = (Outside::start().await, Outside::start().await);
    let world = one.world_that_reaches(&two).await;
    let mut ids = std::collections::BTreeSet::new();
    for (key, outside) in [("notes", &one), ("iris", &one), ("mail", &two)] {
        let app = world.app(key, "").await;
        let backend = world.backend(&app).await;
        outside.is_named_by(&world, key).await;
        let body = json!({ "user_token": outside.token(&json!({ "sub": "alice" })) });
        let told = backend.gets("POST", "/sdk/identity/resolve", &body).await;
        let id = told["app_user_id"].as_str().unwrap().to_owned();
        // Whoever knows another organization's id of a person learns nothing by it.
        for known in &ids {
            let asked = json!({ "app_user_id": known });
            assert_eq!(backend.refusal("POST", "/sdk/identity/resolve", &asked).await, "404 not_found");
        }
        assert!(ids.insert(id));
    }
}

#[tokio::test]
async fn threat_145_our_own_tokens_prove_a_person_only_while_they_live_and_to_their_organization() {
    for world in World::both().await {
        let (notes, iris) = (world.app("notes", "").await, world.target("iris", "").await);
        let (backend, stranger) = (world.backend(&notes).await, world.backend(&iris).await);
        let tokens = tokens(&world, &notes, "ada").await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        for name in ["access_token_jwt", "id_token"] {
            let shown = json!({ "token": text(name) });
            assert_eq!(backend.call("POST", "/sdk/auth/verify-token", &shown).await.status, 200, "{name}");
            assert_eq!(stranger.refusal("POST", "/sdk/auth/verify-token", &shown).await, "401 jwt_validation_error");
        }
        let opaque = json!({ "token": text("access_token") });
        assert_eq!(backend.refusal("POST", "/sdk/auth/verify-token", &opaque).await, "401 jwt_validation_error");
        // The permission behind them ends.
        let id = base::AppId::from_text(notes.client_id.as_str());
        let now = world.seams.now();
        world
            .store
            .write(move |tx| ledger::grant::end_all_of_app(tx, &id, ledger::grant::EndedBy::Person, now))
            .await
            .unwrap();
        for name in ["access_token_jwt", "id_token"] {
            let shown = json!({ "token": text(name) });
            let said = backend.refusal("POST", "/sdk/auth/verify-token", &shown).await;
            assert_eq!(said, "401 jwt_validation_error", "{name}");
        }
    }
}

#[tokio::test]
async fn a_suspended_person_is_nobody_until_they_are_let_in_again() {
    let outside = Outside::start().await;
    for world in outside.worlds().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        outside.is_named_by(&world, "notes").await;
        let shown = json!({ "user_token": outside.token(&json!({ "sub": "alice" })), "audience": "https://api.test" });
        let told = backend.gets("POST", "/sdk/identity/resolve", &shown).await;
        let id = base::AppUserId::from_text(told["app_user_id"].as_str().unwrap());
        for (at, expected) in [(Some(world.seams.now()), "403 user_suspended"), (None, "200")] {
            let (seams, id, client) = (world.seams.clone(), id.clone(), base::AppId::from_text(app.client_id.as_str()));
            let set = move |tx: &mut db::Tx<'_>| {
                let app = oauth::app::find(tx, &client)?.unwrap();
                let by = vault::By { app: app.id, organization: app.organization, who: vault::by::Who::Operator };
                vault::subject::set_suspended(tx, &seams, &by, &id, at)
            };
            assert!(world.store.write(set).await.unwrap());
            for target in ["/sdk/identity/resolve", "/sdk/identity/assert"] {
                let answer = backend.call("POST", target, &shown).await;
                let heard = if answer.status == 200 { "200".to_owned() } else { said(&answer) };
                assert_eq!(heard, expected, "{target}");
            }
        }
    }
}

#[tokio::test]
async fn a_bearer_key_is_an_apps_or_an_agents_and_keeps_its_limits() {
    use axum::http::{HeaderMap, HeaderValue};
    use server::edge::alter::bearer;
    use server::edge::request::Source;
    use vault::key::{NewKey, scopes};
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    let source = Source("127.0.0.1".parse().unwrap());
    let shown = |authorization: String| {
        let mut headers = HeaderMap::new();
        if !authorization.is_empty() {
            headers.insert("authorization", HeaderValue::from_str(&authorization).unwrap());
        }
        let app = world.app.clone();
        async move { bearer(&app, &headers, source).await }
    };
    let made = agent(&backend, "one").await;
    let own = made["api_key"].as_str().unwrap();
    assert!(shown(format!("Bearer {}", backend.key)).await.unwrap().agent.is_none());
    assert_eq!(shown(format!("bearer {own}")).await.unwrap().agent.unwrap().name, "one");
    let kind = vault::KeyKind::Publishable;
    let page = NewKey { kind, scopes: scopes::of_pages(), ..NewKey::of_app("page") };
    let page = world.backend_with(&app, page).await;
    let wish = json!({ "scopes": ["proxy:execute"], "expires_in": 60, "cidr_allowlist": ["10.0.0.0/8"] });
    let far = backend.gets("POST", "/sdk/keys/derive", &wish).await;
    for (authorization, code) in [
        (String::new(), "401 invalid_key"),
        (format!("Basic {}", backend.key), "401 invalid_key"),
        ("Bearer x".to_owned(), "401 invalid_key"),
        (format!("Bearer {}", page.key), "403 key_kind_not_allowed"),
        (format!("Bearer {}", far["api_key"].as_str().unwrap()), "403 ip_not_allowed"),
    ] {
        let refused = axum::response::IntoResponse::into_response(shown(authorization).await.unwrap_err());
        let status = refused.status().as_u16();
        let body = axum::body::to_bytes(refused.into_body(), 1 << 16).await.unwrap();
        assert_eq!(said(&testkit::Answer { status, headers: Vec::new(), body: body.to_vec() }), code);
    }
    backend
        .gets("PATCH", &format!("/sdk/agents/{}", made["id"].as_str().unwrap()), &json!({ "status": "inactive" }))
        .await;
    assert!(shown(format!("Bearer {own}")).await.is_err());
}

#[tokio::test]
async fn threat_145_a_delegated_token_is_no_user_token() {
    let world = World::new().await;
    let (notes, _iris) = (world.app("notes", "").await, world.target("iris", "").await);
    let backend = world.backend(&notes).await;
    let mut ada = world.person("ada").await;
    let subject = ada.allows(&notes, "iris:inference", "ask", None).await;
    let delegated = notes.delegated(&subject, "iris:inference").await;
    let shown = json!({ "token": delegated });
    assert_eq!(backend.refusal("POST", "/sdk/auth/verify-token", &shown).await, "401 jwt_validation_error");
}

#[tokio::test]
async fn threat_145_who_makes_up_key_names_cannot_make_us_ask_without_end() {
    let outside = Outside::start().await;
    let world = outside.world_that_reaches(&outside).await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    outside.is_named_by(&world, "notes").await;
    for _ in 0..20 {
        let shown = json!({ "token": outside.signed_by_another(&json!({ "sub": "alice" })) });
        assert_eq!(backend.refusal("POST", "/sdk/auth/verify-token", &shown).await, "401 jwt_validation_error");
    }
    assert_eq!(outside.asked(), 1);
    world.clock.advance_secs(31);
    let shown = json!({ "token": outside.signed_by_another(&json!({ "sub": "alice" })) });
    assert_eq!(backend.refusal("POST", "/sdk/auth/verify-token", &shown).await, "401 jwt_validation_error");
    assert_eq!(outside.asked(), 2);
    // The last good keys go on working while their issuer is out of reach.
    outside.breaks();
    world.clock.advance_secs(3_600);
    let later = outside.token_at(&json!({ "sub": "alice" }), world.seams.now().secs());
    assert_eq!(backend.gets("POST", "/sdk/auth/verify-token", &json!({ "token": later })).await["sub"], "alice");
    world.clock.advance_secs(86_400);
    let too_late = outside.token_at(&json!({ "sub": "alice" }), world.seams.now().secs());
    let said = backend.refusal("POST", "/sdk/auth/verify-token", &json!({ "token": too_late })).await;
    assert_eq!(said, "401 jwt_validation_error");
}

#[tokio::test]
async fn threat_153_a_paused_or_revoked_agent_and_one_of_another_app_do_nothing() {
    for world in World::both().await {
        let (notes, iris) = (world.app("notes", "").await, world.app("iris", "").await);
        let (backend, other) = (world.backend(&notes).await, world.backend(&iris).await);
        let (one, two) = (agent(&backend, "one").await, agent(&backend, "two").await);
        let id = one["id"].as_str().unwrap().to_owned();
        let own = Backend::of(&world, one["api_key"].as_str().unwrap());
        let named = backend.clone().with("X-Alter-Caller", id.as_str()).with("X-Alter-Caller-Type", "agent");
        assert_eq!(own.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
        assert_eq!(named.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
        let mismatched = own.clone().with("X-Alter-Caller", two["id"].as_str().unwrap());
        assert_eq!(mismatched.refusal("GET", "/sdk/scopes", &Value::Null).await, "400 caller_agent_mismatch");
        let foreign = other.clone().with("X-Alter-Caller", id.as_str());
        assert_eq!(foreign.refusal("GET", "/sdk/scopes", &Value::Null).await, "404 caller_agent_unresolved");
        assert_eq!(other.refusal("GET", &format!("/sdk/agents/{id}"), &Value::Null).await, "404 agent_not_found");

        backend.gets("PATCH", &format!("/sdk/agents/{id}"), &json!({ "status": "inactive" })).await;
        assert_eq!(own.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 agent_inactive");
        assert_eq!(named.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 agent_inactive");
        assert_eq!(own.gets("GET", "/sdk/agents/me", &Value::Null).await["status"], "inactive");
        backend.gets("PATCH", &format!("/sdk/agents/{id}"), &json!({ "status": "active" })).await;
        assert_eq!(own.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);

        for _ in 0..2 {
            let revoked = backend.gets("DELETE", &format!("/sdk/agents/{id}"), &Value::Null).await;
            assert_eq!(revoked["status"], "revoked");
        }
        assert_eq!(own.refusal("GET", "/sdk/agents/me", &Value::Null).await, "401 key_revoked");
        assert_eq!(named.refusal("GET", "/sdk/scopes", &Value::Null).await, "404 caller_agent_unresolved");
        let again = json!({ "status": "active" });
        assert_eq!(backend.refusal("PATCH", &format!("/sdk/agents/{id}"), &again).await, "401 agent_revoked");
    }
}

#[tokio::test]
async fn threat_153_what_an_agent_was_given_ends_with_it() {
    for world in World::both().await {
        let notes = world.app("notes", "").await;
        let backend = world.backend(&notes).await;
        let made = agent(&backend, "one").await;
        let id = base::AgentId::from_text(made["id"].as_str().unwrap());
        let (seams, app, given) = (world.seams.clone(), base::AppId::from_text(notes.client_id.as_str()), id.clone());
        let node = world
            .store
            .write(move |tx| {
                let new = ledger::grant::NewGrant {
                    app: Some(app),
                    agent: Some(given),
                    ..ledger::grant::NewGrant::of(ledger::grant::Kind::Agent, &seams)?
                };
                ledger::grant::open(tx, &new, seams.now())?;
                Ok::<_, base::Fault>(new.id)
            })
            .await
            .unwrap();
        backend.gets("DELETE", &format!("/sdk/agents/{id}"), &Value::Null).await;
        let found = world.store.read(move |tx| ledger::grant::find(tx, &node)).await.unwrap().unwrap();
        assert!(found.ended_at.is_some());
    }
}

#[tokio::test]
async fn threat_154_keys_and_agents_of_another_app_do_not_exist() {
    for world in World::both().await {
        let (notes, iris) = (world.app("notes", "").await, world.app("iris", "").await);
        let (backend, other) = (world.backend(&notes).await, world.backend(&iris).await);
        let derived =
            backend.gets("POST", "/sdk/keys/derive", &json!({ "scopes": ["grants:read"], "expires_in": 60 })).await;
        let made = agent(&backend, "one").await;
        let (key, agent, own) =
            (derived["id"].as_str().unwrap(), made["id"].as_str().unwrap(), made["key_id"].as_str().unwrap());
        for (method, target, code) in [
            ("POST", format!("/sdk/keys/{key}/rotate"), "404 key_not_found"),
            ("DELETE", format!("/sdk/keys/{key}?force=true"), "404 key_not_found"),
            ("PATCH", format!("/sdk/agents/{agent}"), "404 agent_not_found"),
            ("DELETE", format!("/sdk/agents/{agent}"), "404 agent_not_found"),
            ("POST", format!("/sdk/agents/{agent}/keys"), "404 agent_not_found"),
            ("GET", format!("/sdk/agents/{agent}/keys"), "404 agent_not_found"),
            ("PATCH", format!("/sdk/agents/{agent}/keys/{own}/deprecate"), "404 agent_not_found"),
            ("DELETE", format!("/sdk/agents/{agent}/keys/{own}?force=true"), "404 agent_not_found"),
        ] {
            assert_eq!(other.refusal(method, &target, &json!({})).await, code, "{method} {target}");
        }
        // A second key of the same app is no heir of the first either.
        let second = world.backend(&notes).await;
        let target = format!("/sdk/keys/{key}");
        assert_eq!(second.refusal("DELETE", &target, &Value::Null).await, "404 key_not_found");
    }
}

#[tokio::test]
async fn threat_193_a_signed_request_is_heard_once_on_whatever_node() {
    for world in World::both().await {
        let notes = world.app("notes", "").await;
        let backend = world.backend(&notes).await;
        let call = backend.signs("POST", "/sdk/agents", br#"{"name":"one"}"#);
        let answers = (0..16).map(|_| backend.sends(&call));
        let mut heard = Vec::new();
        for answer in together(answers).await {
            heard.push(if answer.status == 201 { "201".to_owned() } else { said(&answer) });
        }
        heard.sort();
        assert_eq!(heard.iter().filter(|said| *said == "201").count(), 1, "{heard:?}");
        assert!(heard.iter().skip(1).all(|said| said == "401 nonce_reused"), "{heard:?}");
        // Not after a while either: then its time is over.
        world.clock.advance_secs(299);
        world.app.vault.sweep(500).await.unwrap();
        assert_eq!(said(&backend.sends(&call).await), "401 nonce_reused");
        world.clock.advance_secs(302);
        world.app.vault.sweep(500).await.unwrap();
        assert_eq!(said(&backend.sends(&call).await), "401 invalid_signature");
        // A nonce is its key's own.
        let other = world.backend(&notes).await;
        let now = world.seams.now().secs().to_string();
        for of in [&backend, &other] {
            let call = of.signs_as("GET", "/sdk/scopes", b"", &now, "ffffffffffffffffffffffffffffffff");
            assert_eq!(of.sends(&call).await.status, 200);
        }
    }
}

async fn together<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (future, place) in waiting.iter_mut().zip(done.iter_mut()) {
            if place.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *place = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            return std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect());
        }
        std::task::Poll::Pending
    })
    .await
}

#[tokio::test]
async fn whatever_is_changed_after_signing_is_refused() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let backend = world.backend(&notes).await;
    let signs = || backend.signs("POST", "/sdk/identity/resolve?a=1", br#"{"include_profile":false}"#);
    assert_eq!(backend.sends(&signs()).await.status, 200);
    let mut body = signs();
    body.body = br#"{"include_profile":true }"#.to_vec();
    let mut query = signs();
    query.target = "/sdk/identity/resolve?a=2".to_owned();
    let mut path = signs();
    path.target = "/sdk/identity/assert?a=1".to_owned();
    let twice = {
        let mut call = signs();
        call.headers.push(("X-Alter-Nonce".to_owned(), "0".repeat(32)));
        call
    };
    let digest = base::Digest::of(b"{}").hex();
    for (what, call) in [
        ("body", body),
        ("query", query),
        ("path", path),
        ("two nonces", twice),
        ("digest", signs().set("X-Alter-Content-SHA256", &digest)),
        ("timestamp", signs().set("X-Alter-Timestamp", "1900000001")),
        ("nonce", signs().set("X-Alter-Nonce", &"0".repeat(32))),
        ("no nonce", signs().set("X-Alter-Nonce", "")),
        ("no signature", signs().set("X-Alter-Signature", "")),
        ("a name", signs().set("X-Alter-Caller", "somebody")),
        ("a context", signs().set("X-Alter-Context", "{}")),
        ("a rule", signs().set("X-Alter-Request-Rule", "e30")),
        ("constraints", signs().set("X-Alter-Scope-Constraints", "grants:read")),
    ] {
        assert_eq!(said(&backend.sends(&call).await), "401 invalid_signature", "{what}");
    }
    let now = world.seams.now().secs();
    for (time, status) in [(now - 300, 200), (now + 300, 200), (now - 301, 401), (now + 301, 401)] {
        let nonce = format!("{time:032x}");
        let call = backend.signs_as("GET", "/sdk/scopes", b"", &time.to_string(), &nonce);
        assert_eq!(backend.sends(&call).await.status, status, "{time}");
    }
}

#[tokio::test]
async fn a_name_that_is_left_out_of_the_signature_is_refused() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let backend = world.backend(&notes).await;
    let named = backend.clone().with("X-Alter-Caller", "svc").with("X-Alter-Caller-Type", "service");
    assert_eq!(named.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
    // The older digest, which says nothing of the name, beside the name.
    let plain = backend.signs("GET", "/sdk/scopes", b"");
    let signature = plain.headers.iter().find(|(name, _)| name == "X-Alter-Signature").unwrap().1.clone();
    let downgraded = plain.set("X-Alter-Caller", "svc").set("X-Alter-Signature-V2", &signature);
    assert_eq!(said(&backend.sends(&downgraded).await), "401 invalid_signature");
    let halved = named.signs("GET", "/sdk/scopes", b"").set("X-Alter-Signature-V2", "");
    assert_eq!(said(&backend.sends(&halved).await), "401 invalid_signature");
}

#[tokio::test]
async fn threat_163_no_key_is_in_the_database_as_it_is() {
    let world = World::new().await;
    let notes = world.app("notes", "").await;
    let backend = world.backend(&notes).await;
    let made = agent(&backend, "one").await;
    let text = made["api_key"].as_str().unwrap().to_owned();
    let id = base::AgentId::from_text(made["id"].as_str().unwrap());
    let by = vault::By {
        app: base::AppId::from_text(notes.client_id.as_str()),
        organization: None,
        who: vault::by::Who::Operator,
    };
    let keys = world.store.read(move |tx| vault::agent::list_keys(tx, &by, &id)).await.unwrap();
    assert!(text.starts_with(&keys[0].hint) && keys[0].hint.len() < 16);
    let told = world.send("GET", "/sdk/agents/me", &[("x-api-key", &text)], b"").await;
    assert!(!told.text().contains(&text));
}
