//! Exact places on the web: origins, and redirect URIs compared byte for byte (RFC 9700 §2.1, seed 002).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use url::{Host, Url};

/// A web origin in its canonical serialization: `https://host[:port]`, or `http://` on loopback.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin that is written exactly as browsers serialize it: scheme, host, non-default port, nothing else.
    pub fn parse(text: &str) -> Option<Origin> {
        let origin = Origin::of(text)?;
        (origin.0 == text).then_some(origin)
    }

    /// The origin of a URL; nothing unless it is https, or http on loopback, without user information.
    pub fn of(url: &str) -> Option<Origin> {
        let url = Url::parse(url).ok()?;
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = url.host_str()?;
        if host.ends_with('.') {
            return None;
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return None,
        }
        Some(Origin(url.origin().ascii_serialization()))
    }

    /// The serialization.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port, as people read it.
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, host)| host)
    }

    /// True for `https`.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who counts as one source. One customer has a whole /64 of IPv6, and could come from a new address each time (threat 178).
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Why a redirect URI cannot be registered. `Display` is the sentence for the developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRedirect {
    NotAbsolute,
    Fragment,
    UserInfo,
    Wildcard,
    PlainHttp,
    Scheme,
    Host,
    Characters,
}

impl fmt::Display for BadRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadRedirect::NotAbsolute => "write the whole address, beginning with https://",
            BadRedirect::Fragment => "remove the part after #: a redirect URI has no fragment",
            BadRedirect::UserInfo => "remove the part before @: a redirect URI has no user information",
            BadRedirect::Wildcard => "* is never interpreted: register each address",
            BadRedirect::PlainHttp => "http works only on this computer (localhost, 127.0.0.1 or [::1]); use https",
            BadRedirect::Scheme => {
                "use https, http on loopback, or a private scheme that contains a dot (com.example.app:)"
            }
            BadRedirect::Host => "the host is not written in its plain form",
            BadRedirect::Characters => "only printable ASCII without spaces and backslashes is allowed",
        })
    }
}

/// A redirect URI. Two are equal only when every byte is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// What a request sent, unjudged. It proves nothing until it equals a registered one.
    pub fn sent(text: impl Into<String>) -> RedirectUri {
        RedirectUri(text.into())
    }

    /// Checks a URI for registration: https, http on loopback, or a private-use scheme with a dot (RFC 8252 §7.1).
    pub fn register(text: &str) -> Result<RedirectUri, BadRedirect> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(BadRedirect::Characters);
        }
        if text.contains('#') {
            return Err(BadRedirect::Fragment);
        }
        if text.contains('*') {
            return Err(BadRedirect::Wildcard);
        }
        let url = Url::parse(text).map_err(|_| BadRedirect::NotAbsolute)?;
        match url.scheme() {
            "https" | "http" => check_web(text, &url)?,
            scheme if scheme.contains('.') => {}
            _ => return Err(BadRedirect::Scheme),
        }
        Ok(RedirectUri(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of an http or https URI.
    pub fn origin(&self) -> Option<Origin> {
        Origin::of(&self.0)
    }

    /// Where an answer to it goes, as people read it: the host, or the scheme that an app on their device has claimed.
    pub fn host(&self) -> String {
        let scheme = || self.0.split(':').next().unwrap_or_default().to_owned();
        self.origin().map_or_else(scheme, |origin| origin.host().to_owned())
    }

    /// True for the same URI on `127.0.0.1` or `[::1]` with another port (RFC 8252 §7.3), for native apps.
    pub fn is_same_but_port(&self, sent: &RedirectUri) -> bool {
        let (Some(own), Some(other)) = (split_loopback(&self.0), split_loopback(&sent.0)) else { return false };
        own == other
    }

    /// True when development mode admits it though nobody registered it (seed 002): any port and path on `localhost`,
    /// 127.0.0.0/8 and `[::1]`, and `exp://` on a private or loopback address.
    pub fn is_for_development(&self) -> bool {
        let Ok(url) = Url::parse(&self.0) else { return false };
        let is_plain =
            self.0.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && !self.0.contains(['#', '*', '@']);
        if !is_plain {
            return false;
        }
        match url.scheme() {
            "http" | "https" => is_loopback(&url) && is_written_plainly(&self.0, &url),
            "exp" => is_private_exp(&self.0),
            _ => false,
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_web(text: &str, url: &Url) -> Result<(), BadRedirect> {
    if authority(text).contains('@') {
        return Err(BadRedirect::UserInfo);
    }
    if !is_written_plainly(text, url) {
        return Err(BadRedirect::Host);
    }
    if url.scheme() == "http" && !is_loopback(url) {
        return Err(BadRedirect::PlainHttp);
    }
    Ok(())
}

/// What stands between `://` and the next `/` or `?`.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or("")
}

/// True when the host is written as the parser would write it: no `127.1`, no `0x7f.1`, no upper case, no trailing dot, no default
/// port. Browsers rewrite such hosts; we never guess.
fn is_written_plainly(text: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let written = authority(text);
    let expected = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    written == expected && !host.ends_with('.') && text.starts_with(url.scheme())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Host and rest of a URI on `127.0.0.1` or `[::1]`, without the port.
fn split_loopback(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| rest.starts_with(host))?;
    let after = rest.strip_prefix(host)?;
    let Some(port_and_path) = after.strip_prefix(':') else {
        return after.starts_with('/').then_some((host, after));
    };
    let slash = port_and_path.find('/')?;
    let (port, path) = port_and_path.split_at_checked(slash)?;
    port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port).then_some((host, path))
}

fn is_private_exp(text: &str) -> bool {
    let authority = authority(text);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if host == "localhost" {
        return true;
    }
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private() || address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_takes_https_loopback_http_and_dotted_schemes() {
        for good in [
            "https://app.test/cb",
            "https://app.test:8443/cb?x=1",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9000/cb",
            "com.example.app:/cb",
        ] {
            assert!(RedirectUri::register(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn registration_refuses_everything_else() {
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://a.test/x",
            "about:blank",
            "vbscript:x",
            "myapp://cb",
            "http://app.test/cb",
            "https://a@app.test/cb",
            "https://app.test/cb#x",
            "https://*.app.test/cb",
            "https://APP.test/cb",
            "https://app.test./cb",
            "http://127.1/cb",
            "http://0x7f.1/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://localhost.evil.test/cb",
            "https://app.test\\@evil.test/cb",
            "https://app.test:443/cb",
            "/cb",
            "",
        ] {
            assert!(RedirectUri::register(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn people_read_where_an_answer_goes() {
        for (uri, host) in [
            ("https://app.test:8443/cb?x=https://b.test", "app.test:8443"),
            ("http://[::1]:9000/cb", "[::1]:9000"),
            ("com.example.app:/cb", "com.example.app"),
        ] {
            assert_eq!(RedirectUri::sent(uri).host(), host);
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_vary() {
        let own = RedirectUri::register("http://127.0.0.1:1/cb").unwrap();
        assert!(own.is_same_but_port(&RedirectUri::sent("http://127.0.0.1:51000/cb")));
        for sent in [
            "http://127.0.0.1:51000/cb/",
            "http://localhost:51000/cb",
            "http://127.0.0.1:5@evil.test/cb",
            "http://127.0.0.1.evil.test/cb",
        ] {
            assert!(!own.is_same_but_port(&RedirectUri::sent(sent)), "{sent}");
        }
    }

    #[test]
    fn development_mode_admits_loopback_and_private_expo() {
        for good in
            ["http://localhost:5173/x", "https://127.9.9.9/x", "http://[::1]:1/", "exp://192.168.1.5:8081/--/cb"]
        {
            assert!(RedirectUri::sent(good).is_for_development(), "{good}");
        }
        for bad in [
            "exp://8.8.8.8/x",
            "http://a@localhost/x",
            "http://localhost.evil.test/",
            "http://0.0.0.0/",
            "http://localhost/#x",
        ] {
            assert!(!RedirectUri::sent(bad).is_for_development(), "{bad}");
        }
    }

    #[test]
    fn origins_are_canonical_or_nothing() {
        assert!(Origin::parse("https://a.test").is_some());
        assert!(Origin::parse("http://localhost:3000").is_some());
        for bad in [
            "https://a.test/",
            "https://A.test",
            "null",
            "https://u@a.test",
            "http://a.test",
            "https://a.test.",
            "https://a.test:443",
        ] {
            assert!(Origin::parse(bad).is_none(), "{bad}");
        }
    }
}
