//! Secrets of a company: used through the proxy in the name of whoever it lets, never handed out (`connect-wire.md` 2.6.16).
//!
//! Promise: a secret goes to its own hosts and nowhere else. Each of its credentials is a connection, so that it ends, rotates and is
//! journalled like every linked account; rotation keeps every permission.

mod keep;
mod rows;

pub use keep::{SecretWish, check, put};
pub use rows::list_of_app;
pub(crate) use rows::{delete_of_app, find};

use crate::connection::Credential;
use crate::provider::{Injection, host_fits, is_plain_host};
use base::{AppId, Secret, Time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A secret as stored, without its credentials.
#[derive(Debug, Clone)]
pub struct ManagedSecret {
    pub id: String,
    pub app: AppId,
    /// Its name on the wire, unique within the app.
    pub slug: String,
    pub name: String,
    pub inject: Inject,
    /// Exact, or `*.suffix` for one label. This computer only where the operator lets it through; then without TLS.
    pub hosts: Vec<String>,
    pub template: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Which of the hosts are spoken to without TLS.
    pub(crate) plain: Vec<String>,
}

/// Where the secret goes in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inject {
    Header(String),
    Query(String),
    Bearer,
    /// The credential is `user:password`.
    Basic,
}

impl Inject {
    /// Reads `header:NAME`, `query:NAME`, `bearer`, `basic`.
    pub fn parse(text: &str) -> Option<Inject> {
        let is_name = |name: &&str| {
            (1..=100).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match text.split_once(':') {
            Some(("header", name)) => Some(name).filter(is_name).map(|name| Inject::Header(name.to_owned())),
            Some(("query", name)) => Some(name).filter(is_name).map(|name| Inject::Query(name.to_owned())),
            None if text == "bearer" => Some(Inject::Bearer),
            None if text == "basic" => Some(Inject::Basic),
            _ => None,
        }
    }

    /// The stored words.
    pub fn text(&self) -> String {
        match self {
            Inject::Header(name) => format!("header:{name}"),
            Inject::Query(name) => format!("query:{name}"),
            Inject::Bearer => "bearer".to_owned(),
            Inject::Basic => "basic".to_owned(),
        }
    }
}

impl ManagedSecret {
    pub(crate) fn admits_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| host_fits(pattern, host))
    }

    pub(crate) fn is_plain(&self, host: &str) -> bool {
        self.plain.iter().any(|plain| plain == host)
    }

    /// How it goes along with a call.
    pub(crate) fn injection(&self, credential: &Credential) -> Option<Injection> {
        let key = credential.get("key")?;
        let mut injection = Injection::default();
        match &self.inject {
            Inject::Header(name) => injection.headers.push((name.clone(), key.clone())),
            Inject::Query(name) => injection.query.push((name.clone(), key.clone())),
            Inject::Bearer => {
                injection.headers.push(("Authorization".to_owned(), Secret::new(format!("Bearer {}", key.reveal()))));
            }
            Inject::Basic => {
                let pair = STANDARD.encode(key.reveal());
                injection.headers.push(("Authorization".to_owned(), Secret::new(format!("Basic {pair}"))));
            }
        }
        Some(injection)
    }
}

/// A host that a secret may go to: a name with two labels at least, with `*.` in front for one more, or this computer where it is
/// let through.
pub(crate) fn is_host(host: &str, allows_plain: bool) -> bool {
    if is_plain_host(host) {
        return allows_plain;
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let labels: Vec<&str> = name.split('.').collect();
    name.len() <= 253
        && name.bytes().all(is_letter)
        && labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty())
        // What ends in a number is an address.
        && labels.last().is_some_and(|label| label.bytes().any(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_hosts_are_read_strictly() {
        for good in ["header:X-Api-Key", "query:key", "bearer", "basic"] {
            assert_eq!(Inject::parse(good).unwrap().text(), good);
        }
        for bad in ["", "header:", "header:a b", "header:a\r\n", "query:a=b", "Bearer", "cookie:x", "bearer:x"] {
            assert_eq!(Inject::parse(bad), None, "{bad}");
        }
        assert!(is_host("api.weather.test", false) && is_host("*.weather.test", false) && is_host("localhost:9", true));
        for bad in [
            "",
            "test",
            "*.test",
            "a..b",
            "api.test:8443",
            "10.0.0.1",
            "[::1]",
            "API.test",
            "a@b.test",
            "localhost:9",
            "*",
        ] {
            assert!(!is_host(bad, false), "{bad}");
        }
    }
}
