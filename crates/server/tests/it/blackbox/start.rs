//! From an empty folder to the line `ready`, and every way in which a start is refused.

use super::{Place, mode, soon};
use db::testing::{empty_postgres, postgres_server};
use db::{Location, Store};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};

#[tokio::test]
async fn an_empty_folder_becomes_a_server_that_is_ready() {
    let place = Place::new();
    let server = place.starts();
    let port = server.listen.rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(
        server.ready,
        format!("ready issuer=http://localhost:{port} listen=127.0.0.1:{port} ops={}\n", server.ops)
    );
    assert_ne!(port, "0");
    for file in ["data/procura.db", "data/master.key"] {
        assert_eq!(mode(&place.path(file)), 0o600, "{file}");
    }
    assert!(!place.path("procura.toml").exists());
    let metadata = server.gets("/.well-known/openid-configuration").await;
    assert_eq!((metadata.status, metadata.json()["issuer"].as_str().unwrap()), (200, server.issuer.as_str()));
    for (path, text) in [("/livez", "alive\n"), ("/readyz", "ready\n")] {
        let answer = server.operates(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, text));
    }
    assert_eq!(server.stops(), Some(0));
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_one_made() {
    let place = Place::new();
    let server = place.starts();
    let jwks = server.gets("/.well-known/jwks.json").await.text();
    let key = std::fs::read(place.path("data/master.key")).unwrap();
    assert_eq!(server.stops(), Some(0));
    let server = place.starts();
    assert_eq!(server.gets("/.well-known/jwks.json").await.text(), jwks);
    assert_eq!(std::fs::read(place.path("data/master.key")).unwrap(), key);
}

#[tokio::test]
async fn threat_187_the_first_operator_comes_by_a_link_on_the_console_that_dies_with_the_next() {
    let place = Place::new();
    let link = async |server: &super::Server| {
        // The console is read by a thread of its own.
        soon("the link is printed", async || server.log().contains("/register?invitation=")).await;
        server.log().lines().find(|line| line.starts_with(&server.issuer)).unwrap().to_owned()
    };
    let server = place.starts();
    let first = link(&server).await;
    assert!(!server.ready.contains("pbl_"));
    server.stops();
    let server = place.starts();
    assert_ne!(link(&server).await.rsplit_once('=').unwrap().1, first.rsplit_once('=').unwrap().1);
}

#[tokio::test]
async fn the_operations_listener_tells_figures_and_nothing_that_a_request_brought() {
    let place = Place::new();
    let server = place.starts();
    server.gets("/.well-known/jwks.json").await;
    server.gets("/canary-path-7351?canary-query-7351=1").await;
    let page = server.operates("/metrics").await;
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let page = page.text();
    for line in [
        "procura_requests_total{route=\"/.well-known/jwks.json\",status=\"200\"} 1",
        "procura_requests_total{route=\"none\",status=\"404\"} 1",
        "procura_database_queue 0",
    ] {
        assert!(page.lines().any(|own| own == line), "{line}\n{page}");
    }
    for name in
        ["procura_build_info", "procura_uptime_seconds", "procura_journal_rows_total", "procura_sqlite_wal_bytes"]
    {
        assert!(page.contains(name), "{name}\n{page}");
    }
    assert!(!page.contains("canary"), "{page}");
}

#[tokio::test]
async fn threat_189_operations_and_the_public_do_not_share_a_listener() {
    let place = Place::new();
    let server = place.starts();
    for path in ["/metrics", "/livez", "/readyz"] {
        assert_eq!(server.gets(path).await.status, 404, "{path}");
    }
    assert_eq!(server.operates("/.well-known/jwks.json").await.status, 404);
}

#[test]
fn every_wrong_setting_is_one_sentence_and_exit_code_1() {
    let cases: [(&[(&str, &str)], &str); 13] = [
        (&[("PROCURA_ISSUER", "http://127.0.0.1:8460")], "PROCURA_ISSUER: an IP address cannot be the issuer"),
        (&[("PROCURA_ISSUER", "https://192.168.1.7")], "PROCURA_ISSUER: an IP address cannot be the issuer"),
        (&[("PROCURA_ISSUER", "https://id.example.com/")], "PROCURA_ISSUER: remove the trailing slash"),
        (&[("PROCURA_ISSUER", "https://id.example.com/a")], "PROCURA_ISSUER: remove the path"),
        (&[("PROCURA_ISSUER", "http://id.example.com")], "PROCURA_ISSUER: use https"),
        (&[("PROCURA_LISTEN", "0.0.0.0:0")], "issuer: is required because the server does not listen on loopback"),
        (&[("PROCURA_LISTEN", "localhost:8460")], "PROCURA_LISTEN: expected an address and a port"),
        (&[("PROCURA_OPS_LISTEN", "8469")], "PROCURA_OPS_LISTEN: expected an address and a port"),
        (
            &[("PROCURA_DATABASE_URL", "mysql://a")],
            "PROCURA_DATABASE_URL: the database URL must begin with sqlite: or postgres://",
        ),
        (&[("PROCURA_CODE_TTL", "a minute")], "PROCURA_CODE_TTL: expected a whole number"),
        (
            &[("PROCURA_REFRESH_REPLAY_WINDOW", "61")],
            "PROCURA_REFRESH_REPLAY_WINDOW: expected a whole number from 0 to 60",
        ),
        (&[("RUST_LOG", "a=b=c")], "RUST_LOG: expected a level"),
        (&[("PROCURA_SMTP_URL", "mail.example.com")], "PROCURA_SMTP_URL: expected smtps://"),
    ];
    for (settings, sentence) in cases {
        let place = Place::new();
        let ran = place.runs_with(&["serve"], settings);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.sentence().starts_with(sentence), "{ran:?}");
        assert!(!place.path("data").exists(), "{sentence}: something was made");
    }
}

#[test]
fn a_wrong_file_is_named_with_line_and_key() {
    let place = Place::new();
    place.writes("procura.toml", "# ours\n[lifetimes]\ncode_sec = 30\n");
    let ran = place.runs(&["serve"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "procura.toml line 3: lifetimes.code_sec: unknown setting"));
    let ran = place.runs(&["--config", "other.toml", "serve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.sentence().starts_with("other.toml: cannot be read: "), "{ran:?}");
}

#[test]
fn what_is_asked_for_wrongly_ends_with_exit_code_2() {
    let place = Place::new();
    for args in
        [&[][..], &["serv"], &["serve", "--port", "1"], &["restore"], &["apply"], &["keys"], &["account", "recover"]]
    {
        let ran = place.runs(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {ran:?}");
    }
    assert_eq!(place.runs(&["--version"]).done(), format!("procura {}\n", env!("CARGO_PKG_VERSION")));
    assert!(place.runs(&["--help"]).done().contains("backup"));
}

#[tokio::test]
async fn a_port_in_use_is_one_sentence() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for variable in ["PROCURA_LISTEN", "PROCURA_OPS_LISTEN"] {
        let ran = place.runs_with(&["serve"], &[(variable, &address)]);
        let sentence = format!("{address} is in use by another program; set {variable} to a free port");
        assert_eq!((ran.code, ran.sentence()), (Some(1), sentence.as_str()));
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused_in_one_sentence() {
    let place = Place::new();
    let _server = place.starts();
    let ran = place.runs(&["serve"]);
    assert_eq!((ran.code, ran.sentence()), (Some(1), "data/procura.db is in use by another server or command of ours"));
}

#[tokio::test]
async fn several_servers_share_postgresql_and_are_not_ready_without_it() {
    let database = empty_postgres().await;
    let place = Place::new().with("PROCURA_DATABASE_URL", &database.url);
    let one = place.starts();
    let two = place.starts();
    assert_eq!(one.gets("/.well-known/jwks.json").await.text(), two.gets("/.well-known/jwks.json").await.text());
    assert_eq!(one.operates("/readyz").await.status, 200);
    // Closes the database to everybody and ends the connections there are.
    let name = super::rows(&database.store, "SELECT current_database() AS name").await;
    drop(database);
    let admin = Location::parse(&postgres_server()).unwrap();
    let admin = tokio::task::spawn_blocking(move || Store::open_with(&admin, 1).unwrap()).await.unwrap();
    let closing = admin.read(move |tx| {
        tx.run(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"), db::args![])?;
        let sql = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE CAST(datname AS TEXT) = $1";
        tx.one(sql, &[db::Value::Text(name.into())])
    });
    assert!(closing.await.unwrap().unwrap().int("n").unwrap() > 0);
    soon("not ready", async || one.operates("/readyz").await.status == 503).await;
    assert_eq!(one.operates("/readyz").await.text(), "not ready: no database\n");
    assert_eq!(one.operates("/livez").await.status, 200);
}

#[tokio::test]
async fn threat_165_a_missing_master_key_stops_every_start_but_a_first_one_on_loopback() {
    let place = Place::new().with("PROCURA_ISSUER", "https://id.example.com");
    let ran = place.runs(&["serve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.sentence().starts_with("there is no master key at data/master.key"), "{ran:?}");
    assert!(!place.path("data/procura.db").exists() && !place.path("data/master.key").exists());

    let place = Place::new();
    assert_eq!(place.starts().stops(), Some(0));
    std::fs::rename(place.path("data/master.key"), place.path("moved.key")).unwrap();
    let ran = place.runs(&["serve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.sentence().starts_with("there is no master key at data/master.key"), "{ran:?}");
    assert!(!place.path("data/master.key").exists(), "a new key was made for an old database");
    let place = place.with("PROCURA_MASTER_KEY_FILE", "moved.key");
    assert_eq!(place.starts().stops(), Some(0));
}

#[tokio::test]
async fn threat_165_a_key_of_another_database_or_none_at_all_is_refused() {
    let (place, other) = (Place::new(), Place::new());
    assert_eq!((place.starts().stops(), other.starts().stops()), (Some(0), Some(0)));
    std::fs::copy(other.path("data/master.key"), place.path("other.key")).unwrap();
    place.writes("short.key", "c2hvcnQ=\n");
    for (file, sentence) in [
        ("other.key", "the master key at other.key is not the one of this database"),
        ("short.key", "master key read: each line must be 32 bytes in base64"),
    ] {
        for args in [&["serve"][..], &["admin-token"], &["backup"]] {
            let ran = place.runs_with(args, &[("PROCURA_MASTER_KEY_FILE", file)]);
            assert_eq!((ran.code, ran.sentence()), (Some(1), sentence), "{args:?}");
        }
    }
}

#[tokio::test]
async fn threat_165_after_a_new_key_was_put_first_the_old_one_still_opens() {
    let (place, other) = (Place::new(), Place::new());
    let server = place.starts();
    let jwks = server.gets("/.well-known/jwks.json").await.text();
    assert_eq!((server.stops(), other.starts().stops()), (Some(0), Some(0)));
    let [old, new] = [&place, &other].map(|place| std::fs::read_to_string(place.path("data/master.key")).unwrap());
    std::fs::write(place.path("data/master.key"), format!("{new}{old}")).unwrap();
    let server = place.starts();
    assert_eq!(server.gets("/.well-known/jwks.json").await.text(), jwks);
}

#[tokio::test]
async fn threat_194_a_newer_schema_is_refused_by_every_command() {
    let place = Place::new();
    assert_eq!(place.starts().stops(), Some(0));
    let store = Store::open(&Location::Sqlite(place.path("data/procura.db"))).unwrap();
    store
        .write(|tx| {
            tx.run(
                "INSERT INTO schema_history (number, name, applied_at) VALUES (9999, 'from the future', 1)",
                db::args![],
            )
        })
        .await
        .unwrap();
    drop(store);
    for args in
        [&["serve"][..], &["migrate"], &["migrate", "--plan"], &["admin-token"], &["backup"], &["keys", "rotate"]]
    {
        let ran = place.runs(args);
        assert_eq!(ran.code, Some(1), "{args:?}");
        assert!(
            ran.sentence().starts_with("the database is at schema step 9999, this program knows only"),
            "{args:?}: {ran:?}"
        );
    }
}

#[tokio::test]
async fn stopping_is_quick_and_orderly_though_connections_stay_open() {
    let place = Place::new();
    let server = place.starts();
    let _idle = std::net::TcpStream::connect(&server.listen).unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(server.stops(), Some(0));
    assert!(begun.elapsed() < std::time::Duration::from_secs(8));
    assert!(!place.path("data/procura.db-wal").exists(), "the log was not written back");
}

#[test]
fn the_fake_provider_is_for_this_computer_only_and_says_where_it_is() {
    let place = Place::new();
    for listen in ["0.0.0.0:0", "10.0.0.1:0", "[::]:0"] {
        let ran = place.runs(&["fake-provider", "--listen", listen]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.sentence().starts_with("the fake provider listens on loopback only"), "{ran:?}");
    }
    for wrong in [&["fake-provider", "--listen", "8463"][..], &["fake-provider", "--listen"]] {
        assert_eq!(place.runs(wrong).code, Some(2), "{wrong:?}");
    }
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().to_string();
    let ran = place.runs(&["fake-provider", "--listen", &taken]);
    let sentence = format!("{taken} is in use by another program; set --listen to a free port");
    assert_eq!((ran.code, ran.sentence()), (Some(1), sentence.as_str()));

    let public = [("PROCURA_FAKE_PROVIDER", "http://localhost:8463"), ("PROCURA_ISSUER", "https://id.example.com")];
    let ran = place.runs_with(&["serve"], &public);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.sentence().starts_with("PROCURA_FAKE_PROVIDER: is for an issuer on this computer alone"), "{ran:?}");
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_fake_provider_serves_until_it_is_told_to_stop() {
    let place = Place::new();
    let args = ["fake-provider", "--listen", "127.0.0.1:0", "--auto-approve"];
    let mut fake = Alone(place.command(&args).spawn().unwrap());
    let mut ready = String::new();
    BufReader::new(fake.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let origin = ready.trim_end().strip_prefix("ready fake-provider=").unwrap_or_else(|| panic!("{ready}")).to_owned();
    let host = origin.strip_prefix("http://").unwrap();
    let faults = testkit::http::send(host, "GET", "/_faults", &[("Host".to_owned(), host.to_owned())], b"").await;
    assert!(faults.text().contains("\"auto_approve\":true"), "{}", faults.text());
    assert!(Command::new("kill").arg("-TERM").arg(fake.0.id().to_string()).status().unwrap().success());
    assert_eq!(fake.0.wait().unwrap().code(), Some(0));
}

/// A process that is no server, and ends with its test.
struct Alone(Child);

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_demo_is_for_loopback_only_and_leaves_nothing() {
    let place = Place::new();
    for settings in [
        ("PROCURA_LISTEN", "0.0.0.0:0"),
        ("PROCURA_OPS_LISTEN", "0.0.0.0:0"),
        ("PROCURA_ISSUER", "https://id.example.com"),
    ] {
        let ran = place.runs_with(&["demo"], &[settings, ("TMPDIR", place.folder.path().to_str().unwrap())]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.sentence().starts_with("the demo listens on loopback only"), "{ran:?}");
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}
