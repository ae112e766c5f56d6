//! Quick apps: a web origin is the client, nothing is registered (seed 002).
//!
//! Promise: only the canonical text of an https origin with a public name, or of a loopback origin, is an id; one origin has
//! one id.

use super::{App, AppKind, AuthMethod};
use base::{AppId, Origin, RedirectUri, Scope, Time};
use jose::Alg;
use std::net::{Ipv4Addr, Ipv6Addr};

const SCOPES: [&str; 3] = ["openid", "profile", "email"];
const ACCESS_TTL_SECS: i64 = 3600;

impl App {
    /// The Quick app of a client id, if it is one.
    pub fn quick(client_id: &str) -> Option<App> {
        let origin = origin(client_id)?;
        Some(App {
            id: AppId::from_text(client_id),
            organization: None,
            key: None,
            name: origin.host().to_owned(),
            description: None,
            kind: AppKind::Quick,
            website: Some(origin.as_str().to_owned()),
            logo: None,
            accent: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            native: false,
            development_mode: false,
            background: false,
            scopes: Scope::of(SCOPES),
            require_pkce: true,
            auth_method: AuthMethod::None,
            alg: Alg::Rs256,
            access_ttl_secs: Some(ACCESS_TTL_SECS),
            refresh_idle_secs: None,
            refresh_absolute_secs: None,
            refresh_replay_secs: None,
            hand_out_tokens: false,
            secrets: Vec::new(),
            created_at: Time::from_ms(0),
            updated_at: Time::from_ms(0),
            disabled_at: None,
        })
    }
}

/// The origin that a Quick id names.
pub(super) fn origin(client_id: &str) -> Option<Origin> {
    let origin = Origin::parse(client_id.strip_prefix("origin:")?)?;
    has_public_or_loopback_host(&origin).then_some(origin)
}

/// Any path on exactly the app's origin, written as it could be registered.
pub(super) fn admits(app: &App, sent: &RedirectUri) -> bool {
    let Ok(uri) = RedirectUri::register(sent.as_str()) else { return false };
    uri.origin().is_some_and(|there| origin(app.client_id()) == Some(there))
}

/// True when anyone can have a neighbouring name (`*.github.io`): whoever holds this one tomorrow may be somebody else, so
/// what was allowed is not remembered (threat 50).
pub(super) fn is_on_shared_host(app: &App) -> bool {
    let Some(origin) = origin(app.client_id()) else { return false };
    let name = origin.host().split(':').next().unwrap_or_default();
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private))
}

/// An address has no owner that people could know, and a single label means something else in every network (threat 50).
fn has_public_or_loopback_host(origin: &Origin) -> bool {
    let host = origin.host();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if let Some(address) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    }
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return address.is_loopback();
    }
    name == "localhost" || name.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_049_only_the_canonical_text_of_an_origin_is_a_quick_id() {
        for good in [
            "origin:https://a.test",
            "origin:https://a.test:8443",
            "origin:http://localhost:3000",
            "origin:http://127.0.0.1:1",
        ] {
            assert!(App::quick(good).is_some(), "{good}");
        }
        for bad in [
            "origin:https://a.test/",
            "origin:https://a.test/path",
            "origin:https://a.test?x",
            "origin:https://u@a.test",
            "origin:https://a.test.",
            "origin:https://A.test",
            "origin:https://a.test:443",
            "origin:http://a.test",
            "origin:null",
            "origin:",
            "https://a.test",
            " origin:https://a.test",
        ] {
            assert!(App::quick(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn threat_049_a_quick_answer_goes_to_exactly_its_origin() {
        let app = App::quick("origin:https://a.test").unwrap();
        for good in ["https://a.test/cb", "https://a.test/", "https://a.test/deep/er?x=1"] {
            assert!(app.admits_redirect(&RedirectUri::sent(good)), "{good}");
        }
        for bad in [
            "http://a.test/cb",
            "https://a.test:8443/cb",
            "https://b.test/cb",
            "https://sub.a.test/cb",
            "https://a.test.evil.test/cb",
            "https://a.test@evil.test/cb",
            "https://u@a.test/cb",
            "https://a.test./cb",
            "https://a.test/cb#x",
            "https://a.test\\@evil.test/cb",
            "null",
        ] {
            assert!(!app.admits_redirect(&RedirectUri::sent(bad)), "{bad}");
        }
    }

    #[test]
    fn threat_050_addresses_and_single_labels_are_no_quick_ids() {
        for bad in [
            "origin:https://192.0.2.1",
            "origin:https://10.0.0.1:8443",
            "origin:https://[2001:db8::1]",
            "origin:https://intranet",
            "origin:https://0x7f.1",
        ] {
            assert!(App::quick(bad).is_none(), "{bad}");
        }
        for good in ["origin:http://[::1]:3000", "origin:https://127.0.0.1", "origin:https://localhost:8443"] {
            assert!(App::quick(good).is_some(), "{good}");
        }
    }

    #[test]
    fn threat_051_a_quick_app_has_a_small_fixed_scope_and_no_secret() {
        let app = App::quick("origin:https://a.test").unwrap();
        assert_eq!(app.scopes, Scope::of(["openid", "profile", "email"]));
        assert!(!app.scopes.has("offline_access") && !app.scopes.has("user_id"));
        assert!(app.secrets.is_empty() && app.needs_pkce());
        assert_eq!(app.access_ttl_secs, Some(3600));
    }
}
