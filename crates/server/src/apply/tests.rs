//! Manifests, applied on both engines.

use super::*;
use base::{ManualClock, RedirectUri, SeededEntropy, Time};
use db::testing::{Database, engines};
use ledger::journal;
use oauth::app::{Credentials, Presented, authenticate};
use std::sync::Arc;

const START: Time = Time::from_secs(1_800_000_000);

struct World {
    database: Database,
    seams: Seams,
    sealer: Sealer,
    folder: tempfile::TempDir,
}

struct NewKey(Secret);

impl db::seal::Kms for NewKey {
    fn master_keys(&self) -> Result<Secret, Fault> {
        Ok(self.0.clone())
    }
}

impl World {
    fn on(database: Database) -> World {
        let seams = Seams::new(Arc::new(ManualClock::at(START)), Arc::new(SeededEntropy::new(3)));
        let sealer = Sealer::from_kms(&NewKey(Sealer::new_key_text(seams.entropy()).unwrap())).unwrap();
        World { database, seams, sealer, folder: tempfile::tempdir().unwrap() }
    }

    async fn both() -> [World; 2] {
        engines().await.map(World::on)
    }

    async fn one() -> World {
        World::on(db::testing::sqlite().await)
    }

    async fn applies(&self, text: &str) -> Result<Vec<String>, ApplyError> {
        let environment = |name: &str| (name == "NOTES_SECRET").then(|| "a secret of at least 22".to_owned());
        let server = Server { issuer: "https://id.test", sealer: &self.sealer, allow: &[] };
        run(&self.database.store, &self.seams, text, self.folder.path(), &environment, server).await
    }

    async fn refusal(&self, text: &str) -> String {
        self.applies(text).await.unwrap_err().to_string()
    }

    async fn app(&self, key: &'static str) -> Option<App> {
        self.database
            .store
            .write(move |tx| {
                let Some(acme) = organization::find_by_key(tx, "acme")? else { return Ok::<_, Fault>(None) };
                app::find_by_key(tx, &acme.id, key)
            })
            .await
            .unwrap()
    }

    async fn acts(&self, app: &App) -> Vec<String> {
        let id = app.id.clone();
        let told = self.database.store.write(move |tx| journal::list_of_app(tx, &id, i64::MAX, 50)).await.unwrap();
        told.into_iter().rev().map(|told| told.act).collect()
    }
}

fn opens(app: &App, secret: &str) -> bool {
    let shown =
        Credentials { client_id: app.client_id().to_owned(), method: Presented::Post(base::Secret::new(secret)) };
    authenticate(app, &shown, START).is_ok()
}

const SMALL: &str = r#"
[[organization]]
key = "acme"
name = "Acme Inc."

[[app]]
key = "iris"
organization = "acme"
name = "Iris"
redirect_uris = ["https://iris.acme.test/callback"]
"#;

const WHOLE: &str = r##"
[[organization]]
key = "acme"
name = "Acme Inc."

[[app]]
key = "notes"
organization = "acme"
name = "Acme Notes"
type = "confidential"
client_id = "app_0123456789abcdef0123456789abcdef"
client_secret = "env:NOTES_SECRET"
website_url = "https://notes.acme.test"
redirect_uris = ["https://notes.acme.test/callback"]
post_logout_redirect_uris = ["https://notes.acme.test/"]
backchannel_logout_uri = "https://notes.acme.test/backchannel"
native = false
development_mode = true
background = true
scopes = ["openid", "profile", "email", "offline_access"]
require_pkce = true
token_endpoint_auth_method = "client_secret_basic_or_post"
id_token_signed_response_alg = "ES256"
access_token_ttl_secs = 1800
refresh_token_idle_secs = 2592000
refresh_token_absolute_secs = 31536000
refresh_replay_window_secs = 10
hand_out_tokens = false
[app.branding]
logo = "file:acme.png"
accent = "#3355ff"

[[app]]
key = "spa"
organization = "acme"
name = "Acme Board"
type = "public"
redirect_uris = ["https://board.acme.test/"]
"##;

#[tokio::test]
async fn a_whole_manifest_is_applied_and_applied_again_without_effect() {
    for world in World::both().await {
        std::fs::write(world.folder.path().join("acme.png"), base::raster::SMALLEST_PNG).unwrap();
        let first = world.applies(WHOLE).await.unwrap();
        assert!(first[0].starts_with("organization.acme.id=org_"), "{first:?}");
        assert_eq!(first[1], "app.notes.client_id=app_0123456789abcdef0123456789abcdef");
        assert!(first[2].starts_with("app.spa.client_id=app_") && first.len() == 3, "{first:?}");

        let notes = world.app("notes").await.unwrap();
        assert!(opens(&notes, "a secret of at least 22"));
        assert_eq!((notes.access_ttl_secs, notes.refresh_replay_secs), (Some(1800), Some(10)));
        assert_eq!(notes.alg.as_str(), "ES256");
        assert!(notes.development_mode && notes.background && notes.require_pkce && !notes.hand_out_tokens);
        assert!(notes.logo.is_some() && notes.accent.as_deref() == Some("#3355ff"));
        assert_eq!(notes.post_logout_redirect_uris, [RedirectUri::sent("https://notes.acme.test/")]);
        let spa = world.app("spa").await.unwrap();
        assert_eq!((spa.kind, spa.auth_method, spa.needs_pkce()), (AppKind::Public, app::AuthMethod::None, true));

        assert_eq!(world.applies(WHOLE).await.unwrap(), first);
        let again = world.app("notes").await.unwrap();
        assert_eq!((again.updated_at, &again.logo, again.secrets.len()), (notes.updated_at, &notes.logo, 1));
        assert_eq!(world.acts(&notes).await, ["app.created"]);
    }
}

#[tokio::test]
async fn a_secret_is_made_up_and_printed_once() {
    let world = World::one().await;
    let first = world.applies(SMALL).await.unwrap();
    let secret = first[2].strip_prefix("app.iris.client_secret=").unwrap();
    assert!(secret.starts_with("pcs_") && opens(&world.app("iris").await.unwrap(), secret));
    assert_eq!(world.applies(SMALL).await.unwrap(), first[..2]);
    assert!(opens(&world.app("iris").await.unwrap(), secret));
    let iris = world.app("iris").await.unwrap();
    assert_eq!(iris.scopes, base::Scope::of(app::DEFAULT_SCOPES));
    assert_eq!((iris.access_ttl_secs, iris.refresh_idle_secs, iris.hand_out_tokens), (None, None, true));
}

#[tokio::test]
async fn what_the_file_no_longer_says_goes_back_to_its_default() {
    let world = World::one().await;
    let more = format!(
        "{SMALL}access_token_ttl_secs = 600\ndevelopment_mode = true\nwebsite_url = \"https://iris.acme.test\"\n"
    );
    world.applies(&more).await.unwrap();
    assert_eq!(world.app("iris").await.unwrap().access_ttl_secs, Some(600));
    world.applies(SMALL).await.unwrap();
    let iris = world.app("iris").await.unwrap();
    assert_eq!((iris.access_ttl_secs, iris.development_mode, iris.website.as_deref()), (None, false, None));
    assert_eq!(world.acts(&iris).await, ["app.created", "app.updated"]);
    world.applies(&SMALL.replace("Acme Inc.", "Acme Limited")).await.unwrap();
    let acme = world.database.store.read(|tx| organization::find_by_key(tx, "acme")).await.unwrap().unwrap();
    assert_eq!(acme.name, "Acme Limited");
}

#[tokio::test]
async fn another_secret_in_the_file_takes_the_place_of_the_first() {
    let world = World::one().await;
    world.applies(&format!("{SMALL}client_secret = \"the first one, long enough\"\n")).await.unwrap();
    std::fs::write(world.folder.path().join("secret"), "the second one, long enough\n").unwrap();
    let lines = world.applies(&format!("{SMALL}client_secret = \"file:secret\"\n")).await.unwrap();
    let iris = world.app("iris").await.unwrap();
    assert!(opens(&iris, "the second one, long enough") && !opens(&iris, "the first one, long enough"));
    assert!(!lines.iter().any(|line| line.contains("secret")));
}

#[tokio::test]
async fn unknown_fields_are_named_with_their_line() {
    let world = World::one().await;
    let said = world.refusal(&format!("{SMALL}redirect_urls = []\n")).await;
    assert!(said.starts_with("line 11: unknown field `redirect_urls`"), "{said}");
    let said = world.refusal(&format!("{SMALL}[app.branding]\ncolour = \"#fff\"\n")).await;
    assert!(said.starts_with("line 12: unknown field `colour`"), "{said}");
    let said = world.refusal("[[organisation]]\nkey = \"acme\"\n").await;
    assert!(said.starts_with("line 1: unknown field `organisation`"), "{said}");
    let said = world.refusal("[[organization]]\nkey = \"acme\"\n").await;
    assert!(said.starts_with("line 1: missing field `name`"), "{said}");
    assert!(world.refusal("key = ").await.starts_with("line 1: "));
}

const CALLS: &str = r#"
[[managed_secret]]
slug = "weather-key"
app = "iris"
name = "Weather"
inject = "header:X-Api-Key"
hosts = ["api.weather.test"]
credential = "sk_weather"

[[policy]]
app = "iris"
provider = "google"
kind = "require_approval"
match = ["DELETE /**", "POST /calendar/v3/**"]

[[policy]]
app = "iris"
kind = "limit"
match = ["* /**"]
times = 100
per_secs = 60
"#;

#[tokio::test]
async fn secrets_and_rules_are_set_once_and_what_is_wrong_with_them_is_named() {
    let world = World::one().await;
    let manifest = format!("{SMALL}\n{CALLS}");
    assert!(world.applies(&manifest).await.unwrap().contains(&"managed_secret.weather-key.app=iris".to_owned()));
    world.applies(&manifest).await.unwrap();
    let id = world.app("iris").await.unwrap().id;
    let rules = world.database.store.read(move |tx| vault::policy::list_of_app(tx, &id)).await.unwrap();
    assert_eq!(rules.len(), 2);
    let id = world.app("iris").await.unwrap().id;
    let secrets = world.database.store.read(move |tx| vault::secret::list_of_app(tx, &id)).await.unwrap();
    assert_eq!(secrets.iter().map(|secret| secret.slug.as_str()).collect::<Vec<_>>(), ["weather-key"]);
    for (was, is, says) in [
        ("header:X-Api-Key", "cookie:x", "managed_secret inject: is header:NAME, query:NAME, bearer or basic"),
        (
            "api.weather.test",
            "10.0.0.1",
            "managed_secret hosts: are names of at least two labels, with *. for one more",
        ),
        ("weather-key", "Weather key", "managed_secret slug: has lowercase letters, digits and -, at most 50"),
        ("require_approval", "maybe", "policy kind: is allow, deny, require_approval or limit"),
        ("DELETE /**", "delete /**", "policy match: is a list of patterns like DELETE /calendar/**"),
        ("times = 100", "times = 0", "policy times: a limit has times and per_secs above zero"),
        (
            "slug = \"weather-key\"\napp = \"iris\"",
            "slug = \"weather-key\"\napp = \"none\"",
            "managed_secret app: is no app of this file",
        ),
    ] {
        let said = world.refusal(&manifest.replacen(was, is, 1)).await;
        assert!(said.ends_with(says), "{says}: {said}");
    }
}

const KEY: &str = r#"
[[app_key]]
key = "notes-backend"
app = "iris"
"#;

const ISSUER: &str = r#"
[[identity_issuer]]
app = "iris"
issuer = "https://login.acme.test"
audience = "acme"
"#;

#[tokio::test]
async fn a_key_is_made_once_and_an_identity_issuer_is_set() {
    for world in World::both().await {
        let manifest = format!("{SMALL}{KEY}{ISSUER}");
        let lines = world.applies(&manifest).await.unwrap();
        let value = lines.iter().find_map(|line| line.strip_prefix("app_key.notes-backend.value=")).unwrap();
        assert!(vault::key::format::form(value).is_some());
        let again = world.applies(&manifest).await.unwrap();
        assert!(!again.iter().any(|line| line.contains(".value=")), "{again:?}");
        let app = world.app("iris").await.unwrap();
        let id = app.id.clone();
        let found = world.database.store.read(move |tx| vault::key::find_named(tx, &id, "notes-backend")).await;
        assert_eq!(found.unwrap().unwrap().scopes, vault::key::scopes::all());
        let id = app.id.clone();
        let issuer = world.database.store.read(move |tx| vault::subject::find_issuer(tx, &id)).await.unwrap().unwrap();
        assert_eq!((issuer.issuer.as_str(), issuer.subject_claim.as_str()), ("https://login.acme.test", "sub"));
        let acts = world.acts(&app).await;
        let many = |act: &str| acts.iter().filter(|own| *own == act).count();
        assert_eq!((many("app_key.minted"), many("identity_issuer.set")), (1, 1), "{acts:?}");
        // A value that is given takes the place of the one before.
        let given = format!("value = \"alter_key_{}\"\nscopes = [\"grants:read\"]\n", "a1-_".repeat(10));
        for _ in 0..2 {
            world.applies(&format!("{SMALL}{KEY}{given}")).await.unwrap();
        }
        let acts = world.acts(&app).await;
        let many = |act: &str| acts.iter().filter(|own| *own == act).count();
        assert_eq!((many("app_key.minted"), many("app_key.revoked")), (2, 1), "{acts:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_key_or_an_issuer_is_named_with_its_line() {
    let world = World::one().await;
    for (manifest, expected) in [
        (format!("{SMALL}{KEY}value = \"secret\"\n"), "app_key value: the value is no key"),
        (format!("{SMALL}{KEY}scopes = [\"everything\"]\n"), "app_key scopes: names an unknown scope"),
        (format!("{SMALL}{}", KEY.replace("\"iris\"", "\"notes\"")), "app_key app: is no app of this file"),
        (format!("{SMALL}{KEY}{KEY}"), "app_key key: occurs twice"),
        (format!("{SMALL}{ISSUER}{ISSUER}"), "identity_issuer app: occurs twice"),
        (
            format!("{SMALL}{}", ISSUER.replace("https://login.acme.test", "https://id.test")),
            "identity_issuer issuer: is this server",
        ),
        (format!("{SMALL}{}", ISSUER.replace("https:", "http:")), "identity_issuer issuer: is an https URL"),
    ] {
        let said = world.refusal(&manifest).await;
        assert!(said.starts_with("line ") && said.contains(expected), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

const RESOURCE: &str = r#"
[[resource]]
key = "iris:inference"
app = "iris"
name = "Iris inference"
audience = "https://iris.acme.test/api"
scopes = [{ name = "ask", text = "Ask questions", risk = "low" }]
"#;

#[tokio::test]
async fn resources_are_registered_changed_and_told_apart() {
    for world in World::both().await {
        let manifest = format!("{SMALL}{RESOURCE}");
        let lines = world.applies(&manifest).await.unwrap();
        assert!(lines.contains(&"resource.iris:inference.app=iris".to_owned()), "{lines:?}");
        let stored = || async {
            let read = world.database.store.read(|tx| oauth::resource::find_by_key(tx, "iris:inference"));
            read.await.unwrap().unwrap()
        };
        let first = stored().await;
        world.applies(&manifest).await.unwrap();
        assert_eq!((stored().await.updated_at, stored().await.terms), (first.updated_at, 1), "nothing differs");
        let more = manifest.replace("Ask questions", "Ask anything");
        world.applies(&more).await.unwrap();
        assert_eq!(stored().await.terms, 2, "what people were told has changed");
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_resource_is_named_with_its_line() {
    let world = World::one().await;
    let wrong = |from: &str, to: &str| format!("{SMALL}{}", RESOURCE.replace(from, to));
    for (manifest, said) in [
        (wrong("app = \"iris\"", "app = \"nobody\""), "resource app: is no app of this file"),
        (wrong("iris:inference", "iris"), "resource key: is written in two parts"),
        (wrong("https://iris.acme.test/api", "https://other.test"), "resource audience: is at an address that is"),
        (wrong("https://iris.acme.test/api", "https://id.test"), "resource audience: is at the address of this server"),
        (wrong("risk = \"low\"", "risk = \"none\""), "resource scopes[0].risk: is low, medium or high"),
        (format!("{SMALL}{RESOURCE}kind = \"vault\"\n"), "resource provider: "),
        (
            format!("{SMALL}{RESOURCE}provider = \"google\"\n"),
            "resource provider: is there for a resource of kind vault, and for no other",
        ),
        (format!("{SMALL}{RESOURCE}{RESOURCE}"), "resource key: occurs twice"),
    ] {
        let told = world.refusal(&manifest).await;
        assert!(told.starts_with("line ") && told.contains(said), "{told}");
    }
}

#[tokio::test]
async fn threat_042_client_assertions_are_refused_by_name() {
    let world = World::one().await;
    for (field, value) in [("jwks_uri", "\"https://iris.acme.test/jwks\""), ("jwks", "{ keys = [] }")] {
        let said = world.refusal(&format!("{SMALL}{field} = {value}\n")).await;
        assert_eq!(said, format!("line 11: app {field}: private_key_jwt is not supported by this version"));
    }
    let said = world.refusal(&format!("{SMALL}token_endpoint_auth_method = \"private_key_jwt\"\n")).await;
    assert_eq!(said, "line 11: app token_endpoint_auth_method: private_key_jwt is not supported by this version");
}

#[tokio::test]
async fn every_wrong_field_is_named_with_its_line_and_no_secret_is_repeated() {
    let world = World::one().await;
    let text = r#"
[[organization]]
key = "acme"
name = "Acme Inc."

[[app]]
key = "notes"
organization = "acme"
name = "N"
client_secret = "too short"
redirect_uris = [
    "https://notes.acme.test/callback",
    "javascript:alert(1)",
]

[[app]]
key = "notes"
organization = "globex"
name = "Other"
redirect_uris = []
"#;
    assert_eq!(world.refusal(text).await, "line 17: app key: occurs twice");
    let said = world
        .refusal(&text.replacen(
            "key = \"notes\"\norganization = \"globex\"",
            "key = \"other\"\norganization = \"globex\"",
            1,
        ))
        .await;
    assert_eq!(
        said,
        "line 9: app name: has between 2 and 64 characters; \
         line 13: app redirect_uris[1]: use https, http on loopback, or a private scheme that contains a dot (com.example.app:); \
         line 18: app organization: is no organization of this server"
    );
    let short = format!("{SMALL}client_secret = \"too short\"\n");
    let said = world.refusal(&short).await;
    assert_eq!(said, "line 11: app client_secret: has at least 22 printable ASCII characters");
    let said = world.refusal(&format!("{SMALL}client_secret = \"env:ABSENT\"\n")).await;
    assert_eq!(said, "line 11: app client_secret: the environment has no ABSENT");
    let said = world.refusal(&format!("{SMALL}client_secret = \"file:absent\"\n")).await;
    assert_eq!(said, "line 11: app client_secret: the file absent cannot be read (entity not found)");
    let said = world.refusal(&format!("{SMALL}client_id = \"notes\"\n")).await;
    assert_eq!(said, "line 11: app client_id: is app_ and 32 lowercase hexadecimal digits");
    assert!(world.app("iris").await.is_none());
}

#[tokio::test]
async fn what_names_an_app_cannot_change() {
    let world = World::one().await;
    world.applies(SMALL).await.unwrap();
    let sentence = "the app has another one, which cannot change: give it another key";
    let said = world.refusal(&format!("{SMALL}client_id = \"app_0123456789abcdef0123456789abcdef\"\n")).await;
    assert_eq!(said, format!("line 11: app client_id: {sentence}"));
    let said = world.refusal(&format!("{SMALL}type = \"public\"\n")).await;
    assert_eq!(said, format!("line 11: app type: {sentence}"));
}
