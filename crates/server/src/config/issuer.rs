//! The issuer: the public origin that every URL of ours is built from, never from a request.

use super::setting::Value;
use super::source::Around;
use url::{Host, Url};

/// A checked issuer: an https origin, or `http://localhost[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Checks the text. The error says how to write it.
    pub fn parse(text: &str) -> Result<Issuer, String> {
        let url = Url::parse(text).map_err(|_| "write the whole origin, such as https://id.example.com".to_owned())?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("begin with https://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("remove the part before @: an issuer has no user information".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("remove what follows the host: an issuer has no query and no fragment".to_owned());
        }
        let name = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() && !name.ends_with('.') => name,
            Some(Host::Domain(_)) | None => {
                return Err("write the host in its plain form, such as https://id.example.com".to_owned());
            }
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => {
                return Err(
                    "an IP address cannot be the issuer, because passkeys need a name: use localhost or a domain"
                        .to_owned(),
                );
            }
        };
        if url.scheme() == "http" && name != "localhost" {
            return Err("use https: plain http is for http://localhost only".to_owned());
        }
        if url.path() != "/" {
            return Err("remove the path: an issuer is scheme, host and port".to_owned());
        }
        let origin = url.origin().ascii_serialization();
        if text.ends_with('/') {
            return Err(format!("remove the trailing slash: {origin}"));
        }
        if text != origin {
            return Err(format!("write it as browsers do: {origin}"));
        }
        Ok(Issuer(origin))
    }

    /// The issuer of a server that listens on loopback and was told none.
    pub fn on_loopback(port: u16) -> Issuer {
        Issuer(if port == 80 { "http://localhost".to_owned() } else { format!("http://localhost:{port}") })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// True when an issuer is this machine's own.
pub fn is_loopback(issuer: &str) -> bool {
    let host = issuer.split_once("://").map_or("", |(_, rest)| rest);
    host.split(':').next() == Some("localhost")
}

/// The host of an issuer, without its port.
pub fn host(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(':').next().unwrap_or_default()
}

impl Value for Issuer {
    const KIND: &'static str = "an origin, such as https://id.example.com";

    fn from_text(text: &str, _: &Around<'_>) -> Result<Issuer, String> {
        Issuer::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_name_or_localhost_is_an_issuer() {
        for good in [
            "https://id.example.com",
            "https://id.example.com:8443",
            "http://localhost:8460",
            "https://localhost",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(Issuer::parse(good).map(|issuer| issuer.0), Ok(good.to_owned()));
        }
    }

    #[test]
    fn every_other_way_to_write_it_is_refused_with_advice() {
        let cases = [
            ("id.example.com", "write the whole origin"),
            ("ftp://id.example.com", "begin with https"),
            ("https://a@id.example.com", "user information"),
            ("https://id.example.com?x=1", "no query"),
            ("https://id.example.com#x", "no query and no fragment"),
            ("https://id.example.com.", "plain form"),
            ("https://127.0.0.1:8460", "passkeys need a name"),
            ("http://127.0.0.1:8460", "passkeys need a name"),
            ("http://[::1]:8460", "passkeys need a name"),
            ("http://2130706433", "passkeys need a name"),
            ("https://192.168.1.10", "passkeys need a name"),
            ("http://id.example.com", "use https"),
            ("http://sub.localhost", "use https"),
            ("https://id.example.com/procura", "remove the path"),
            ("https://id.example.com/", "remove the trailing slash"),
            ("https://ID.example.com", "write it as browsers do: https://id.example.com"),
            ("https://id.example.com:443", "write it as browsers do: https://id.example.com"),
            (" https://id.example.com", "write it as browsers do: https://id.example.com"),
        ];
        for (text, advice) in cases {
            let refused = Issuer::parse(text).unwrap_err();
            assert!(refused.contains(advice), "{text}: {refused}");
        }
    }

    #[test]
    fn only_localhost_is_loopback() {
        assert!(is_loopback("http://localhost:8460") && is_loopback("https://localhost"));
        assert!(!is_loopback("https://localhost.example.com") && !is_loopback("https://id.example.com"));
    }
}
