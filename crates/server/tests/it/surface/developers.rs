//! `/developers`

use oauth::organization::{Actor, Role};
use serde_json::{Value, json};
use testkit::{Answer, Browser, World};

/// Creates an app through the page; the answer shows its secret, or leads to it.
pub(super) async fn creates(browser: &mut Browser<'_>, more: &[(&str, &str)]) -> Answer {
    let page = browser.opens("/developers/apps/new").await;
    assert_eq!(page.status, 200, "{page:?}");
    let preset = page.form_with("redirect_uri");
    let own = [("name", "Acme Notes"), ("website_url", "https://notes.test/"), ("type", "confidential")];
    let mut fields = vec![("csrf", preset["csrf"].as_str()), ("team", preset["team"].as_str())];
    fields.extend(own.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)));
    fields.extend(more);
    browser.posts("/developers/apps", &fields).await
}

/// The client id on a page.
pub(super) fn client_id(page: &Answer) -> String {
    let text = page.text();
    let from = text.find("app_").unwrap_or_else(|| panic!("no client id: {text}"));
    text[from..from + 36].to_owned()
}

/// A value between two marks of a page.
fn between(page: &Answer, before: &str, after: &str) -> String {
    let text = page.text();
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}: {text}"));
    rest.split_once(after).unwrap().0.to_owned()
}

async fn change(browser: &mut Browser<'_>, target: &str, form: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.opens(target).await;
    let csrf = page.form_with(form)["csrf"].clone();
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.posts(target, &all).await
}

const ADDRESSES: [(&str, &str); 3] =
    [("name", "Acme Notes"), ("website_url", "https://notes.test/"), ("redirect_uri", "https://notes.test/cb")];

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_comes_back() {
    let world = World::new().await;
    let mut browser = world.browser();
    for page in ["/developers", "/developers/apps/new", "/developers/members"] {
        let answer = browser.opens(page).await;
        assert_eq!(answer.status, 303);
        assert!(answer.location().starts_with("/login?return_to=%2Fdevelopers"), "{answer:?}");
    }
    assert_eq!(browser.opens("/developers/check-redirect?uri=https://a.test/").await.status, 401);
}

#[tokio::test]
async fn threat_188_an_app_of_others_is_not_found_whatever_is_tried() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let id = client_id(&creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await);
        let mut eve = world.person("eve").await;
        // Eve's own place gives her a valid CSRF token.
        let csrf = eve.opens("/developers/apps/new").await.form_with("redirect_uri")["csrf"].clone();
        for page in ["", "/scopes", "/tokens", "/activity", "/end"] {
            assert_eq!(eve.opens(&format!("/developers/apps/{id}{page}")).await.status, 404, "{page}");
        }
        let deeds: [(&str, &[(&str, &str)]); 5] = [
            ("", &[("name", "Stolen"), ("redirect_uri", "https://evil.test/cb")]),
            ("/secrets", &[("overlap", "0")]),
            ("/scopes", &[("scope", "openid")]),
            ("/tokens", &[("access_token_ttl_secs", "86400"), ("id_token_signed_response_alg", "RS256")]),
            ("/end", &[]),
        ];
        for (deed, fields) in deeds {
            let mut all = vec![("csrf", csrf.as_str())];
            all.extend(fields);
            let answer = eve.posts(&format!("/developers/apps/{id}{deed}"), &all).await;
            assert_eq!(answer.status, 404, "{deed} {answer:?}");
        }
        let page = ada.opens(&format!("/developers/apps/{id}")).await;
        assert!(page.text().contains("https://notes.test/cb") && !page.text().contains("evil.test"));
        let team = ada.opens("/developers/apps/new").await.form_with("redirect_uri")["team"].clone();
        let sneaked =
            [("csrf", csrf.as_str()), ("team", team.as_str()), ("name", "Sneaked in"), ("type", "confidential")];
        assert_eq!(eve.posts("/developers/apps", &sneaked).await.status, 404);
        assert_eq!(eve.opens(&format!("/developers?organization={team}")).await.status, 404);
    }
}

#[tokio::test]
async fn threat_188_a_viewer_looks_and_changes_nothing() {
    let world = World::new().await;
    let (mut ada, mut eve) = (world.person("ada").await, world.person("eve").await);
    let made = creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await;
    let id = client_id(&made);
    let app = base::AppId::from_text(id.clone());
    let seams = world.seams.clone();
    world
        .store
        .write(move |tx| {
            let owner = oauth::app::find(tx, &app)?.unwrap().organization.unwrap();
            let handle = people::identity::Handle::parse("eve").unwrap();
            let account = people::identity::find_by_handle(tx, &handle)?.unwrap().account;
            oauth::organization::add_member(tx, &seams, &Actor::Operator, &owner, &account, Role::Viewer)
        })
        .await
        .unwrap();
    let csrf = eve.opens("/developers").await;
    assert!(csrf.text().contains("Acme Notes") && !csrf.text().contains("Create an app"));
    for page in ["", "/scopes", "/tokens", "/activity"] {
        let page = eve.opens(&format!("/developers/apps/{id}{page}")).await;
        assert!(page.status == 200 && !page.text().contains(">Save<") && !page.text().contains(">Rotate<"), "{page:?}");
    }
    assert_eq!(eve.opens(&format!("/developers/apps/{id}/end")).await.status, 403);
    let csrf = between(&csrf, "<meta name=\"csrf\" content=\"", "\"");
    for (deed, status) in [("", 404), ("/secrets", 404), ("/scopes", 404), ("/tokens", 404), ("/end", 403)] {
        let fields = [("csrf", csrf.as_str()), ("overlap", "0"), ("name", "Stolen"), ("scope", "openid")];
        let answer = eve.posts(&format!("/developers/apps/{id}{deed}"), &fields).await;
        assert_eq!(answer.status, status, "{deed} {answer:?}");
    }
    let secret = between(&made, "<code id=\"fresh\">", "</code>");
    let fields = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
    assert_eq!(world.posts("/api/oauth/token", &fields).await.status, 200);
}

#[tokio::test]
async fn threat_100_a_form_from_elsewhere_changes_nothing() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let id = client_id(&creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await);
    for deed in ["", "/secrets", "/scopes", "/tokens", "/end"] {
        let target = format!("/developers/apps/{id}{deed}");
        assert_eq!(ada.posts(&target, &[("csrf", "guessed"), ("name", "Stolen")]).await.status, 403, "{deed}");
        assert_eq!(ada.posts(&target, &[("name", "Stolen")]).await.status, 403, "{deed}");
    }
    assert_eq!(ada.opens(&format!("/developers/apps/{id}")).await.status, 200);
}

#[tokio::test]
async fn a_newcomer_creates_an_app_and_its_secret_is_shown_once() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        assert!(ada.opens("/developers").await.text().contains("There is no app yet"));
        let made = creates(&mut ada, &[("redirect_uri", "https://notes.test/cb"), ("redirect_uri", "")]).await;
        assert_eq!((made.status, made.header("cache-control")), (200, Some("no-store")));
        let (id, secret) = (client_id(&made), between(&made, "<code id=\"fresh\">", "</code>"));
        assert!(secret.starts_with("pcs_"), "{secret}");
        let again = ada.opens(&format!("/developers/apps/{id}")).await;
        assert!(again.text().contains(&id) && !again.text().contains(&secret));
        assert!(ada.opens("/developers").await.text().contains("Acme Notes"));
        let fields =
            [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
        assert_eq!(world.posts("/api/oauth/token", &fields).await.status, 200);

        let public =
            creates(&mut ada, &[("type", "public"), ("name", "Board"), ("redirect_uri", "https://board.test/")]).await;
        assert_eq!(public.status, 303, "{public:?}");
        let page = ada.opens(public.location()).await;
        assert!(page.text().contains("Public client") && !page.text().contains("pcs_"));
    }
}

#[tokio::test]
async fn what_was_typed_wrongly_stays_and_says_why() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let wrong = [("name", "N"), ("redirect_uri", "https://notes.test/cb"), ("redirect_uri", "https://*.notes.test/cb")];
    let answer = creates(&mut ada, &wrong).await;
    assert_eq!(answer.status, 422);
    let text = answer.text();
    for part in [
        "It has between 2 and 64 characters.",
        "https://*.notes.test/cb",
        "* is never interpreted: register each address.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let none = creates(&mut ada, &[("type", "public")]).await;
    assert!(none.text().contains("Name at least one: a public app can do nothing without."), "{}", none.text());
    assert!(ada.opens("/developers").await.text().contains("There is no app yet"));
}

#[tokio::test]
async fn addresses_modes_scopes_and_lifetimes_are_changed_one_page_at_a_time() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let id = client_id(&creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await);
    let page = format!("/developers/apps/{id}");
    let mut fields = ADDRESSES.to_vec();
    fields.extend([("redirect_uri", "http://127.0.0.1/cb"), ("native", "on"), ("development_mode", "on")]);
    assert_eq!(change(&mut ada, &page, "redirect_uri", &fields).await.status, 303);
    let find = || {
        let (store, id) = (world.store.clone(), base::AppId::from_text(id.clone()));
        async move { store.read(move |tx| oauth::app::find(tx, &id)).await.unwrap().unwrap() }
    };
    let app = find().await;
    assert!(app.native && app.development_mode && app.redirect_uris.len() == 2);

    let scopes = format!("{page}/scopes");
    assert_eq!(change(&mut ada, &scopes, "scope", &[("scope", "openid"), ("scope", "email")]).await.status, 303);
    assert_eq!(find().await.scopes, base::Scope::of(["openid", "email"]));
    let none = change(&mut ada, &scopes, "scope", &[]).await;
    assert_eq!((none.status, none.text().contains("Name at least one.")), (422, true));

    let tokens = format!("{page}/tokens");
    let lifetimes =
        [("access_token_ttl_secs", "600"), ("id_token_signed_response_alg", "EdDSA"), ("require_pkce", "on")];
    assert_eq!(change(&mut ada, &tokens, "access_token_ttl_secs", &lifetimes).await.status, 303);
    let app = find().await;
    assert_eq!((app.access_ttl_secs, app.alg.as_str(), app.require_pkce), (Some(600), "EdDSA", true));
    assert!(app.native && app.development_mode, "another page's fields stay");
    let wrong = [("access_token_ttl_secs", "soon"), ("id_token_signed_response_alg", "EdDSA")];
    let answer = change(&mut ada, &tokens, "access_token_ttl_secs", &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("It is between 300 and 86400 seconds.") && answer.text().contains("soon"));
    assert_eq!(find().await.access_ttl_secs, Some(600));
}

#[tokio::test]
async fn a_secret_is_rotated_with_overlap_and_the_old_one_ended_by_hand() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let made = creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await;
    let (id, first) = (client_id(&made), between(&made, "<code id=\"fresh\">", "</code>"));
    let page = format!("/developers/apps/{id}");
    let csrf = made.form_with("overlap")["csrf"].clone();
    let rotated = ada.posts(&format!("{page}/secrets"), &[("csrf", &csrf), ("overlap", "86400")]).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let second = between(&rotated, "<code id=\"fresh\">", "</code>");
    let gets_token = async |secret: &str| {
        let fields = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret)];
        world.posts("/api/oauth/token", &fields).await.status
    };
    assert_eq!((gets_token(&first).await, gets_token(&second).await), (200, 200));
    let end = format!("{page}/secrets/{}/end", between(&rotated, &format!("{page}/secrets/"), "/end"));
    let ask = ada.opens(&end).await;
    assert!(ask.text().contains("Servers that still use it can no longer authenticate."), "{}", ask.text());
    assert_eq!(gets_token(&first).await, 200, "asking ends nothing");
    let ended = ada.posts(&end, &[("csrf", &csrf)]).await;
    assert_eq!(ended.status, 303);
    assert_eq!((gets_token(&first).await, gets_token(&second).await), (401, 200));
    assert_eq!(ada.opens(&end).await.status, 404);
}

#[tokio::test]
async fn deleting_says_what_ends_and_then_ends_it() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let id = client_id(&creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await);
    let end = format!("/developers/apps/{id}/end");
    let ask = ada.opens(&end).await;
    assert!(ask.text().contains("Delete Acme Notes?") && ask.text().contains("Nobody has signed in to it."));
    assert_eq!(ada.opens(&format!("/developers/apps/{id}")).await.status, 200);
    assert_eq!(change(&mut ada, &end, "csrf", &[]).await.status, 303);
    assert_eq!(ada.opens(&format!("/developers/apps/{id}")).await.status, 404);
    assert_eq!(world.send("GET", &format!("/api/oauth/app/{id}"), &[], b"").await.status, 404);
}

#[tokio::test]
async fn activity_tells_deeds_and_not_people() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let id = client_id(&creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await);
    let page = ada.opens(&format!("/developers/apps/{id}/activity")).await;
    assert!(page.text().contains("A member registered the app."), "{}", page.text());
    assert!(!page.text().contains("127.0.0.1"));
}

#[tokio::test]
async fn redirect_uris_are_judged_as_typed() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let mut judged = async |uri: &str| {
        ada.opens(&format!("/developers/check-redirect?{}", testkit::world::form(&[("uri", uri)]))).await.json()
    };
    assert_eq!(judged("https://notes.test/cb").await["ok"], json!(true));
    assert_eq!(
        judged("http://notes.test/cb").await,
        json!({ "ok": false, "message": "Http works only on this computer (localhost, 127.0.0.1 or [::1]); use https." })
    );
    for bad in ["javascript:alert(1)", "https://a@notes.test/", "https://notes.test/#x", "", "notes"] {
        assert_eq!(judged(bad).await["ok"], Value::Bool(false), "{bad}");
    }
}

#[tokio::test]
async fn whoever_deletes_their_account_takes_their_personal_apps_along() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let id = client_id(&creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await);
        assert_eq!(world.send("GET", &format!("/api/oauth/app/{id}"), &[], b"").await.status, 200);
        let gone = ada.calls_with("DELETE", "/api/mydata", &json!({})).await;
        assert_eq!(gone.status, 200, "{gone:?}");
        assert_eq!(world.send("GET", &format!("/api/oauth/app/{id}"), &[], b"").await.status, 404);
    }
}

#[tokio::test]
async fn without_self_service_only_those_whom_an_operator_added_register_apps() {
    let database = db::testing::sqlite().await;
    let world = World::with_config(database, &[], |config| config.developers.self_service = false).await;
    let mut ada = world.person("ada").await;
    for page in ["/developers", "/developers/apps/new"] {
        let refused = ada.opens(page).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert!(refused.text().contains("Only invited developers can register apps here."));
    }
    let seams = world.seams.clone();
    world
        .store
        .write(move |tx| {
            let acme = oauth::organization::create(tx, &seams, &Actor::Operator, None, "Acme Inc.")?;
            let handle = people::identity::Handle::parse("ada").unwrap();
            let account = people::identity::find_by_handle(tx, &handle)?.unwrap().account;
            oauth::organization::add_member(tx, &seams, &Actor::Operator, &acme.id, &account, Role::Developer)
        })
        .await
        .unwrap();
    assert_eq!(creates(&mut ada, &[("redirect_uri", "https://notes.test/cb")]).await.status, 200);
}
