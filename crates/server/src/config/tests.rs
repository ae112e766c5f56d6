use super::*;
use std::io::Write as _;

fn load_file(text: &str) -> Result<Config, String> {
    load_both(&Environment::empty(), text)
}

fn load_both(environment: &Environment, text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("procura.toml");
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    let place = format!("{}/", folder.path().display());
    Config::load(environment, Some(&path)).map_err(|error| error.to_string().replace(&place, ""))
}

fn load_env<const N: usize>(pairs: [(&str, &str); N]) -> Result<Config, String> {
    Config::load(&Environment::from_pairs(pairs), None).map_err(|error| error.to_string())
}

#[test]
fn no_file_and_no_variable_is_a_development_server() {
    let config = Config::standard().unwrap();
    assert_eq!(config.issuer, "http://localhost:8460");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8460");
    assert_eq!(config.ops_listen.to_string(), "127.0.0.1:8469");
    assert_eq!(config.database, Location::Sqlite("data/procura.db".into()));
    assert_eq!(config.master_key.place(), "data/master.key");
    assert_eq!(config.mail.from, "no-reply@localhost");
    let lives = &config.lifetimes;
    assert_eq!((lives.code_secs, lives.access_secs, lives.refresh_replay_secs), (60, 3600, 0));
    assert_eq!((lives.refresh_idle_secs, lives.refresh_absolute_secs), (2_592_000, 31_536_000));
    assert_eq!((config.people.registration, config.developers.self_service), (Registration::Open, true));
    assert!(config.limits.enabled && config.limits.trusted_proxies.is_empty() && !config.demo);
}

#[test]
fn every_error_names_file_line_and_key() {
    let cases = [
        ("isuer = \"https://a.test\"", "procura.toml line 1: isuer: unknown setting"),
        ("\n[lifetimes]\ncode = 60", "procura.toml line 3: lifetimes.code: unknown setting"),
        ("[lifetime]\ncode_secs = 60", "procura.toml line 1: lifetime: unknown setting"),
        ("lifetimes = 60", "procura.toml line 1: lifetimes: is a table: write [lifetimes]"),
        ("[lifetimes]\ncode_secs = \"60\"", "procura.toml line 2: lifetimes.code_secs: expected a whole number"),
        (
            "[lifetimes]\ncode_secs = 601",
            "procura.toml line 2: lifetimes.code_secs: expected a whole number from 1 to 600",
        ),
        (
            "listen = \"8460\"",
            "procura.toml line 1: listen: expected an address and a port, such as 127.0.0.1:8460 or [::1]:8460",
        ),
        (
            "# one\nissuer = \"https://a.test/\"",
            "procura.toml line 2: issuer: remove the trailing slash: https://a.test",
        ),
        ("master_key = \"master.key\"", "procura.toml line 1: master_key: expected file:PATH or env:NAME"),
        (
            "database = \"mysql://x\"",
            "procura.toml line 1: database: the database URL must begin with sqlite: or postgres://",
        ),
        (
            "[people]\nregistration = \"some\"",
            "procura.toml line 2: people.registration: expected \"open\", \"invite\" or \"closed\"",
        ),
        (
            "[limits]\ntrusted_proxies = [\"proxy\"]",
            "procura.toml line 2: limits.trusted_proxies: expected an address or a network, such as 10.0.0.0/8",
        ),
        ("[mail]\nsmtp_url = \"env:NOT_SET\"", "procura.toml line 2: mail.smtp_url: the variable NOT_SET is not set"),
        ("[mail]\nsmtp_url = \"https://a.test\"", "procura.toml line 2: mail.smtp_url: begin with smtps:// or smtp://"),
        (
            "[fake]\nprovider = \"http://10.0.0.1:8463\"",
            "procura.toml line 2: fake.provider: expected an http origin on this computer, such as http://localhost:8463",
        ),
        ("[mail]\nfrom = \"nobody\"", "procura.toml line 2: mail.from: expected an e-mail address"),
    ];
    for (text, sentence) in cases {
        assert_eq!(load_file(text).map(|_| ()), Err(sentence.to_owned()), "{text}");
    }
    let torn = load_file("issuer = \"https://a.test\nlisten = 1").unwrap_err();
    assert!(torn.starts_with("procura.toml line 1: "), "{torn}");
}

#[test]
fn variables_override_the_file_and_are_named_when_they_are_wrong() {
    let environment = Environment::from_pairs([("PROCURA_CODE_TTL", "30"), ("PROCURA_ISSUER", "https://b.test")]);
    let config =
        load_both(&environment, "issuer = \"https://a.test\"\n[lifetimes]\ncode_secs = 90\naccess_secs = 60").unwrap();
    assert_eq!(
        (config.issuer.as_str(), config.lifetimes.code_secs, config.lifetimes.access_secs),
        ("https://b.test", 30, 60)
    );
    let cases = [
        (("PROCURA_ISSUER", "http://127.0.0.1:8460"), "PROCURA_ISSUER: an IP address cannot be the issuer"),
        (("PROCURA_LISTEN", "localhost"), "PROCURA_LISTEN: expected an address and a port"),
        (("PROCURA_CODE_TTL", "soon"), "PROCURA_CODE_TTL: expected a whole number"),
        (("PROCURA_CODE_TTL", "0"), "PROCURA_CODE_TTL: expected a whole number from 1 to 600"),
        (("PROCURA_RATE_LIMITS", "no"), "PROCURA_RATE_LIMITS: expected true or false"),
        (("PROCURA_DATABASE_URL", "procura.db"), "PROCURA_DATABASE_URL: the database URL must begin with"),
        (("PROCURA_LISTEN", "0.0.0.0:8460"), "issuer: is required because the server does not listen on loopback"),
    ];
    for (pair, sentence) in cases {
        let refused = load_env([pair]).map(|_| ()).unwrap_err();
        assert!(refused.starts_with(sentence), "{refused}");
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    assert_eq!(load_env([("PROCURA_ISSUER", "")]).unwrap().issuer, "http://localhost:8460");
}

#[test]
fn lists_and_switches_are_read_from_variables() {
    let config = load_env([("PROCURA_RATE_LIMITS", "off"), ("PROCURA_TRUSTED_PROXIES", "10.0.0.0/8, ::1")]).unwrap();
    assert!(!config.limits.enabled);
    assert_eq!(config.limits.trusted_proxies.len(), 2);
}

#[test]
fn secrets_come_from_variables_and_files_and_are_never_printed() {
    let environment = Environment::from_pairs([("SMTP_URL", "smtps://u:canary-mail@mail.test")]);
    let config = load_both(
        &environment,
        "database = \"postgres://u:canary-db@db.test/procura\"\n[mail]\nsmtp_url = \"env:SMTP_URL\"",
    )
    .unwrap();
    assert_eq!(config.mail.smtp_url.as_ref().unwrap().reveal(), "smtps://u:canary-mail@mail.test");
    assert!(!format!("{config:?}").contains("canary"));
    let refused = load_env([("PROCURA_SMTP_URL", "smtp:canary")]).map(|_| ()).unwrap_err();
    assert!(refused.starts_with("PROCURA_SMTP_URL: ") && !refused.contains("canary"), "{refused}");
}

#[test]
fn paths_in_the_file_start_at_its_folder_and_the_key_lies_beside_the_database() {
    let config = load_file("database = \"sqlite:here/procura.db\"").unwrap();
    assert!(config.database.file().unwrap().is_absolute());
    assert_eq!(config.master_key.file().unwrap(), config.database.file().unwrap().with_file_name("master.key"));
    let config = load_env([("PROCURA_MASTER_KEY_FILE", "k/m.key"), ("PROCURA_DATABASE_URL", "sqlite:d/p.db")]).unwrap();
    assert_eq!((config.master_key.place().as_str(), config.database), ("k/m.key", Location::Sqlite("d/p.db".into())));
}

#[test]
fn an_issuer_that_nobody_gave_follows_the_bound_port() {
    let bound: SocketAddr = "127.0.0.1:49152".parse().unwrap();
    let mut config = load_env([("PROCURA_LISTEN", "127.0.0.1:0")]).unwrap();
    config.bound_to(bound);
    assert_eq!((config.issuer.as_str(), config.is_loopback()), ("http://localhost:49152", true));
    let mut config = load_env([("PROCURA_LISTEN", "127.0.0.1:0"), ("PROCURA_ISSUER", "https://a.test")]).unwrap();
    config.bound_to(bound);
    assert_eq!((config.issuer.as_str(), config.is_loopback()), ("https://a.test", false));
}

#[test]
fn the_fake_provider_is_on_this_computer_and_so_is_the_issuer_that_has_it() {
    const NAME: &str = "PROCURA_FAKE_PROVIDER";
    assert_eq!(Config::standard().unwrap().fake_provider, None);
    for good in ["http://localhost:8463", "http://127.0.0.1:49152", "http://[::1]:8463", "http://localhost"] {
        assert_eq!(load_env([(NAME, good)]).unwrap().fake_provider.as_deref(), Some(good));
    }
    for bad in [
        "https://localhost:8463",
        "http://localhost:8463/",
        "http://localhost:80",
        "http://u@localhost:8463",
        "http://localhost.evil.test",
        "http://10.0.0.1:8463",
        "http://0.0.0.0:8463",
        "localhost:8463",
        "8463",
    ] {
        let refused = load_env([(NAME, bad)]).map(|_| ()).unwrap_err();
        assert!(
            refused.starts_with("PROCURA_FAKE_PROVIDER: expected an http origin on this computer"),
            "{bad}: {refused}"
        );
    }
    let public = [(NAME, "http://localhost:8463"), ("PROCURA_ISSUER", "https://id.example.com")];
    let refused = load_env(public).map(|_| ()).unwrap_err();
    assert!(refused.starts_with("PROCURA_FAKE_PROVIDER: is for an issuer on this computer alone"), "{refused}");
}

#[test]
fn a_variable_that_looks_like_ours_and_is_not_is_noticed() {
    let environment = Environment::from_pairs([("PROCURA_ISUER", "x"), ("PROCURA_LISTEN", "x"), ("PATH", "x")]);
    assert_eq!(unknown_variables(&environment), ["PROCURA_ISUER"]);
}

#[test]
fn the_example_file_is_accepted_with_every_comment_taken_away() {
    let example = reference::example(&[("master_key", "\"file:master.key\"")]);
    assert!(load_file(&example).unwrap().master_key.file().unwrap().ends_with("master.key"));
    let is_assignment = |line: &str| {
        line.strip_prefix("# ")
            .and_then(|rest| rest.split_once(" = "))
            .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    };
    let open: Vec<_> = example.lines().map(|line| if is_assignment(line) { &line[2..] } else { line }).collect();
    let environment = Environment::from_pairs([("SMTP_URL", "smtp://mail.test")]);
    // No server can have both that issuer and the fake provider.
    let whole = open.iter().filter(|line| !line.starts_with("provider = ")).copied().collect::<Vec<_>>().join("\n");
    let config = load_both(&environment, &whole).unwrap();
    assert_eq!(config.issuer, "https://id.example.com");
    let settings = SECTIONS.iter().map(|section| section.settings.len()).sum::<usize>();
    assert_eq!(open.iter().filter(|line| line.contains(" = ") && !line.starts_with('#')).count(), settings);
}

#[test]
fn the_reference_tells_every_setting() {
    let page = reference::markdown();
    for setting in SECTIONS.iter().flat_map(|section| section.settings) {
        assert!(page.contains(&format!("| `{}` |", setting.key)), "{}", setting.name());
    }
}
