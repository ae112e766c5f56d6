//! What a call is, before anything is done: method, destination, path (threats 147, 151). Pure: what it needs has been loaded.
//!
//! Promise: a credential goes to a host of its service and nowhere else; the address that was judged is the address that is asked.

use super::path::{self, Path};
use super::service::Service;
use crate::connection::Connection;
use crate::refusal::{Code, Error, Result, refuse};
use http::Method;
use url::Url;

/// Where a call goes, as its caller says.
#[derive(Debug, Clone)]
pub enum Target {
    /// Below the API of the account, as it stands in a request line; a host only where another one is meant.
    Path { path: String, query: Option<String>, host: Option<String> },
    /// A whole address, and what is added to its query.
    Url { url: String, more: Vec<(String, String)> },
}

/// A call that can be judged and sent.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub method: Method,
    pub scheme: &'static str,
    pub host: String,
    /// The host is the one that is meant when none is named.
    pub is_usual_host: bool,
    pub path: Path,
    pub query: Option<String>,
}

impl Plan {
    /// Reads a call for an account.
    pub(crate) fn of(method: &str, target: &Target, service: &Service, connection: &Connection) -> Result<Plan> {
        let method = read_method(method)?;
        let usual = service
            .base(connection)
            .ok_or_else(|| refuse(Code::ProviderMisconfigured, "this account has no place where its API is"))?;
        let (scheme, host, path, query) = match target {
            Target::Path { path, query, host } => {
                let path = Path::read(path).map_err(malformed)?;
                let query = query.as_deref().map(path::read_query).transpose().map_err(malformed)?;
                match host {
                    None => (usual.scheme, usual.host.clone(), path.below(&usual.path), query),
                    Some(host) => (service.scheme(host), host.to_ascii_lowercase(), path, query),
                }
            }
            Target::Url { url, more } => read_url(url, more, service)?,
        };
        if !is_plain_host(&host) || !(host == usual.host || service.admits(&host, connection)) {
            return Err(blocked());
        }
        let plan = Plan { is_usual_host: host == usual.host, method, scheme, host, path, query };
        plan.check_again()?;
        Ok(plan)
    }

    /// The address, without what a credential adds.
    pub(crate) fn url(&self) -> String {
        let query = self.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}://{}{}{query}", self.scheme, self.host, self.path.sent())
    }

    /// Where it goes, for people and journals: a query may hold what is nobody's business.
    pub(crate) fn place(&self) -> String {
        format!("{}{}", self.host, self.path.sent())
    }

    /// Another reader must come to the same host, path and query.
    fn check_again(&self) -> Result<()> {
        let text = self.url();
        let url = Url::parse(&text).map_err(|_| blocked())?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let is_same = url.as_str() == text
            && host == self.host
            && url.path() == self.path.sent()
            && url.query() == self.query.as_deref()
            && url.username().is_empty()
            && url.password().is_none();
        if is_same { Ok(()) } else { Err(blocked()) }
    }
}

/// A method goes through as it is, but for those that are about the connection itself.
fn read_method(text: &str) -> Result<Method> {
    let is_plain = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let is_tunnel = matches!(text, "CONNECT" | "TRACE" | "TRACK");
    Method::from_bytes(text.as_bytes())
        .ok()
        .filter(|_| is_plain && !is_tunnel)
        .ok_or_else(|| refuse(Code::InvalidRequest, "this method is not passed on"))
}

type Read = (&'static str, String, Path, Option<String>);

/// Takes an address apart by hand: the library's reader forgives too much to be asked first.
fn read_url(text: &str, more: &[(String, String)], service: &Service) -> Result<Read> {
    let (scheme, rest) = text.split_once("://").ok_or_else(blocked)?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.to_ascii_lowercase();
    let usual_port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let host = host.strip_suffix(usual_port).unwrap_or(&host).to_owned();
    let meant = service.scheme(&host);
    if !scheme.eq_ignore_ascii_case(meant) {
        return Err(blocked());
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let path = if path.is_empty() { "/" } else { path };
    let mut query = query.map(path::read_query).transpose().map_err(malformed)?;
    if !more.is_empty() {
        let added = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(more).finish();
        let added = path::read_query(&added).map_err(malformed)?;
        query = Some(match query.filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&{added}"),
            None => added,
        });
    }
    Ok((meant, host, Path::read(path).map_err(malformed)?, query))
}

/// Names and addresses as URLs write them: no user information, no zone, no dot at the end.
fn is_plain_host(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'[' | b']' | b'_');
    (1..=255).contains(&host.len()) && host.bytes().all(is_letter) && !host.ends_with('.') && !host.contains("..")
}

fn malformed(wrong: path::Wrong) -> Error {
    refuse(Code::InvalidRequest, wrong)
}

fn blocked() -> Error {
    refuse(Code::BlockedDestination, "the address is not one of this account's service")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::provider::{self, Inputs, Provider};
    use base::{AppId, ConnectionId, Scope, Time};
    use std::sync::Arc;

    pub(crate) fn account(provider: &str) -> Connection {
        Connection {
            id: ConnectionId::from_text("con_1"),
            app: AppId::from_text("app_1"),
            provider: provider.to_owned(),
            provider_client: None,
            managed_secret: None,
            account: None,
            identity: None,
            app_user: None,
            outside_id: "1".to_owned(),
            label: "ada".to_owned(),
            api_base: None,
            inputs: Inputs::new(),
            scopes: Scope::empty(),
            scope_mismatch: false,
            sealed: None,
            version: 1,
            generation: "g".to_owned(),
            expires_at: None,
            can_refresh: false,
            refreshed_at: Time::from_ms(0),
            refresh_sent_at: None,
            refresh_after: None,
            failures: 0,
            trouble: None,
            created_at: Time::from_ms(0),
            updated_at: Time::from_ms(0),
            last_used_at: None,
            ended_at: None,
        }
    }

    fn at(service: &Service, target: Target) -> Result<String> {
        let connection = account("x");
        Plan::of("GET", &target, service, &connection).map(|plan| plan.url())
    }

    fn github() -> Service {
        Service::Provider(provider::find("github").unwrap())
    }

    fn url(text: &str) -> Target {
        Target::Url { url: text.to_owned(), more: Vec::new() }
    }

    fn path(text: &str, host: Option<&str>) -> Target {
        Target::Path { path: text.to_owned(), query: None, host: host.map(str::to_owned) }
    }

    #[test]
    fn threat_147_an_address_leads_to_the_service_or_nowhere() {
        let github = github();
        for good in ["https://api.github.com/user", "https://API.GITHUB.com:443/user", "HTTPS://api.github.com/user"] {
            assert_eq!(at(&github, url(good)).unwrap(), "https://api.github.com/user");
        }
        assert_eq!(at(&github, url("https://api.github.com")).unwrap(), "https://api.github.com/");
        assert_eq!(at(&github, url("https://api.github.com?a=1")).unwrap(), "https://api.github.com/?a=1");
        for bad in [
            "https://evil.test/user",
            "http://api.github.com/user",
            "https://api.github.com.evil.test/user",
            "https://api.github.com@evil.test/",
            "https://evil.test@api.github.com/",
            "https://user:pass@api.github.com/",
            "https://api.github.com:8443/",
            "https://api.github.com./",
            "https://api.github.com\\@evil.test/",
            "https://api.github.com%2eevil.test/",
            "https://evil.test#@api.github.com/",
            "https://evil.test?@api.github.com/",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[fe80::1%25eth0]/",
            "https:///api.github.com/",
            "https:/api.github.com/",
            "//api.github.com/user",
            "/user",
            "api.github.com/user",
            "file:///etc/passwd",
            "javascript:alert(1)",
            " https://api.github.com/",
            "https://api.github.com\t/",
            "https://api.git\nhub.com/",
            "https://ａpi.github.com/",
            "",
        ] {
            let refused = at(&github, url(bad)).unwrap_err().code();
            assert!(matches!(refused, Some(Code::BlockedDestination | Code::InvalidRequest)), "{bad}");
        }
        for bad in ["https://api.github.com//evil.test", "https://api.github.com/a/../b", "https://api.github.com/a#b"]
        {
            assert_eq!(at(&github, url(bad)).unwrap_err().code(), Some(Code::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn a_path_goes_to_the_usual_host_and_another_one_must_be_named() {
        let github = github();
        assert_eq!(at(&github, path("/user", None)).unwrap(), "https://api.github.com/user");
        assert_eq!(at(&github, path("/user", Some("API.github.com"))).unwrap(), "https://api.github.com/user");
        for host in
            ["evil.test", "api.github.com.", "api.github.com:444", "x@api.github.com", "api.github.com/x", "", "*"]
        {
            let refused = at(&github, path("/user", Some(host))).unwrap_err().code();
            assert_eq!(refused, Some(Code::BlockedDestination), "{host}");
        }
    }

    #[test]
    fn one_label_stands_for_a_star_and_this_computer_is_spoken_to_plainly() {
        let text = "id = \"x\"\nname = \"X\"\ncategory = \"generic\"\ndocs = \"https://x.test/\"\n\
                    hosts = [\"localhost:9000\", \"*.x.test\"]\nbase_path = \"/api\"\n[auth]\nkind = \"basic\"\n";
        let service = Service::Provider(Arc::new(Provider::read_with(text, |_| true).unwrap()));
        assert_eq!(at(&service, path("/a", None)).unwrap(), "http://localhost:9000/api/a");
        assert_eq!(at(&service, url("http://localhost:9000/a")).unwrap(), "http://localhost:9000/a");
        assert_eq!(at(&service, url("https://one.x.test/a")).unwrap(), "https://one.x.test/a");
        for bad in [
            "https://localhost:9000/",
            "http://localhost:9001/",
            "http://one.x.test/",
            "https://a.b.x.test/",
            "https://x.test/",
        ] {
            assert!(at(&service, url(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn threat_151_a_method_is_one_word_and_no_tunnel() {
        let (service, connection) = (github(), account("github"));
        let asked = |method: &str| Plan::of(method, &path("/", None), &service, &connection);
        for good in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"] {
            assert!(asked(good).is_ok(), "{good}");
        }
        for bad in
            ["CONNECT", "TRACE", "TRACK", "get", "Get", "", "GET ", "GET /x HTTP/1.1\r\nX:", "ABCDEFGHIJKLMNOPQRSTU"]
        {
            assert!(asked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_added_to_a_query_is_encoded() {
        let target = Target::Url {
            url: "https://api.github.com/search?q=1".to_owned(),
            more: vec![("a b".to_owned(), "c&d#e".to_owned()), ("a b".to_owned(), "f".to_owned())],
        };
        assert_eq!(at(&github(), target).unwrap(), "https://api.github.com/search?q=1&a+b=c%26d%23e&a+b=f");
        let target = Target::Url {
            url: "https://api.github.com/".to_owned(),
            more: vec![("_method".to_owned(), "PUT".to_owned())],
        };
        assert!(at(&github(), target).is_err());
    }
}
