//! Every descriptor against what its provider's documentation shows (`fixtures/*.json`).

use super::shelf::TEXTS;
use super::*;
use serde_json::Value;
use std::path::Path;

fn fixture(id: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{id}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{id}: {cause}"))
}

fn inputs(fixture: &Value) -> Inputs {
    let given = fixture["inputs"].as_object().cloned().unwrap_or_default();
    given.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

fn providers() -> Vec<(Provider, Value)> {
    let read = |(id, text): &(&str, &str)| {
        let provider = Provider::read(text).unwrap_or_else(|wrong| panic!("{id}: {wrong}"));
        assert_eq!(provider.id, *id);
        (provider, fixture(id))
    };
    TEXTS.iter().map(read).collect()
}

#[test]
fn every_descriptor_is_whole_and_on_the_shelf() {
    let files = |folder: &str, end: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut ids: Vec<_> = names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect();
        ids.sort();
        ids
    };
    let shelf: Vec<_> = TEXTS.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(files("providers", ".toml"), shelf);
    assert_eq!(files("fixtures", ".json"), shelf);
    assert_eq!(all().len(), providers().len());
    assert!(all().len() >= 40 && find("google").is_some() && find("nothing").is_none());
}

#[test]
fn every_authorization_request_is_the_documented_one() {
    for (provider, fixture) in providers().into_iter().filter(|(provider, _)| provider.auth.kind.is_oauth()) {
        let (id, inputs) = (&provider.id, inputs(&fixture));
        assert_eq!(provider.check_inputs(&inputs), None, "{id}");
        let redirect_uri = format!("https://id.example.org/connect/callback/{id}");
        let scopes = provider.default_scopes();
        let ask = Ask {
            client_id: "client-1",
            redirect_uri: &redirect_uri,
            scopes: &scopes,
            state: "state-1",
            challenge: "challenge-1",
        };
        assert_eq!(provider.authorize_url(&ask, &inputs).as_deref(), fixture["authorize_url"].as_str(), "{id}");
    }
}

fn assert_granted(id: &str, grants: Result<Grants, Trouble>, expect: &Value) {
    let grants = grants.unwrap_or_else(|trouble| panic!("{id}: {trouble:?}"));
    assert_eq!(Some(grants.access_token.reveal()), expect["access_token"].as_str(), "{id}");
    assert_eq!(grants.refresh_token.as_ref().map(base::Secret::reveal), expect["refresh_token"].as_str(), "{id}");
    assert_eq!(grants.expires_in_secs, expect["expires_in"].as_i64(), "{id}");
    assert_eq!(grants.scope.as_deref(), expect["scope"].as_str(), "{id}");
}

#[test]
fn every_token_answer_is_read_as_documented() {
    let mut refreshed = 0;
    for (provider, fixture) in providers().into_iter().filter(|(provider, _)| provider.auth.kind.is_oauth()) {
        let status = |answer: &Value| u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let first = &fixture["token_answer"];
        assert_granted(
            &provider.id,
            provider.read_token_answer(status(first), &first["body"], false),
            &first["expect"],
        );
        let next = &fixture["refresh_answer"];
        assert_eq!(
            next.is_object(),
            provider.auth.refresh.is_some(),
            "{}: refresh is shown where there is one",
            provider.id
        );
        if next.is_object() {
            refreshed += 1;
            assert_granted(
                &provider.id,
                provider.read_token_answer(status(next), &next["body"], true),
                &next["expect"],
            );
        }
    }
    assert!(refreshed > 20);
}

#[test]
fn every_refusal_is_of_the_kind_that_says_what_to_do() {
    for (provider, fixture) in providers() {
        let answer = &fixture["error_answer"];
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let expected = match answer["expect"].as_str().unwrap() {
            "invalid_grant" => Trouble::InvalidGrant,
            "invalid_client" => Trouble::InvalidClient,
            "rate_limited" => Trouble::RateLimited,
            "unavailable" => Trouble::Unavailable,
            _ => Trouble::Other,
        };
        assert_eq!(provider.read_token_answer(status, &answer["body"], true).unwrap_err(), expected, "{}", provider.id);
    }
}

#[test]
fn every_account_has_a_stable_id_and_a_label() {
    for (provider, fixture) in providers().into_iter().filter(|(provider, _)| provider.identity.is_some()) {
        let answer = &fixture["identity_answer"];
        let account = provider
            .read_account(&answer["body"], &inputs(&fixture))
            .unwrap_or_else(|| panic!("{}: no account", provider.id));
        assert_eq!(Some(account.id.as_str()), answer["expect"]["id"].as_str(), "{}", provider.id);
        assert_eq!(Some(account.label.as_str()), answer["expect"]["label"].as_str(), "{}", provider.id);
    }
}

#[test]
fn keys_go_where_the_documentation_says() {
    for (provider, fixture) in providers().into_iter().filter(|(provider, _)| provider.auth.kind == AuthKind::ApiKey) {
        let inputs = inputs(&fixture);
        assert_eq!(provider.check_inputs(&inputs), None, "{}", provider.id);
        if provider.has(Quirk::GenericOverrides) {
            continue;
        }
        let request = &fixture["request"];
        let (place, text) = provider.key_place("fixture-key").unwrap();
        match place {
            KeyPlace::Header(name) => assert_eq!(request["headers"][name].as_str(), Some(&*text), "{}", provider.id),
            KeyPlace::Query(name) => {
                assert!(request["url"].as_str().unwrap().contains(&format!("{name}={text}")), "{}", provider.id);
            }
        }
        if let Some(verify) = &provider.verify {
            assert_eq!(provider.api_url(&verify.path, &inputs).as_deref(), request["url"].as_str(), "{}", provider.id);
        }
    }
}

#[test]
fn threat_147_a_credential_goes_to_named_hosts_alone() {
    for (provider, fixture) in providers() {
        let inputs = inputs(&fixture);
        for host in ["evil.test", "api.github.com.evil.test", "", "localhost", "169.254.169.254"] {
            assert!(!provider.admits_host(host, &inputs), "{} {host}", provider.id);
        }
    }
    let github = find("github").unwrap();
    assert!(github.admits_host("api.github.com", &Inputs::new()));
    for host in ["x.api.github.com", "API.github.com", "api.github.com.", "api.github.com:443", "github.com.evil.test"]
    {
        assert!(!github.admits_host(host, &Inputs::new()), "{host}");
    }
}

#[test]
fn threat_174_what_a_descriptor_says_on_a_page_is_one_short_line() {
    let (_, text) = TEXTS.iter().find(|(id, _)| *id == "github").unwrap();
    let long = "x".repeat(91);
    for said in ["", " ", "Git\\u202eHub", "Git\\nHub", "Git\\u200bHub", long.as_str()] {
        for line in ["name = \"GitHub\"", "text = \"See your GitHub profile\""] {
            assert!(text.contains(line), "{line}");
            let (field, _) = line.split_once(" = ").unwrap();
            let read = Provider::read(&text.replace(line, &format!("{field} = \"{said}\"")));
            assert!(read.is_err(), "{field} {said}");
        }
    }
}

#[test]
fn threat_146_a_descriptor_cannot_point_elsewhere() {
    let (_, text) = TEXTS.iter().find(|(id, _)| *id == "github").unwrap();
    let reads = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Provider::read(&text.replace(from, to))
    };
    for (from, to) in [
        ("https://github.com/login/oauth/authorize", "javascript:alert(1)"),
        ("https://github.com/login/oauth/authorize", "http://github.com/login/oauth/authorize"),
        ("https://github.com/login/oauth/access_token", "https://user:pass@github.com/token"),
        ("url = \"https://api.github.com/user\"", "url = \"https://evil.test/user\""),
        ("hosts = [\"api.github.com\"", "hosts = [\"*.com\""),
        ("hosts = [\"api.github.com\"", "hosts = [\"api.github.com/..\""),
        ("category = \"code\"", "category = \"code\"\ncolour = \"red\""),
        ("\"github_errors\"", "\"run_this_script\""),
    ] {
        assert!(reads(from, to).is_err(), "{to}");
    }
}
