//! The two services of the fake provider, for a server that was told where it is. They are on no shelf: without that, nobody has them.

use super::{Provider, Wrong, plain};

const TEXTS: [&str; 2] =
    [include_str!("../../providers/fake/calendar.toml"), include_str!("../../providers/fake/chat.toml")];

/// Their descriptors. `origin` is http on this computer, without a slash at its end: `http://localhost:8463`.
pub fn fake(origin: &str) -> Result<Vec<Provider>, Wrong> {
    let host = origin.strip_prefix("http://").filter(|host| plain::is_host(host));
    let host = host.ok_or_else(|| Wrong(vec!["the fake provider is at http on this computer".to_owned()]))?;
    let read = |text: &&str| {
        let text = text.replace("ORIGIN", origin).replace("HOST", host);
        Provider::read_with(&text, |asked| asked == host)
    };
    TEXTS.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Ask, Inputs, Risk};
    use super::*;

    #[test]
    fn both_services_are_whole_at_every_name_of_this_computer() {
        for origin in ["http://127.0.0.1:8463", "http://localhost:49152", "http://[::1]:8463", "http://localhost"] {
            let providers = fake(origin).unwrap();
            let ids: Vec<_> = providers.iter().map(|provider| provider.id.as_str()).collect();
            assert_eq!(ids, ["fake-calendar", "fake-chat"]);
            for (provider, key) in providers.iter().zip(["calendar", "chat"]) {
                let none = Inputs::new();
                let at = |path: &str| format!("{origin}/{key}{path}");
                assert_eq!(provider.api_url("/x?y", &none), Some(format!("{origin}/x?y")));
                assert_eq!(provider.auth.token_url, Some(at("/token")));
                assert_eq!(provider.auth.issuer, Some(at("")));
                assert_eq!(provider.identity.as_ref().unwrap().url, Some(at("/userinfo")));
                let scopes = provider.default_scopes();
                let ask = Ask {
                    client_id: "c",
                    redirect_uri: "https://a.test/cb",
                    scopes: &scopes,
                    state: "s",
                    challenge: "h",
                };
                assert!(provider.authorize_url(&ask, &none).unwrap().starts_with(&at("/authorize?response_type=code")));
                let host = origin.strip_prefix("http://").unwrap();
                assert!(provider.admits_host(host, &none) && provider.is_plain(host));
                for other in ["127.0.0.1", "127.0.0.1:1", "localhost:1", "evil.test", ""] {
                    assert!(!provider.admits_host(other, &none) && !provider.is_plain(other), "{origin} {other}");
                }
                assert_eq!(
                    provider.scopes.iter().map(|scope| scope.risk).collect::<Vec<_>>(),
                    [Risk::Medium, Risk::High]
                );
            }
        }
    }

    #[test]
    fn the_fake_is_nowhere_but_on_this_computer() {
        for origin in [
            "https://localhost:8463",
            "http://10.0.0.1:8463",
            "http://evil.test",
            "http://localhost:8463/",
            "localhost:8463",
            "",
        ] {
            assert!(fake(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn threat_146_http_is_for_hosts_that_were_allowed_alone() {
        let text = TEXTS[0].replace("ORIGIN", "http://localhost:9").replace("HOST", "localhost:9");
        assert!(Provider::read(&text).is_err());
        assert!(Provider::read_with(&text, |_| false).is_err());
        assert!(Provider::read_with(&text, |host| host == "localhost:9").is_ok());
        for (from, to) in [
            ("token_url = \"http://localhost:9", "token_url = \"http://localhost:10"),
            ("token_url = \"http://localhost:9", "token_url = \"http://evil.test"),
            ("token_url = \"http://localhost:9", "token_url = \"http://user@localhost:9"),
            ("issuer = \"http://localhost:9", "issuer = \"http://evil.test"),
            ("url = \"http://localhost:9/calendar/userinfo", "url = \"http://localhost:10/calendar/userinfo"),
            ("hosts = [\"localhost:9", "hosts = [\"localhost:9\", \"10.0.0.1:9"),
            ("docs = \"https:", "docs = \"http:"),
        ] {
            assert!(text.contains(from), "{from}");
            let wrong = text.replacen(from, to, 1);
            assert!(Provider::read_with(&wrong, |host| host == "localhost:9").is_err(), "{to}");
        }
        // What is no name of this computer is never http, whoever allows it.
        let far = text.replace("localhost:9", "evil.test");
        assert!(Provider::read_with(&far, |_| true).is_err());
    }
}
