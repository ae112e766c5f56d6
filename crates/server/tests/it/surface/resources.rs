//! `/developers/apps/{client_id}/resources`

use super::developers::{client_id, creates};
use ledger::{Kind, NewGrant, grant};
use oauth::organization::{Actor, Role};
use testkit::{Answer, Browser, World};

const KEY: &str = "iris:inference";

/// An app of Ada's at `http://localhost:4462`: the path of its resources.
async fn iris(ada: &mut Browser<'_>) -> String {
    let own =
        [("name", "Iris"), ("website_url", "http://localhost:4462/"), ("redirect_uri", "http://localhost:4462/cb")];
    format!("/developers/apps/{}/resources", client_id(&creates(ada, &own).await))
}

const FORM: [(&str, &str); 5] = [
    ("name", "Iris inference"),
    ("description", "Ask Iris"),
    ("audience", "http://localhost:4462/api"),
    ("runtime_endpoint", "http://localhost:4462/runtime"),
    ("scope_risk", "low"),
];
const ASK: [(&str, &str); 2] = [("scope_name", "ask"), ("scope_text", "Ask Iris questions in your name")];

/// The form with its one scope, and some fields otherwise.
fn form<'a>(csrf: &'a str, set: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("csrf", csrf)];
    fields.extend(FORM.into_iter().chain(ASK).filter(|(name, _)| !set.iter().any(|(other, _)| other == name)));
    fields.extend(set);
    fields
}

async fn csrf(browser: &mut Browser<'_>) -> String {
    browser.opens("/developers/apps/new").await.form_with("redirect_uri")["csrf"].clone()
}

/// Registers `iris:inference`; the path of its page.
async fn registers(ada: &mut Browser<'_>, list: &str, set: &[(&str, &str)]) -> String {
    let csrf = csrf(ada).await;
    let mut all = vec![("key", KEY)];
    all.extend(set);
    let made = ada.posts(list, &form(&csrf, &all)).await;
    assert_eq!(made.status, 303, "{made:?}");
    made.location().split('?').next().unwrap().to_owned()
}

/// Makes somebody a member of the organization that owns the app of a path.
async fn joins(world: &World, handle: &str, list: &str, role: Role) {
    let id = base::AppId::from_text(list.split('/').nth(3).unwrap());
    let (seams, handle) = (world.seams.clone(), people::identity::Handle::parse(handle).unwrap());
    let done = world.store.write(move |tx| {
        let owner = oauth::app::find(tx, &id)?.unwrap().organization.unwrap();
        let account = people::identity::find_by_handle(tx, &handle)?.unwrap().account;
        oauth::organization::add_member(tx, &seams, &Actor::Operator, &owner, &account, role)
    });
    done.await.unwrap();
}

async fn is_public(world: &World) -> bool {
    world.send("GET", &format!("/api/oauth/resource/{KEY}"), &[], b"").await.status == 200
}

fn assert_says(page: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
}

#[tokio::test]
async fn threat_188_a_resource_of_others_is_not_found_whatever_is_tried() {
    for world in World::both().await {
        let (mut ada, mut eve) = (world.person("ada").await, world.person("eve").await);
        let list = iris(&mut ada).await;
        let page = registers(&mut ada, &list, &[]).await;
        let own = iris(&mut eve).await;
        // Another organization's resource is not found below an app of one's own either.
        let below_own = page.replace(&list, &own);
        for target in [&list, &format!("{list}/new"), &page, &format!("{page}/end"), &below_own] {
            assert_eq!(eve.opens(target).await.status, 404, "{target}");
        }
        let csrf = csrf(&mut eve).await;
        let set = [("name", "Stolen"), ("key", "iris:stolen")];
        for base in [&page, &below_own] {
            for deed in ["", "/pause", "/resume", "/end"] {
                let answer = eve.posts(&format!("{base}{deed}"), &form(&csrf, &set)).await;
                assert_eq!(answer.status, 404, "{base}{deed} {answer:?}");
            }
        }
        assert_eq!(eve.posts(&list, &form(&csrf, &set)).await.status, 404);
        let after = ada.opens(&page).await;
        assert!(after.text().contains("Iris inference") && !after.text().contains("Stolen"));
        assert!(is_public(&world).await);
    }
}

#[tokio::test]
async fn threat_188_viewers_look_developers_change_and_admins_delete() {
    let world = World::new().await;
    let (mut ada, mut eve) = (world.person("ada").await, world.person("eve").await);
    let mut grace = world.person("grace").await;
    let list = iris(&mut ada).await;
    let page = registers(&mut ada, &list, &[]).await;
    joins(&world, "eve", &list, Role::Viewer).await;
    joins(&world, "grace", &list, Role::Developer).await;

    for target in [&list, &page] {
        let seen = eve.opens(target).await;
        assert_says(&seen, &[KEY]);
        for deed in ["Register a resource", ">Save<", ">Pause<", "Remove", "Add a scope", "Delete this resource"] {
            assert!(!seen.text().contains(deed), "{deed}: {seen:?}");
        }
    }
    let token = csrf(&mut eve).await;
    assert_eq!(eve.opens(&format!("{list}/new")).await.status, 404);
    assert_eq!(eve.posts(&list, &form(&token, &[("key", "iris:more")])).await.status, 404);
    for (deed, status) in [("", 404), ("/pause", 404), ("/resume", 404), ("/end", 403)] {
        let answer = eve.posts(&format!("{page}{deed}"), &form(&token, &[("name", "Stolen")])).await;
        assert_eq!(answer.status, status, "{deed} {answer:?}");
    }
    assert_eq!(eve.posts(&page, &form(&token, &[("add", "scope")])).await.status, 404);

    let token = csrf(&mut grace).await;
    assert_eq!(grace.posts(&page, &form(&token, &[("name", "Iris answers")])).await.status, 303);
    assert_eq!(grace.posts(&format!("{page}/pause"), &[("csrf", &token)]).await.status, 303);
    assert!(!grace.opens(&page).await.text().contains("Delete this resource"));
    for answer in
        [grace.opens(&format!("{page}/end")).await, grace.posts(&format!("{page}/end"), &[("csrf", &token)]).await]
    {
        assert_eq!(answer.status, 403);
        assert_says(&answer, &["Owners and admins delete resources."]);
    }
    let token = csrf(&mut ada).await;
    assert_eq!(ada.posts(&format!("{page}/end"), &[("csrf", &token)]).await.status, 303);
    assert_eq!(ada.opens(&page).await.status, 404);
}

#[tokio::test]
async fn threat_100_a_form_from_elsewhere_changes_no_resource() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let list = iris(&mut ada).await;
    let page = registers(&mut ada, &list, &[]).await;
    for target in [list.clone(), page.clone(), format!("{page}/pause"), format!("{page}/resume"), format!("{page}/end")]
    {
        let guessed = form("guessed", &[("key", "iris:more"), ("name", "Stolen")]);
        assert_eq!(ada.posts(&target, &guessed).await.status, 403, "{target}");
        assert_eq!(ada.posts(&target, guessed.get(1..).unwrap()).await.status, 403, "{target}");
    }
    let after = ada.opens(&page).await;
    assert!(after.text().contains(">Active<") && !after.text().contains("Stolen"), "{after:?}");
    assert!(!ada.opens(&list).await.text().contains("iris:more"));
}

#[tokio::test]
async fn a_resource_is_registered_changed_held_paused_and_deleted() {
    for world in World::both().await {
        let (mut ada, mut bob) = (world.person("ada").await, world.person("bobby").await);
        let notes = world.app("notes", "").await;
        let list = iris(&mut ada).await;
        assert_says(&ada.opens(&list).await, &["This app offers no resource yet.", "Register a resource"]);
        assert_eq!(ada.opens(&format!("{list}/new")).await.status, 200);
        let page = registers(&mut ada, &list, &[]).await;
        assert_says(
            &ada.opens(&list).await,
            &[KEY, "http://localhost:4462/api", "1 scope", "no grants yet", ">Active<"],
        );
        let shown = ada.opens(&format!("{page}?said=registered")).await;
        let metadata = format!("{}/api/oauth/resource/{KEY}", world.issuer);
        assert_says(
            &shown,
            &["Registered.", &metadata, "Verifier::builder(", "<code id=\"origin\">http://localhost:4462<"],
        );
        assert_says(&ada.opens(&format!("{page}?with=node")).await, &["verifyDelegatedToken(token, {"]);
        assert_says(&shown, &["No app holds a grant yet."]);
        assert!(is_public(&world).await);

        let subject = bob.allows(&notes, KEY, "ask", None).await;
        let token = notes.delegated(&subject, KEY).await;
        let csrf = csrf(&mut ada).await;
        let two = [("scope_name", "read"), ("scope_text", "Read what you asked"), ("scope_risk", "high")];
        let more: Vec<_> = ASK.into_iter().chain([("scope_risk", "low")]).chain(two).collect();
        let saved = ada.posts(&page, &form(&csrf, &more)).await;
        assert_eq!(saved.location(), format!("{page}?said=saved"), "another scope asks nobody again");
        assert!(notes.sees_active(&token).await);

        let material = form(&csrf, &[("scope_text", "Ask and buy in your name")]);
        let asks = ada.posts(&page, &material).await;
        assert_eq!(asks.status, 422);
        assert_says(&asks, &["1 grant is suspended", "Ask and buy in your name", "name=\"confirm\" required"]);
        assert!(notes.sees_active(&token).await, "asking changes nothing");
        let mut confirmed = material.clone();
        confirmed.push(("confirm", "on"));
        assert_eq!(ada.posts(&page, &confirmed).await.status, 303);
        assert!(!notes.sees_active(&token).await);
        assert_eq!(notes.exchanges(&subject, &[("resource", KEY)]).await.status, 403);
        let again = form(&csrf, &[("scope_text", "Ask and pay in your name")]);
        assert_eq!(ada.posts(&page, &again).await.status, 303, "what is suspended already needs no second warning");

        let held = ada.opens(&page).await;
        assert_says(
            &held,
            &["App notes", "notes.test", "<code>ask</code>", "user_present", ">Suspended<", "1 grant, of which 1"],
        );
        for person in ["bobby", "Bobby", "127.0.0.1"] {
            assert!(!held.text().contains(person), "{person}: {held:?}");
        }

        let subject = bob.allows(&notes, KEY, "ask", None).await;
        let token = notes.delegated(&subject, KEY).await;
        assert_eq!(ada.posts(&format!("{page}/pause"), &[("csrf", &csrf)]).await.status, 303);
        assert_says(&ada.opens(&list).await, &[">Paused<", "1 grant"]);
        assert!(!is_public(&world).await && !notes.sees_active(&token).await);
        assert_eq!(ada.posts(&format!("{page}/resume"), &[("csrf", &csrf)]).await.status, 303);
        assert!(is_public(&world).await && notes.sees_active(&token).await);

        let ask = ada.opens(&format!("{page}/end")).await;
        assert_says(&ask, &["Delete Iris inference?", "1 grant ends", "invalid_target"]);
        assert!(is_public(&world).await, "asking ends nothing");
        assert_eq!(ada.posts(&format!("{page}/end"), &[("csrf", &csrf)]).await.location(), list);
        assert!(!is_public(&world).await && !notes.sees_active(&token).await);
        assert_eq!(ada.opens(&page).await.status, 404);
    }
}

#[tokio::test]
async fn threat_131_a_scope_that_goes_and_comes_back_in_other_words_asks_people_again() {
    for world in World::both().await {
        let (mut ada, mut bob) = (world.person("ada").await, world.person("bobby").await);
        let notes = world.app("notes", "").await;
        let list = iris(&mut ada).await;
        let page = registers(&mut ada, &list, &[]).await;
        let subject = bob.allows(&notes, KEY, "ask", None).await;
        let csrf = csrf(&mut ada).await;
        let other = [("scope_name", "ask.more"), ("scope_text", "Ask more")];
        assert_eq!(ada.posts(&page, &form(&csrf, &other)).await.status, 303, "nothing that anybody was told differs");
        let back = form(&csrf, &[("scope_text", "Empty your account")]);
        let asks = ada.posts(&page, &back).await;
        assert_eq!(asks.status, 422);
        assert_says(&asks, &["1 grant is suspended"]);
        let mut confirmed = back.clone();
        confirmed.push(("confirm", "on"));
        assert_eq!(ada.posts(&page, &confirmed).await.status, 303);
        assert_eq!(notes.exchanges(&subject, &[("resource", KEY)]).await.status, 403);
    }
}

#[tokio::test]
async fn rows_of_the_scopes_come_and_go_without_a_script() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let list = iris(&mut ada).await;
    let csrf = csrf(&mut ada).await;
    let typed = [("key", KEY), ("audience", "https://somewhere.test"), ("add", "scope")];
    let more = ada.posts(&list, &form(&csrf, &typed)).await;
    assert_eq!(more.status, 200, "nothing is judged yet: {more:?}");
    assert_says(&more, &["Scope 2", "https://somewhere.test", "Ask Iris questions in your name"]);
    assert!(!more.text().contains("Scope 3") && !more.text().contains("aria-invalid"));
    let two = [
        ("key", KEY),
        ("scope_name", "ask"),
        ("scope_name", "read"),
        ("scope_text", "Ask"),
        ("scope_text", "Read"),
        ("scope_risk", "low"),
        ("scope_risk", "high"),
        ("remove", "0"),
    ];
    let less = ada.posts(&list, &form(&csrf, &two)).await;
    assert!(!less.text().contains("Scope 2") && !less.text().contains("value=\"ask\""), "{less:?}");
    assert_says(&less, &["value=\"read\"", "<option value=\"high\" selected>"]);
    assert_says(&ada.opens(&list).await, &["This app offers no resource yet."]);

    let page = registers(&mut ada, &list, &[]).await;
    let less = ada.posts(&page, &form(&csrf, &[("name", "Typed"), ("remove", "0")])).await;
    assert_eq!(less.status, 200);
    assert_says(&less, &["value=\"Typed\"", "Scope 1"]);
    assert!(!ada.opens(&page).await.text().contains("Typed"), "nothing was saved");
}

#[tokio::test]
async fn what_was_typed_wrongly_of_a_resource_stays_and_says_why_at_its_field() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let list = iris(&mut ada).await;
    let csrf = csrf(&mut ada).await;
    let wrong = [
        ("key", "Iris"),
        ("name", "x"),
        ("audience", "https://evil.test/api"),
        ("runtime_endpoint", "http://iris.test/"),
        ("scope_name", "ask"),
        ("scope_name", ""),
        ("scope_name", "openid"),
        ("scope_text", "Ask"),
        ("scope_text", ""),
        ("scope_text", "x"),
        ("scope_risk", "low"),
        ("scope_risk", "low"),
        ("scope_risk", "none"),
    ];
    let answer = ada.posts(&list, &form(&csrf, &wrong)).await;
    assert_eq!(answer.status, 422);
    let text = answer.text();
    for (field, sentence) in [
        ("key", "It has 3 to 100 lowercase letters"),
        ("name", "It has between 2 and 80 characters"),
        ("audience", "It is at an address that is neither the app"),
        ("runtime_endpoint", "It is an https address"),
        ("scope_name-1", "It is a scope of sign-in"),
        ("scope_text-1", "It has between 2 and 120 characters"),
        ("scope_risk-1", "It is low, medium or high."),
    ] {
        let (_, said) = text.split_once(&format!("id=\"{field}-said\"")).unwrap_or_else(|| panic!("{field}: {text}"));
        let said = said.split("</p>").next().unwrap();
        assert!(said.contains(sentence), "{field}: {said}");
    }
    assert_says(&answer, &["https://evil.test/api", "value=\"openid\""]);
    let none = ada.posts(&list, &form(&csrf, &[("key", KEY), ("scope_name", ""), ("scope_text", "")])).await;
    assert_says(&none, &["Name at least one.", "Scope 1"]);
    assert_says(&ada.opens(&list).await, &["This app offers no resource yet."]);
}

#[tokio::test]
async fn threat_130_a_word_of_another_organization_cannot_be_taken_nor_one_that_looks_like_it() {
    for world in World::both().await {
        let (mut ada, mut eve) = (world.person("ada").await, world.person("eve").await);
        let list = iris(&mut ada).await;
        registers(&mut ada, &list, &[]).await;
        let own = iris(&mut eve).await;
        let csrf = csrf(&mut eve).await;
        let theirs = "Begins with a word that belongs to another organization.";
        let audience = ("audience", "http://localhost:4462/eve");
        let taken = "It is taken, or looks like one that is.";
        for (key, said) in [
            ("iris:other", theirs),
            ("1ris:other", theirs),
            (KEY, taken),
            ("1ris:inference", taken),
            ("iris:1nference", taken),
        ] {
            let answer = eve.posts(&own, &form(&csrf, &[("key", key), audience])).await;
            assert_eq!(answer.status, 422, "{key} {answer:?}");
            assert_says(&answer, &[said]);
        }
        for audience in ["http://localhost:4462/api", KEY] {
            let answer = eve.posts(&own, &form(&csrf, &[("key", "eve:other"), ("audience", audience)])).await;
            assert_eq!(answer.status, 422, "{audience} {answer:?}");
        }
        assert_says(&eve.opens(&own).await, &["This app offers no resource yet."]);
    }
}

#[tokio::test]
async fn a_long_list_of_holders_is_read_a_page_at_a_time() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let list = iris(&mut ada).await;
        let page = registers(&mut ada, &list, &[]).await;
        for number in 0..30 {
            let mut new = NewGrant::of(Kind::Connector, &world.seams).unwrap();
            new.app = Some(base::AppId::from_text(format!("origin:https://n{number}.test")));
            (new.target, new.scope, new.terms) = (KEY.to_owned(), base::Scope::of(["ask"]), Some(1));
            let now = world.seams.now();
            world.store.write(move |tx| grant::open(tx, &new, now)).await.unwrap();
            world.clock.advance_secs(1);
        }
        let first = ada.opens(&page).await;
        assert_says(&first, &["30 grants", ">n29.test<", ">n5.test<", "?before="]);
        assert!(!first.text().contains(">n4.test<") && !first.text().contains("Newest"));
        let (_, rest) = first.text().split_once("?before=").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let cursor = rest.split('#').next().unwrap().split('&').next().unwrap();
        let second = ada.opens(&format!("{page}?before={cursor}")).await;
        assert_says(&second, &[">n4.test<", ">n0.test<", "Newest"]);
        assert!(!second.text().contains(">n5.test<") && !second.text().contains("Older"));
    }
}

#[tokio::test]
async fn threat_130_a_place_that_does_not_name_the_app_is_not_its_own() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let victim = "https://victim.invalid";
    let own = [("name", "Victim"), ("website_url", victim), ("redirect_uri", "https://victim.invalid/cb")];
    let app = client_id(&creates(&mut ada, &own).await);
    let list = format!("/developers/apps/{app}/resources");
    let csrf = csrf(&mut ada).await;
    let tries = [("key", "victim:api"), ("audience", "https://victim.invalid/api"), ("runtime_endpoint", "")];
    let answer = ada.posts(&list, &form(&csrf, &tries)).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert_says(&answer, &[&format!("{app} as text at {victim}/.well-known/procura-resource")]);
    let runtime =
        [("key", "victim:api"), ("audience", "victim:api"), ("runtime_endpoint", "https://victim.invalid/run")];
    assert_eq!(ada.posts(&list, &form(&csrf, &runtime)).await.status, 422);
    // A name under one's own namespace is no place.
    let name = [("key", "victim:api"), ("audience", "victim:api"), ("runtime_endpoint", "")];
    assert_eq!(ada.posts(&list, &form(&csrf, &name)).await.status, 303);
}

#[tokio::test]
async fn a_resource_of_accounts_elsewhere_is_made_and_changed_without_losing_what_only_it_has() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        let list = iris(&mut ada).await;
        let page = ada.opens(&format!("{list}/new?kind=vault")).await;
        assert!(page.text().contains("name=\"provider\"") && !page.text().contains("name=\"audience\""));
        let csrf = csrf(&mut ada).await;
        let own = [
            ("csrf", csrf.as_str()),
            ("kind", "vault"),
            ("key", "iris:calendar"),
            ("name", "Your calendar"),
            ("provider", "google"),
            ("scope_name", "read"),
            ("scope_text", "See your calendar"),
            ("scope_risk", "low"),
            ("scope_provider_scopes", "https://www.googleapis.com/auth/calendar.readonly"),
            ("scope_allow", "GET /calendar/v3/**\r\n"),
        ];
        let but = |name: &str, value: &'static str| {
            own.iter().map(|(own, old)| (*own, if *own == name { value } else { *old })).collect::<Vec<_>>()
        };
        for (name, value, sentence) in [
            ("provider", "", "Choose one of the list."),
            ("provider", "nowhere", "Choose one of the list."),
            ("scope_allow", "", "Names calls"),
            ("scope_provider_scopes", "a\"b", "provider"),
        ] {
            let refused = ada.posts(&list, &but(name, value)).await;
            assert_eq!(refused.status, 422, "{name}: {refused:?}");
            assert!(refused.text().contains(sentence), "{name}: {}", refused.text());
        }
        let made = ada.posts(&list, &own).await;
        assert_eq!(made.status, 303, "{made:?}");
        let path = made.location().split('?').next().unwrap().to_owned();
        let page = ada.opens(&path).await.text();
        for part in ["/proxy/iris:calendar", "GET /calendar/v3/**", "auth/calendar.readonly", "value=\"vault\""] {
            assert!(page.contains(part), "{part}: {page}");
        }
        // A row more keeps what was typed, and so does saving.
        let mut more = own.to_vec();
        more.push(("add", "scope"));
        let again = ada.posts(&path, &more).await.text();
        assert!(again.contains("GET /calendar/v3/**") && again.matches("name=\"scope_allow\"").count() == 2, "{again}");
        let saved = ada.posts(&path, &but("name", "Calendar")).await;
        assert_eq!(saved.status, 303, "{saved:?}");
        let id = base::ResourceId::from_text(path.rsplit('/').next().unwrap());
        let found = world.store.read(move |tx| oauth::resource::find(tx, &id)).await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.provider.as_deref()), ("Calendar", Some("google")));
        assert_eq!(found.audience, format!("{}/proxy/iris:calendar", world.issuer));
        assert_eq!((found.scopes[0].allow.len(), found.scopes[0].provider_scopes.len()), (1, 1));
    }
}
