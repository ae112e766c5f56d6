//! `/sdk/*`: keys, agents, scopes, who stands behind a call.

use crate::outside::Outside;
use serde_json::{Value, json};
use testkit::backend::Call;
use testkit::{Answer, Backend, Browser, World, claims, said};
use vault::key::{Network, NewKey};

#[tokio::test]
async fn whoever_has_no_key_of_this_server_is_refused_in_json() {
    for world in World::both().await {
        let call = |headers: &'static [(&'static str, &'static str)]| world.send("GET", "/sdk/scopes", headers, b"");
        assert_eq!(said(&call(&[]).await), "401 invalid_key");
        assert_eq!(said(&call(&[("x-api-key", "alter_key_app_1")]).await), "401 invalid_key");
        let unknown = Backend::of(&world, "alter_rk_abcdefghijklmnopqrstuv_iwpykn");
        assert_eq!(unknown.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 invalid_key");
        let bearer = call(&[("Authorization", "Bearer alter_rk_abcdefghijklmnopqrstuv_iwpykn")]).await;
        assert_eq!(said(&bearer), "401 invalid_key");
    }
}

#[tokio::test]
async fn unknown_addresses_and_wrong_methods_answer_json() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    for (method, target) in [("GET", "/sdk/nothing"), ("POST", "/sdk/agents/a/b/c/d"), ("PUT", "/sdk/scopes")] {
        assert_eq!(backend.refusal(method, target, &Value::Null).await, "404 not_found", "{method} {target}");
    }
    assert_eq!(said(&world.send("GET", "/sdk/nothing", &[], b"").await), "404 not_found");
}

#[tokio::test]
async fn an_answer_names_its_request_and_a_refusal_says_what_is_missing() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend_for(&app, &["grants:read"]).await;
    let answer = backend.call("GET", "/sdk/agents", &Value::Null).await;
    assert_eq!(answer.header("x-correlation-id"), answer.header("x-request-id"));
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]), (403, &json!("insufficient_scope")));
    assert_eq!(
        (&body["required"], &body["granted"], &body["missing"]),
        (&json!(["agents:read"]), &json!(["grants:read"]), &json!(["agents:read"]))
    );
    assert_eq!((&body["required_any_of"], &body["scope_version_mismatch"]), (&json!(false), &json!(false)));
    assert_eq!(body["details"]["missing"], json!(["agents:read"]));
    let scopes = backend.gets("GET", "/sdk/scopes", &Value::Null).await;
    assert_eq!(scopes["resources"]["grants"]["verbs"], json!(["read", "write", "admin"]));
    assert!(scopes.get("deprecated").is_none());
}

#[tokio::test]
async fn constraints_take_away_and_never_add() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let narrowed = world.backend(&app).await.with("X-Alter-Scope-Constraints", "grants:read");
    assert_eq!(narrowed.refusal("GET", "/sdk/agents", &Value::Null).await, "403 insufficient_scope");
    let widened = world.backend_for(&app, &["grants:read"]).await.with("X-Alter-Scope-Constraints", "agents:read");
    assert_eq!(widened.refusal("GET", "/sdk/agents", &Value::Null).await, "400 constraint_not_narrowing");
}

#[tokio::test]
async fn a_key_is_refused_from_elsewhere_and_when_its_app_is_out_of_service() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let elsewhere = NewKey { networks: Some(vec![Network::parse("10.0.0.0/8").unwrap()]), ..NewKey::of_app("far") };
    let far = world.backend_with(&app, elsewhere).await;
    assert_eq!(far.refusal("GET", "/sdk/scopes", &Value::Null).await, "403 ip_not_allowed");
    let backend = world.backend(&app).await;
    let (seams, id) = (world.seams.clone(), base::AppId::from_text(app.client_id.as_str()));
    let actor = oauth::organization::Actor::Operator;
    world.app.oauth.apps.change(move |tx| oauth::app::disable(tx, &seams, &actor, &id)).await.unwrap();
    assert_eq!(backend.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 key_not_active");
}

#[tokio::test]
async fn too_many_calls_of_a_key_are_refused_and_every_answer_tells_what_is_left() {
    let world = World::with(&[("PROCURA_RATE_LIMITS", "on")]).await;
    let app = world.app("notes", "").await;
    let backend = world.backend_with(&app, NewKey { rate_limit_rpm: Some(2), ..NewKey::of_app("slow") }).await;
    for left in ["1", "0"] {
        let answer = backend.call("GET", "/sdk/scopes", &Value::Null).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, Some(left)));
    }
    let refused = backend.call("GET", "/sdk/scopes", &Value::Null).await;
    assert_eq!(said(&refused), "429 rate_limit_exceeded");
    assert_eq!(refused.header("x-alter-rate-limited-scope"), Some("api_key"));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!((&refused.json()["scope"], &refused.json()["limit"]), (&json!("api_key"), &json!(2)));
    world.clock.advance_secs(60);
    assert_eq!(backend.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_derived_key_does_less_for_a_shorter_time_and_ends_with_its_parent() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let wish = json!({ "scopes": ["agents:read"], "expires_in": 600, "cidr_allowlist": ["127.0.0.0/8"] });
        let made = backend.gets("POST", "/sdk/keys/derive", &wish).await;
        assert_eq!((&made["key_type"], &made["cidr_allowlist"]), (&json!("dk"), &json!(["127.0.0.0/8"])));
        let derived = Backend::of(&world, made["api_key"].as_str().unwrap());
        assert_eq!(derived.call("GET", "/sdk/agents", &Value::Null).await.status, 200);
        assert_eq!(derived.refusal("POST", "/sdk/keys/derive", &wish).await, "403 insufficient_scope");
        let own = world.backend_for(&app, &["keys:derive", "agents:read"]).await;
        for scopes in [json!(["agents:write"]), json!(["keys:derive"]), json!([]), json!(["everything"])] {
            let wider = json!({ "scopes": scopes, "expires_in": 600 });
            let said = own.refusal("POST", "/sdk/keys/derive", &wider).await;
            assert_eq!(said, "400 invalid_scope_for_derived_key", "{scopes}");
        }
        for expires_in in [json!(0), json!(-1), json!(90 * 86_400 + 1), json!(1.5), json!("600")] {
            let longer = json!({ "scopes": ["agents:read"], "expires_in": expires_in });
            assert_eq!(own.refusal("POST", "/sdk/keys/derive", &longer).await, "400 invalid_request");
        }
        world.clock.advance_secs(600);
        assert_eq!(derived.refusal("GET", "/sdk/agents", &Value::Null).await, "401 key_expired");

        let again = backend.gets("POST", "/sdk/keys/derive", &wish).await;
        let derived = Backend::of(&world, again["api_key"].as_str().unwrap());
        let parent = again["parent_key_id"].as_str().unwrap();
        backend.gets("DELETE", &format!("/sdk/keys/{parent}?force=true"), &Value::Null).await;
        assert_eq!(derived.refusal("GET", "/sdk/agents", &Value::Null).await, "401 key_revoked");
        assert_eq!(backend.refusal("GET", "/sdk/agents", &Value::Null).await, "401 key_revoked");
    }
}

#[tokio::test]
async fn a_rotated_key_works_for_its_overlap_and_says_that_it_is_on_its_way_out() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let child =
            backend.gets("POST", "/sdk/keys/derive", &json!({ "scopes": ["keys:read"], "expires_in": 600 })).await;
        let id = child["parent_key_id"].as_str().unwrap().to_owned();
        let target = format!("/sdk/keys/{id}/rotate");
        assert_eq!(backend.refusal("POST", &target, &json!({ "overlap_days": 31 })).await, "400 invalid_request");
        let new = backend.gets("POST", &target, &json!({ "overlap_days": 1 })).await;
        let successor = Backend::of(&world, new["api_key"].as_str().unwrap());
        let answer = backend.call("GET", "/sdk/scopes", &Value::Null).await;
        assert_eq!((answer.status, answer.header("x-alter-key-deprecated")), (200, Some("true")));
        let answer = successor.call("GET", "/sdk/scopes", &Value::Null).await;
        assert_eq!((answer.status, answer.header("x-alter-key-deprecated")), (200, None));
        world.clock.advance_secs(86_400);
        assert_eq!(backend.refusal("GET", "/sdk/scopes", &Value::Null).await, "401 key_rotated_grace_expired");
        assert_eq!(successor.call("GET", "/sdk/scopes", &Value::Null).await.status, 200);
    }
}

#[tokio::test]
async fn the_last_key_of_an_app_goes_only_when_its_holder_insists() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    let child = backend.gets("POST", "/sdk/keys/derive", &json!({ "scopes": ["keys:read"], "expires_in": 600 })).await;
    let id = child["parent_key_id"].as_str().unwrap();
    assert_eq!(backend.refusal("DELETE", &format!("/sdk/keys/{id}"), &Value::Null).await, "409 last_active_key");
    let revoked = backend.gets("DELETE", &format!("/sdk/keys/{}", child["id"].as_str().unwrap()), &Value::Null).await;
    assert!(revoked["revoked_at"].is_string());
}

async fn agent(backend: &Backend<'_>, name: &str) -> Value {
    let body = json!({ "name": name, "type": "agent", "scopes": { "google": ["a", "b"] }, "metadata": {} });
    backend.gets("POST", "/sdk/agents", &body).await
}

#[tokio::test]
async fn an_agent_is_made_once_for_each_idempotency_key() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let body = json!({ "name": "writer", "type": "agent", "scopes": {}, "metadata": { "team": "a" } }).to_string();
        let send = |body: String| {
            let call: Call = backend.signs("POST", "/sdk/agents", body.as_bytes()).set("Idempotency-Key", "k1");
            let backend = backend.clone();
            async move { backend.sends(&call).await }
        };
        let (first, second) = (send(body.clone()).await, send(body.clone()).await);
        assert_eq!(first.status, 201, "{first:?}");
        assert_eq!(first.json()["id"], second.json()["id"]);
        assert!(first.json()["api_key"].as_str().unwrap().starts_with("alter_key_"));
        assert_eq!((&second.json()["api_key"], &second.json()["key_id"]), (&Value::Null, &first.json()["key_id"]));
        assert_eq!(said(&send(body.replace("writer", "reader")).await), "409 idempotency_key_body_mismatch");
        let same_name = json!({ "name": "writer" });
        assert_eq!(backend.refusal("POST", "/sdk/agents", &same_name).await, "409 agent_name_exists");
        let id = first.json()["id"].as_str().unwrap().to_owned();
        let suspended = backend.gets("PATCH", &format!("/sdk/agents/{id}"), &json!({ "status": "inactive" })).await;
        assert_eq!(suspended["status"], json!("inactive"));
        assert_eq!(said(&send(body.clone()).await), "409 idempotency_key_agent_inactive");
        backend.gets("DELETE", &format!("/sdk/agents/{id}"), &Value::Null).await;
        assert_eq!(said(&send(body.clone()).await), "409 idempotency_key_agent_revoked");
        agent(&backend, "writer").await;
    }
}

#[tokio::test]
async fn agents_are_listed_found_by_name_and_told_who_they_are() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let one = agent(&backend, "one").await;
        world.clock.advance_secs(1);
        let two = agent(&backend, "two").await;
        let list = backend.gets("GET", "/sdk/agents?include_revoked=false&limit=1&offset=0", &Value::Null).await;
        assert_eq!((&list["total"], &list["has_more"], &list["items"][0]["id"]), (&json!(2), &json!(true), &two["id"]));
        let named = backend.gets("GET", "/sdk/agents?name=one", &Value::Null).await;
        assert_eq!(named["items"][0]["id"], one["id"]);
        assert_eq!(backend.gets("GET", "/sdk/agents?name=three", &Value::Null).await["items"], json!([]));
        let own = Backend::of(&world, one["api_key"].as_str().unwrap());
        assert_eq!(own.gets("GET", "/sdk/agents/me", &Value::Null).await["name"], json!("one"));
        assert_eq!(backend.refusal("GET", "/sdk/agents/me", &Value::Null).await, "403 me_requires_agent_key");
        assert_eq!(own.refusal("GET", "/sdk/agents", &Value::Null).await, "403 insufficient_scope");
        let sub = own.refusal("POST", "/sdk/agents", &json!({ "name": "sub" })).await;
        assert_eq!(sub, "403 agent_cannot_mint_subagents");
        for bad in ["limit=0", "limit=1001", "offset=-1", "include_revoked=perhaps"] {
            assert_eq!(
                backend.refusal("GET", &format!("/sdk/agents?{bad}"), &Value::Null).await,
                "400 invalid_request"
            );
        }
    }
}

#[tokio::test]
async fn what_is_taken_from_an_agent_is_announced_and_what_it_gets_it_has_at_once() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let made = agent(&backend, "one").await;
        let target = format!("/sdk/agents/{}", made["id"].as_str().unwrap());
        let scopes = json!({ "scopes": { "google": ["b", "c"] } });
        assert_eq!(backend.refusal("PATCH", &target, &scopes).await, "400 invalid_request");
        let stale = format!("{target}?expected_version=7");
        assert_eq!(backend.refusal("PATCH", &stale, &scopes).await, "409 agent_concurrent_update");
        let changed = backend.gets("PATCH", &format!("{target}?expected_version=1&grace_seconds=60"), &scopes).await;
        assert_eq!((&changed["scopes"], &changed["version"]), (&json!({ "google": ["a", "b", "c"] }), &json!(2)));
        assert_eq!(changed["scopes_pending"], scopes["scopes"]);
        assert!(changed["scopes_applies_at"].is_string());
        world.clock.advance_secs(60);
        let due = backend.gets("GET", &target, &Value::Null).await;
        assert_eq!((&due["scopes"], due.get("scopes_pending")), (&scopes["scopes"], None));
        let nothing = backend
            .gets("PATCH", &format!("{target}?expected_version=2&grace_seconds=0"), &json!({ "scopes": {} }))
            .await;
        assert_eq!((&nothing["scopes"], nothing.get("scopes_pending")), (&json!({}), None));
        let named = backend.gets("PATCH", &target, &json!({ "display_name": "One" })).await;
        assert_eq!(named["display_name"], json!("One"));
        let unnamed = backend.gets("PATCH", &target, &json!({ "display_name": null })).await;
        assert_eq!(unnamed.get("display_name"), None);
        for bad in [
            json!({ "scopes": { "google": [] } }),
            json!({ "scopes": [] }),
            json!({ "metadata": 1 }),
            json!({ "status": "gone" }),
        ] {
            let said = backend.refusal("PATCH", &format!("{target}?expected_version=5"), &bad).await;
            assert!(said.starts_with('4'), "{bad} {said}");
        }
    }
}

#[tokio::test]
async fn keys_of_an_agent_are_minted_deprecated_and_revoked() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let made = agent(&backend, "one").await;
        let keys = format!("/sdk/agents/{}/keys", made["id"].as_str().unwrap());
        let first = made["key_id"].as_str().unwrap();
        let own = Backend::of(&world, made["api_key"].as_str().unwrap());
        let revoke = format!("{keys}/{first}");
        assert_eq!(backend.refusal("DELETE", &revoke, &Value::Null).await, "409 last_active_key");
        let second = backend.gets("POST", &keys, &json!({})).await;
        assert!(second["api_key"].is_string());
        for _ in 0..2 {
            let deprecated = backend.gets("PATCH", &format!("{revoke}/deprecate"), &json!({})).await;
            assert!(deprecated["deprecated_at"].is_string());
        }
        let answer = own.call("GET", "/sdk/agents/me", &Value::Null).await;
        assert_eq!((answer.status, answer.header("x-alter-key-deprecated")), (200, Some("true")));
        let back = backend.gets("PATCH", &format!("{revoke}/undeprecate"), &json!({})).await;
        assert_eq!(back.get("deprecated_at"), None);
        backend.gets("DELETE", &revoke, &Value::Null).await;
        assert_eq!(own.refusal("GET", "/sdk/agents/me", &Value::Null).await, "401 key_revoked");
        assert_eq!(backend.refusal("PATCH", &format!("{revoke}/deprecate"), &json!({})).await, "409 key_revoked");
        assert_eq!(backend.refusal("DELETE", &format!("{keys}/nothing"), &Value::Null).await, "404 key_not_found");
        for _ in 0..9 {
            backend.gets("POST", &keys, &json!({})).await;
        }
        assert_eq!(backend.refusal("POST", &keys, &json!({})).await, "409 agent_key_limit_reached");
        assert_eq!(backend.gets("GET", &keys, &Value::Null).await["items"].as_array().unwrap().len(), 11);
    }
}

#[tokio::test]
async fn an_identity_is_resolved_and_asserted_to_a_third_party() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let alone = backend.gets("POST", "/sdk/identity/resolve", &json!({ "include_profile": true })).await;
        assert_eq!(alone, json!({ "app_id": app.client_id, "group_ids": [] }));
        let mut ada = world.person("ada").await;
        let code = ada.approves(&app, "openid profile").await;
        let tokens = app.redeems(&code).await.json();
        for token in ["access_token_jwt", "id_token"] {
            let body = json!({ "include_profile": true, "user_token": tokens[token] });
            let told = backend.gets("POST", "/sdk/identity/resolve", &body).await;
            assert_eq!(told["external_subject_id"], claims(tokens["id_token"].as_str().unwrap())["sub"]);
            assert_eq!((told.get("email"), told["display_name"].is_string()), (None, true), "{told}");
        }
        let made = agent(&backend, "one").await;
        let acting = backend.clone().with("X-Alter-Caller", made["id"].as_str().unwrap());
        let body =
            json!({ "include_profile": false, "user_token": tokens["id_token"], "audience": "https://api.test/" });
        let asserted = acting.gets("POST", "/sdk/identity/assert", &body).await;
        let token = asserted["token"].as_str().unwrap();
        let said_of = claims(token);
        assert_eq!((&said_of["aud"], &said_of["azp"]), (&json!("https://api.test/"), &json!(app.client_id)));
        assert_eq!(said_of["act"]["sub"], json!(format!("alter:agent:{}", made["id"].as_str().unwrap())));
        assert_eq!(said_of["exp"].as_i64().unwrap() - said_of["iat"].as_i64().unwrap(), 120);
        let jwks = world.send("GET", "/.well-known/jwks.json", &[], b"").await;
        let keys = jose::ForeignKeys::parse(&jwks.body).unwrap();
        let expect =
            jose::ForeignExpect { issuer: &world.issuer, audience: "https://api.test/", now: world.seams.now() };
        assert!(jose::verify_foreign(&keys, token, &expect).is_ok());
        for (audience, ttl, code) in [
            (json!("api"), json!(120), "422 invalid_audience"),
            (json!(null), json!(120), "422 invalid_audience"),
            (json!(world.issuer), json!(120), "422 invalid_audience"),
            (json!("https://api.test"), json!(9), "400 invalid_request"),
            (json!("https://api.test"), json!(301), "400 invalid_request"),
        ] {
            let body = json!({ "audience": audience, "ttl_seconds": ttl });
            assert_eq!(backend.refusal("POST", "/sdk/identity/assert", &body).await, code);
        }
        // What was asserted opens nothing here.
        let shown = json!({ "user_token": token });
        assert_eq!(backend.refusal("POST", "/sdk/identity/resolve", &shown).await, "401 jwt_validation_error");
    }
}

#[tokio::test]
async fn a_token_of_the_apps_own_identity_provider_is_verified_by_its_keys() {
    let outside = Outside::start().await;
    for world in outside.worlds().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let token = outside.token(&json!({ "sub": "alice", "email": "alice@acme.test", "groups": ["writers"] }));
        let verify = json!({ "token": token });
        assert_eq!(backend.refusal("POST", "/sdk/auth/verify-token", &verify).await, "400 no_identity_provider");
        outside.is_named_by(&world, "notes").await;
        assert_eq!(backend.gets("POST", "/sdk/auth/verify-token", &verify).await, json!({ "sub": "alice" }));
        let body = json!({ "include_profile": true, "user_token": token });
        let told = backend.gets("POST", "/sdk/identity/resolve", &body).await;
        assert_eq!((&told["email"], &told["group_ids"]), (&json!("alice@acme.test"), &json!(["writers"])));
        assert_eq!(told["user_status"], json!("active"));
        let again = json!({ "app_user_id": told["app_user_id"] });
        let known = backend.gets("POST", "/sdk/identity/resolve", &again).await;
        assert_eq!(known["external_subject_id"], json!("alice"));
    }
}

#[tokio::test]
async fn there_are_no_descriptions_of_operations_and_clients_are_told_so() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    let list = backend.gets("GET", "/sdk/provider-specs?kind=oauth", &Value::Null).await;
    assert_eq!(list, json!({ "items": [], "total": 0 }));
    for (target, code) in [
        ("/sdk/provider-specs/oauth/google", "404 provider_spec_not_found"),
        ("/sdk/provider-specs/oauth/google/operations?limit=10", "404 provider_spec_not_found"),
        ("/sdk/provider-specs/oauth/google/operations?limit=501", "400 invalid_request"),
        ("/sdk/provider-specs/oauth/google/operation?operation_id=post%3A%2Femails+x", "404 provider_spec_not_found"),
        ("/sdk/provider-specs/oauth/google/operation", "400 invalid_request"),
        ("/sdk/provider-specs?kind=other", "400 invalid_request"),
    ] {
        assert_eq!(backend.refusal("GET", target, &Value::Null).await, code, "{target}");
    }
}

#[tokio::test]
async fn spans_are_kept_once() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let backend = world.backend(&app).await;
        let span = |id: &str| json!({ "trace_id": "t", "span_id": id, "name": "call", "start_time": "2026-01-01T00:00:00Z", "attributes": {} });
        let sent = json!({ "spans": [span("a"), span("b"), span("a")] });
        assert_eq!(backend.gets("POST", "/sdk/spans", &sent).await, json!({ "accepted": 2 }));
        assert_eq!(backend.gets("POST", "/sdk/spans", &sent).await, json!({ "accepted": 0 }));
        let many: Vec<Value> = (0..51).map(|number| span(&number.to_string())).collect();
        for bad in [
            json!({ "spans": [] }),
            json!({ "spans": many }),
            json!({ "spans": [{}] }),
            json!({ "spans": [span(&"x".repeat(33))] }),
            json!({}),
            json!({ "spans": [1] }),
        ] {
            assert_eq!(backend.refusal("POST", "/sdk/spans", &bad).await, "400 invalid_request", "{bad}");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_no_objects_are_refused_and_never_break_anything() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    for body in [
        "[]",
        "{",
        "null",
        "\"x\"",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"name\":\"a\\u0000b\"}",
        "\u{feff}{}",
        "{\"name\":1}",
    ] {
        let answer = backend.sends(&backend.signs("POST", "/sdk/agents", body.as_bytes())).await;
        assert_eq!(said(&answer), "400 invalid_request", "{body}");
    }
    let large = vec![b'x'; (1 << 20) + 1];
    let answer = backend.sends(&backend.signs("POST", "/sdk/agents", &large)).await;
    assert_eq!(said(&answer), "413 request_too_large");
}

/// Fills in the question of a sign-in session.
async fn answers(person: &mut Browser<'_>, place: &str, page: &Answer, decision: &str) -> Answer {
    let mut fields = page.form_with("flow");
    fields.insert("decision".to_owned(), decision.to_owned());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    person.posts(place, &fields).await
}

#[tokio::test]
async fn a_person_signs_in_for_a_backend_and_it_gets_their_token() {
    for world in World::both().await {
        let (app, other) = (world.app("notes", "").await, world.app("iris", "").await);
        let (backend, stranger) = (world.backend(&app).await, world.backend(&other).await);
        let narrow = world.backend_for(&app, &["idp_users:read"]).await;
        assert_eq!(narrow.refusal("POST", "/sdk/auth/session", &json!({})).await, "403 insufficient_scope");
        let opened = backend.call("POST", "/sdk/auth/session", &json!({})).await;
        assert_eq!(opened.status, 201, "{opened:?}");
        let opened = opened.json();
        assert_eq!(opened["expires_in"], json!(600));
        let token = opened["session_token"].as_str().unwrap();
        assert_eq!(opened["auth_url"], json!(format!("{}/sdk/auth#session={token}", world.issuer)));
        let poll = json!({ "session_token": token });
        assert_eq!(backend.gets("POST", "/sdk/auth/poll", &poll).await, json!({ "status": "pending" }));
        assert_eq!(stranger.gets("POST", "/sdk/auth/poll", &poll).await, json!({ "status": "expired" }));

        let mut ada = world.person("ada").await;
        assert_eq!(ada.opens("/sdk/auth").await.status, 200);
        let claim = json!({ "session_token": token, "has_opener": false });
        let next = ada.calls("/sdk/auth/open", &claim).await.json()["next"].as_str().unwrap().to_owned();
        let mut mallory = world.person("mallory").await;
        assert_eq!(mallory.calls("/sdk/auth/open", &claim).await.json()["error"], json!("session_expired"));
        assert_eq!(mallory.opens(&next).await.status, 404);
        // What was allowed before makes nothing silent here: somebody else may have sent the link.
        ada.approves(&app, "openid profile email").await;
        let page = ada.opens(&next).await;
        assert!(page.text().contains("Go on only if you yourself started this"), "{page:?}");
        let done = answers(&mut ada, &next, &page, "allow").await;
        assert!(done.text().contains("You can close this window."), "{done:?}");
        assert_eq!(answers(&mut ada, &next, &page, "allow").await.status, 404);

        let told = backend.gets("POST", "/sdk/auth/poll", &json!({ "session_token": token, "wait_ms": 1_000 })).await;
        assert_eq!(told["status"], json!("completed"), "{told}");
        let user_token = told["user_token"].as_str().unwrap();
        let sub = claims(user_token)["sub"].clone();
        assert_eq!((&told["user_info"]["sub"], &claims(user_token)["aud"]), (&sub, &json!(app.client_id)));
        let verified = backend.gets("POST", "/sdk/auth/verify-token", &json!({ "token": user_token })).await;
        assert_eq!(verified, json!({ "sub": sub }));
        assert_eq!(stranger.gets("POST", "/sdk/auth/poll", &poll).await, json!({ "status": "expired" }));
    }
}

#[tokio::test]
async fn a_sign_in_that_is_declined_or_waits_too_long_says_so() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let backend = world.backend(&app).await;
    let mut ada = world.person("ada").await;
    let opened = backend.gets("POST", "/sdk/auth/session", &json!({})).await;
    let claim = json!({ "session_token": opened["session_token"] });
    let next = ada.calls("/sdk/auth/open", &claim).await.json()["next"].as_str().unwrap().to_owned();
    let page = ada.opens(&next).await;
    assert_eq!(answers(&mut ada, &next, &page, "deny").await.status, 200);
    let told = backend.gets("POST", "/sdk/auth/poll", &claim).await;
    assert_eq!((&told["status"], &told["error_code"]), (&json!("error"), &json!("access_denied")));

    let late = backend.gets("POST", "/sdk/auth/session", &json!({})).await;
    let claim = json!({ "session_token": late["session_token"] });
    let mut nobody = world.browser();
    let next = nobody.calls("/sdk/auth/open", &claim).await.json()["next"].as_str().unwrap().to_owned();
    assert!(nobody.opens(&next).await.location().starts_with("/login?return_to="));
    world.clock.advance_secs(600);
    assert_eq!(nobody.opens(&next).await.status, 404);
    assert_eq!(backend.gets("POST", "/sdk/auth/poll", &claim).await, json!({ "status": "expired" }));
    for text in ["", "sess_", "x", &"a".repeat(9_000)] {
        let claim = json!({ "session_token": text });
        assert_eq!(nobody.calls("/sdk/auth/open", &claim).await.json()["error"], json!("invalid_token"));
        assert_eq!(backend.gets("POST", "/sdk/auth/poll", &claim).await, json!({ "status": "expired" }));
    }
}
