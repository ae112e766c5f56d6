//! Apps: the OAuth clients of this server (RFC 6749 §2), and the Quick ones that nobody registered.
//!
//! Promise: a redirect URI is compared byte for byte before anything else looks at it; what an app may do is decided by its
//! registration alone, never by what a request says about it.

pub mod authenticate;
mod cache;
mod change;
pub mod complaint;
mod logo;
mod quick;
mod rows;
mod secret;
mod wish;

pub use authenticate::{Credentials, Presented, authenticate, unknown_client};
pub use cache::Apps;
pub use change::{Created, NewApp, act, create, delete, disable, enable, give_secret, update, update_if_different};
pub use complaint::{Change, Complaint, Error};
pub use logo::{Logo, find_logo};
pub use rows::{count_of_organization, find, find_by_key, list, list_of_organization};
pub use secret::{Overlap, Rotated, end_secret, rotate_secret, sweep_secrets};
pub use wish::Wish;
pub(crate) use wish::check_name;

use base::{AppId, Digest, Fault, OrganizationId, Origin, RedirectUri, Scope, Time};
use jose::Alg;

/// The sign-in scopes that a registration may allow.
pub const SIGN_IN_SCOPES: [&str; 5] = ["openid", "profile", "email", "offline_access", "user_id"];
/// What an app may ask for unless its registration says otherwise.
pub const DEFAULT_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Which kind of client it is (RFC 6749 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// It cannot keep a secret.
    Public,
    /// It can.
    Confidential,
    /// Nobody registered it: its id is `origin:` and its web origin.
    Quick,
}

impl AppKind {
    /// The word in manifests, the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            AppKind::Public => "public",
            AppKind::Confidential => "confidential",
            AppKind::Quick => "quick",
        }
    }

    /// From the word; a Quick app has no registration to read it from.
    pub fn parse(word: &str) -> Option<AppKind> {
        [AppKind::Public, AppKind::Confidential].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How the app proves who it is (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// Its secret, by Basic or in the body.
    Secret,
    /// An assertion that it signs (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: PKCE alone ties the code to it.
    None,
}

impl AuthMethod {
    /// The word in manifests, the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuthMethod::Secret => "client_secret_basic_or_post",
            AuthMethod::PrivateKeyJwt => "private_key_jwt",
            AuthMethod::None => "none",
        }
    }

    fn parse(word: &str) -> Option<AuthMethod> {
        [AuthMethod::Secret, AuthMethod::PrivateKeyJwt, AuthMethod::None]
            .into_iter()
            .find(|method| method.as_str() == word)
    }
}

/// A secret of an app. Two may live while the app changes from one to the other.
#[derive(Debug, Clone)]
pub struct AppSecret {
    pub id: i64,
    pub digest: Digest,
    /// Its last characters, so that people can tell two apart.
    pub hint: String,
    pub created_at: Time,
    pub expires_at: Option<Time>,
}

impl AppSecret {
    /// True while it opens the door.
    pub fn is_live(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|until| now < until)
    }
}

/// An app as registered (or, for Quick, as its id says).
#[derive(Debug, Clone)]
pub struct App {
    pub id: AppId,
    /// Whose it is; nobody's for a Quick app.
    pub organization: Option<OrganizationId>,
    /// What a manifest calls it.
    pub key: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub kind: AppKind,
    pub website: Option<String>,
    /// The logo's id, served at `/logos/{id}`.
    pub logo: Option<String>,
    /// `#rrggbb`
    pub accent: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    pub backchannel_logout_uri: Option<String>,
    /// The port of a registered 127.0.0.1 or [::1] URI may vary (RFC 8252 §7.3).
    pub native: bool,
    /// Loopback and Expo redirect URIs that nobody registered are admitted too.
    pub development_mode: bool,
    /// Its connector consent offers "also when I am away".
    pub background: bool,
    pub scopes: Scope,
    pub require_pkce: bool,
    pub auth_method: AuthMethod,
    /// Signs its ID tokens and JWT access tokens.
    pub alg: Alg,
    /// Lifetimes in seconds; the server's settings hold where there is none.
    pub access_ttl_secs: Option<i64>,
    pub refresh_idle_secs: Option<i64>,
    pub refresh_absolute_secs: Option<i64>,
    pub refresh_replay_secs: Option<i64>,
    pub hand_out_tokens: bool,
    pub secrets: Vec<AppSecret>,
    pub created_at: Time,
    pub updated_at: Time,
    pub disabled_at: Option<Time>,
}

impl App {
    /// The client identifier on the wire.
    pub fn client_id(&self) -> &str {
        self.id.as_str()
    }

    /// True for an app that nobody registered.
    pub fn is_quick(&self) -> bool {
        self.kind == AppKind::Quick
    }

    /// True when consent may shorten the next question. A Quick app on a host that many share is asked about anew each time.
    pub fn may_be_remembered(&self) -> bool {
        !(self.is_quick() && quick::is_on_shared_host(self))
    }

    /// True for an app that can keep a secret.
    pub fn is_confidential(&self) -> bool {
        self.kind == AppKind::Confidential
    }

    /// True when a request without a code challenge is refused.
    pub fn needs_pkce(&self) -> bool {
        self.require_pkce || !self.is_confidential()
    }

    /// What a request that names no scope gets: all that is allowed, less `offline_access`.
    pub fn default_scope(&self) -> Scope {
        self.scopes.without(&Scope::of(["offline_access"]))
    }

    /// True when the answer may go to this URI: it is registered byte for byte, or one of the two written exceptions holds.
    pub fn admits_redirect(&self, sent: &RedirectUri) -> bool {
        if self.is_quick() {
            return quick::admits(self, sent);
        }
        self.admits(&self.redirect_uris, sent)
    }

    /// True when signing out may end at this URI.
    pub fn admits_post_logout(&self, sent: &RedirectUri) -> bool {
        if self.is_quick() {
            return quick::admits(self, sent);
        }
        self.admits(&self.post_logout_redirect_uris, sent)
    }

    fn admits(&self, registered: &[RedirectUri], sent: &RedirectUri) -> bool {
        registered.contains(sent)
            || (self.native && registered.iter().any(|own| own.is_same_but_port(sent)))
            || (self.development_mode && sent.is_for_development())
    }

    /// The web origins of the app: those of its redirect URIs, then that of its website.
    pub fn origins(&self) -> Vec<Origin> {
        if self.is_quick() {
            return quick::origin(self.client_id()).into_iter().collect();
        }
        let website = self.website.as_deref().and_then(Origin::of);
        let mut origins = Vec::new();
        for origin in self.redirect_uris.iter().filter_map(RedirectUri::origin).chain(website) {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        origins
    }

    /// True when a page of this origin may be the app's: one of its origins, or loopback in development mode.
    pub fn has_origin(&self, origin: &Origin) -> bool {
        self.origins().contains(origin)
            || (self.development_mode && RedirectUri::sent(origin.as_str()).is_for_development())
    }

    /// The host that people are shown beside the name: where answers go, from the registration and never from a request. The
    /// website counts for nothing: anybody can write any. Where an answer is about to go, [`RedirectUri::host`] says it.
    pub fn host(&self) -> String {
        if let Some(origin) = quick::origin(self.client_id()) {
            return origin.host().to_owned();
        }
        let is_public = |uri: &&RedirectUri| uri.as_str().starts_with("https://") && !uri.is_for_development();
        let shown = self.redirect_uris.iter().find(is_public).or(self.redirect_uris.first());
        shown.map_or_else(|| self.client_id().to_owned(), RedirectUri::host)
    }

    /// Its secrets that open the door now.
    pub fn live_secrets(&self, now: Time) -> impl Iterator<Item = &AppSecret> {
        self.secrets.iter().filter(move |secret| secret.is_live(now))
    }
}

/// True for the ids of registered apps: `app_` and 32 lowercase hexadecimal digits. Origins, URLs and other apps' ids can never
/// look like one (threat 48).
pub fn is_app_id(text: &str) -> bool {
    let digits = text.strip_prefix("app_").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where an algorithm's name was stored by us.
fn stored_alg(name: &str) -> Result<Alg, Fault> {
    Alg::parse(name).ok_or_else(|| Fault::new("apps: unknown alg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(uris: &[&str]) -> App {
        App {
            id: AppId::from_text("app_0123456789abcdef0123456789abcdef"),
            kind: AppKind::Confidential,
            website: None,
            redirect_uris: uris.iter().map(|uri| RedirectUri::register(uri).unwrap()).collect(),
            ..App::quick("origin:https://unused.test").unwrap()
        }
    }

    fn admits(app: &App, sent: &str) -> bool {
        app.admits_redirect(&RedirectUri::sent(sent))
    }

    #[test]
    fn threat_001_a_redirect_uri_that_only_begins_or_ends_alike_is_refused() {
        let app = registered(&["https://app.test"]);
        assert!(admits(&app, "https://app.test"));
        for sent in [
            "https://app.test.evil.test",
            "https://evilapp.test",
            "https://app.testevil",
            "https://app.tes",
            "app.test",
        ] {
            assert!(!admits(&app, sent), "{sent}");
        }
    }

    #[test]
    fn threat_002_nothing_is_normalised_before_it_is_compared() {
        let app = registered(&["https://app.test/cb"]);
        for sent in [
            "https://app.test/cb/../cb",
            "https://app.test/x/../cb",
            "https://app.test/./cb",
            "https://app.test/%2e%2e/cb",
            "https://app.test//cb",
            "https://app.test/cb;x",
            "https://app.test\\cb",
            "https:/app.test/cb",
            "https://app.test/c%62",
        ] {
            assert!(!admits(&app, sent), "{sent}");
        }
        let odd = registered(&["https://app.test/a/../cb"]);
        assert!(admits(&odd, "https://app.test/a/../cb") && !admits(&odd, "https://app.test/cb"));
    }

    #[test]
    fn threat_003_user_information_and_look_alike_hosts_are_refused() {
        let app = registered(&["https://app.test/cb"]);
        for sent in [
            "https://app.test@evil.test/cb",
            "https://u:p@app.test/cb",
            "https://аpp.test/cb",
            "https://xn--pp-6kc.test/cb",
            "https://app.test./cb",
        ] {
            assert!(!admits(&app, sent), "{sent}");
        }
    }

    #[test]
    fn threat_004_an_encoded_uri_is_not_decoded_again() {
        let app = registered(&["https://app.test/cb"]);
        for sent in ["https%3A%2F%2Fapp.test%2Fcb", "https://app.test%2Fcb", "https%253A%252F%252Fapp.test%252Fcb"] {
            assert!(!admits(&app, sent), "{sent}");
        }
    }

    #[test]
    fn threat_005_every_byte_counts() {
        let app = registered(&["https://app.test/cb"]);
        for sent in [
            "https://app.test/cb/",
            "https://app.test/cb?x=1",
            "https://app.test/cb#x",
            "https://app.test/cb#",
            "https://app.test:443/cb",
            "https://app.test:8443/cb",
            "https://APP.test/cb",
            "HTTPS://app.test/cb",
            "http://app.test/cb",
            "https://app.test/CB",
            " https://app.test/cb",
            "https://app.test/cb\n",
            "",
        ] {
            assert!(!admits(&app, sent), "{sent:?}");
        }
    }

    #[test]
    fn threat_007_loopback_is_taken_literally_and_its_port_varies_only_for_native_apps() {
        let look_alikes = [
            "http://127.0.0.1.evil.test/cb",
            "http://127.1/cb",
            "http://0x7f.1/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://localhost.evil.test/cb",
            "http://2130706433/cb",
        ];
        let mut app = registered(&["http://127.0.0.1:3000/cb", "http://localhost:3000/cb"]);
        assert!(admits(&app, "http://localhost:3000/cb") && !admits(&app, "http://127.0.0.1:3001/cb"));
        for (native, development_mode) in [(false, false), (true, false), (false, true)] {
            (app.native, app.development_mode) = (native, development_mode);
            assert_eq!(admits(&app, "http://127.0.0.1:3001/cb"), native || development_mode);
            assert_eq!(admits(&app, "http://localhost:3001/cb"), development_mode);
            assert_eq!(admits(&app, "http://localhost:9/elsewhere"), development_mode);
            assert_eq!(admits(&app, "exp://192.168.1.5:8081/--/cb"), development_mode);
            assert!(!admits(&app, "exp://198.51.100.1/x"));
            for sent in look_alikes {
                assert!(!admits(&app, sent), "{sent}");
            }
        }
    }

    #[test]
    fn threat_008_a_star_is_a_character_like_any_other() {
        assert!(RedirectUri::register("https://*.app.test/cb").is_err());
        let mut app = registered(&["https://app.test/cb"]);
        // Even one that came into the database some other way matches nothing but itself.
        app.redirect_uris.push(RedirectUri::sent("https://*.app.test/*"));
        for sent in ["https://a.app.test/cb", "https://app.test/*", "*", "https://*.app.test/cb"] {
            assert!(!admits(&app, sent), "{sent}");
        }
    }

    #[test]
    fn the_host_that_people_see_is_where_the_answer_goes() {
        let mut app = registered(&["http://localhost:3000/cb", "https://notes.test:8443/cb"]);
        app.website = Some("https://bank.test/".into());
        assert_eq!(app.host(), "notes.test:8443");
        assert_eq!(registered(&["http://localhost:3000/cb"]).host(), "localhost:3000");
        let mut device = registered(&["com.example.app:/cb"]);
        device.website = Some("https://bank.test/".into());
        assert_eq!(device.host(), "com.example.app");
        assert_eq!(App::quick("origin:https://a.test").unwrap().host(), "a.test");
    }

    #[test]
    fn origins_are_those_of_the_redirect_uris_and_the_website() {
        let mut app = registered(&[
            "https://a.test/cb",
            "https://a.test/other",
            "http://localhost:3000/cb",
            "com.example.app:/cb",
        ]);
        app.website = Some("https://www.a.test/home".into());
        let origins: Vec<_> = app.origins().iter().map(|origin| origin.as_str().to_owned()).collect();
        assert_eq!(origins, ["https://a.test", "http://localhost:3000", "https://www.a.test"]);
        let elsewhere = Origin::parse("http://localhost:5173").unwrap();
        assert!(!app.has_origin(&elsewhere));
        app.development_mode = true;
        assert!(app.has_origin(&elsewhere));
    }
}
