//! Every subcommand, beside a running server and without one.

use super::{Place, mode, soon};

const MANIFEST: &str = r#"
[[organization]]
key = "acme"
name = "Acme"

[[app]]
key = "notes"
organization = "acme"
name = "Notes"
type = "confidential"
redirect_uris = ["https://notes.test/cb"]
scopes = ["openid", "profile", "offline_access"]
"#;

#[test]
fn init_writes_what_is_missing_and_overwrites_nothing() {
    let place = Place::new();
    let out = place.runs(&["init"]).done();
    assert!(
        out.contains("wrote procura.toml") && out.contains("master.key") && out.contains("made data/procura.db"),
        "{out}"
    );
    assert_eq!((mode(&place.path("master.key")), mode(&place.path("data/procura.db"))), (0o600, 0o600));
    let before = ["procura.toml", "master.key"].map(|file| std::fs::read(place.path(file)).unwrap());
    let out = place.runs(&["init"]).done();
    assert_eq!(out.lines().filter(|line| line.ends_with("is there already and stays as it is")).count(), 2, "{out}");
    assert_eq!(["procura.toml", "master.key"].map(|file| std::fs::read(place.path(file)).unwrap()), before);
    assert!(!place.path("data/master.key").exists());
    assert_eq!(place.starts().stops(), Some(0));
    assert!(!place.path("data/master.key").exists());
}

#[test]
fn init_makes_a_key_for_a_public_issuer_and_never_a_second_one_for_old_data() {
    let place = Place::new().with("PROCURA_ISSUER", "https://id.example.com");
    place.runs(&["init"]).done();
    std::fs::remove_file(place.path("master.key")).unwrap();
    let ran = place.runs(&["init"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.sentence().starts_with("there is no master key at master.key"), "{ran:?}");
    assert!(!place.path("master.key").exists());
}

#[test]
fn a_wrong_variable_keeps_init_from_writing_anything() {
    let place = Place::new().with("PROCURA_ISSUER", "https://127.0.0.1");
    assert_eq!(place.runs(&["init"]).code, Some(1));
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_operator_token_stands_alone_on_its_line_and_opens_the_management_api() {
    let place = Place::new();
    let server = place.starts();
    let out = place.runs(&["admin-token"]).done();
    assert!(out.starts_with("pot_") && out.lines().count() == 1, "{out}");
    let bearer = format!("Bearer {}", out.trim());
    let answer = server.sends("GET", "/api/v1/organizations", &[("Authorization", &bearer)], "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = server.sends("GET", "/api/v1/organizations", &[], "").await;
    assert_eq!(answer.status, 401, "{answer:?}");
}

#[test]
fn commands_that_only_use_a_database_do_not_make_one() {
    let place = Place::new();
    for args in [
        &["admin-token"][..],
        &["backup"],
        &["keys", "rotate"],
        &["migrate"],
        &["account", "recover", "ada"],
        &["doctor"],
    ] {
        let ran = place.runs(args);
        assert_eq!(ran.code, Some(1), "{args:?}: {ran:?}");
        assert!(!place.path("data/procura.db").exists() && !place.path("data/master.key").exists(), "{args:?}");
    }
    assert!(place.runs(&["openapi"]).done().starts_with('{'));
}

#[tokio::test]
async fn a_running_server_notices_what_apply_did() {
    let place = Place::new();
    let server = place.starts();
    place.writes("apps.toml", MANIFEST);
    let out = place.runs(&["apply", "-f", "apps.toml"]).done();
    let field = |name: &str| {
        out.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {out}")).to_owned()
    };
    let (id, secret) = (field("app.notes.client_id="), field("app.notes.client_secret="));
    let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    soon("the app is known", async || server.sends("POST", "/api/oauth/token", &form, &body).await.status == 200).await;
    let again = place.runs(&["apply", "-f", "apps.toml"]).done();
    assert!(!again.contains("client_secret"), "{again}");
}

#[test]
fn apply_makes_the_database_and_names_what_is_wrong() {
    let place = Place::new();
    place.writes("apps.toml", MANIFEST);
    place.runs(&["apply", "-f", "apps.toml"]).done();
    assert!(place.path("data/procura.db").exists());
    place.writes("wrong.toml", &MANIFEST.replace("https://notes.test/cb", "javascript:alert(1)"));
    let ran = place.runs(&["apply", "-f", "wrong.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.sentence().starts_with("wrong.toml line "), "{ran:?}");
    assert_eq!(place.runs(&["apply", "-f", "missing.toml"]).code, Some(1));
}

#[tokio::test]
async fn rotated_keys_reach_a_running_server() {
    let place = Place::new();
    let server = place.starts();
    let kids = |page: String| page.matches("\"kid\"").count();
    let before = kids(server.gets("/.well-known/jwks.json").await.text());
    assert!(before > 0);
    assert!(place.runs(&["keys", "rotate", "--now"]).done().contains("sign from now on"));
    soon("new keys are published", async || kids(server.gets("/.well-known/jwks.json").await.text()) == 2 * before)
        .await;
    assert!(place.runs(&["keys", "rotate"]).done().contains("sign in a day"));
    soon("the next keys are published", async || {
        kids(server.gets("/.well-known/jwks.json").await.text()) == 3 * before
    })
    .await;
}

#[test]
fn a_handle_that_nobody_has_gets_no_link() {
    let place = Place::new();
    place.runs(&["init"]).done();
    let ran = place.runs(&["account", "recover", "nobody"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "nobody has this handle"));
}

#[test]
fn doctor_tells_what_is_in_order_and_fails_when_something_is_not() {
    let place = Place::new();
    place.runs(&["init"]).done();
    let out = place.runs(&["doctor"]).done();
    for line in [
        "ok   settings  ",
        "warn issuer    http://localhost:0, which only this machine reaches",
        "warn mail      no mail server",
        "ok   database  ",
        "ok   schema    ",
        "ok   clock     ",
        "ok   disk      ",
        "ok   key       it opens",
    ] {
        assert!(out.lines().any(|own| own.starts_with(line)), "{line}\n{out}");
    }
    std::fs::rename(place.path("master.key"), place.path("away.key")).unwrap();
    let ran = place.runs(&["doctor"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "one thing is not in order"));
    assert!(ran.out.lines().any(|line| line.starts_with("fail key")), "{ran:?}");
    let ran = place.runs_with(&["doctor"], &[("PROCURA_ISSUER", "nowhere")]);
    assert!(ran.code == Some(1) && ran.out.starts_with("fail settings  PROCURA_ISSUER: "), "{ran:?}");
}

#[test]
fn doctor_notices_a_slip_in_a_variable_and_a_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.runs(&["init"]).done();
    std::fs::set_permissions(place.path("master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = place.runs_with(&["doctor"], &[("PROCURA_ISUER", "https://id.example.com")]).done();
    assert!(out.contains("warn settings  the variable PROCURA_ISUER is no setting of this program"), "{out}");
    assert!(out.contains("master.key can be read by other users"), "{out}");
}

#[tokio::test]
async fn doctor_notices_a_clock_that_is_behind_and_a_damaged_file() {
    let place = Place::new();
    place.runs(&["init"]).done();
    let store = db::Store::open(&db::Location::Sqlite(place.path("data/procura.db"))).unwrap();
    let future = 4_000_000_000_000i64;
    store
        .write(move |tx| tx.run("UPDATE schema_history SET applied_at = $1 WHERE number = 1", db::args![future]))
        .await
        .unwrap();
    drop(store);
    let ran = place.runs(&["doctor"]);
    assert!(ran.code == Some(1) && ran.out.lines().any(|line| line.starts_with("fail clock")), "{ran:?}");
    let mut bytes = std::fs::read(place.path("data/procura.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xff);
    std::fs::write(place.path("data/procura.db"), bytes).unwrap();
    let ran = place.runs(&["doctor"]);
    assert!(ran.code == Some(1) && ran.out.lines().any(|line| line.starts_with("fail database")), "{ran:?}");
}

#[test]
fn settings_and_data_on_postgresql_are_left_to_its_own_backup() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(db::testing::empty_postgres());
    let place = Place::new().with("PROCURA_DATABASE_URL", &database.url);
    place.runs(&["init"]).done();
    place.writes("x.backup", "x");
    for (args, sentence) in [
        (&["backup"][..], "the data is in PostgreSQL: back it up with pg_dump"),
        (&["restore", "x.backup"], "the data is in PostgreSQL: restore it with pg_restore"),
    ] {
        let ran = place.runs(args);
        assert_eq!((ran.code, ran.sentence()), (Some(1), sentence));
    }
    assert!(place.runs(&["admin-token"]).done().starts_with("pot_"));
}

#[test]
fn doctor_says_when_a_proxy_would_make_all_people_one() {
    let place = Place::new();
    place.runs(&["init"]).done();
    let issuer = ("PROCURA_ISSUER", "https://id.example.com");
    let out = place.runs_with(&["doctor"], &[issuer]).done();
    assert!(out.contains("warn settings  PROCURA_TRUSTED_PROXIES is empty"), "{out}");
    let out = place.runs_with(&["doctor"], &[issuer, ("PROCURA_TRUSTED_PROXIES", "127.0.0.1")]).done();
    assert!(!out.contains("PROCURA_TRUSTED_PROXIES"), "{out}");
}

#[test]
fn restore_names_the_file_that_it_cannot_read() {
    let place = Place::new();
    place.runs(&["init"]).done();
    let ran = place.runs(&["restore", "nothing.backup"]);
    assert!(ran.code == Some(1) && ran.sentence().starts_with("nothing.backup cannot be read: "), "{ran:?}");
}
