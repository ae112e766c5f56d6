//! The client. It is made in this one place.

use crate::allow::{Allowed, Door};
use crate::trouble::Trouble;
use base::Fault;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A small request.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub method: &'a str,
    pub url: &'a str,
    /// Names and values; a value may be a credential.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Option<&'a [u8]>,
}

/// The way outwards. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    /// For hosts of the public internet: every name is resolved by the guard.
    guarded: Client,
    /// For hosts that the operator named.
    open: Client,
    door: Door,
}

impl Egress {
    /// Lets public addresses through, and what the operator names.
    pub fn new(allowed: Vec<Allowed>) -> Result<Egress, Fault> {
        let door = Door::new(allowed);
        let guarded = builder().dns_resolver(Arc::new(Guard(door.clone())));
        let made =
            |client: reqwest::ClientBuilder| client.build().map_err(|_| Fault::new("egress: no TLS to speak with"));
        Ok(Egress { guarded: made(guarded)?, open: made(builder())?, door })
    }

    /// Gets a document of at most so many bytes.
    pub async fn get(&self, url: &str, most: usize) -> Result<Answer, Trouble> {
        let (client, url) = self.check(url)?;
        let asked = async {
            let response = client.get(url).send().await.map_err(|error| told(&error))?;
            if response.status().is_redirection() {
                return Err(Trouble::Redirected);
            }
            Ok(Answer { status: response.status().as_u16(), body: whole(response, most).await? })
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(Trouble::TooSlow))
    }

    /// Sends a small request and takes an answer of at most so many bytes. What it carries is the caller's word; a redirect is
    /// an answer like any other here, and is not followed.
    pub async fn send(&self, ask: Ask<'_>, most: usize) -> Result<Answer, Trouble> {
        let (client, url) = self.check(ask.url)?;
        let method = reqwest::Method::from_bytes(ask.method.as_bytes()).map_err(|_| Trouble::BadUrl)?;
        let mut request = client.request(method, url);
        for (name, value) in ask.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| Trouble::BadUrl)?;
            value.set_sensitive(true);
            request = request.header(*name, value);
        }
        if let Some(body) = ask.body {
            request = request.body(body.to_vec());
        }
        let asked = async {
            let response = request.send().await.map_err(|error| told(&error))?;
            Ok(Answer { status: response.status().as_u16(), body: whole(response, most).await? })
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(Trouble::TooSlow))
    }

    /// True when the operator named this host (with its port): it may be http and lie anywhere.
    pub fn names(&self, host: &str) -> bool {
        Url::parse(&format!("http://{host}/")).is_ok_and(|url| self.door.names(&url))
    }

    /// The client that a URL may be asked with.
    pub(crate) fn check(&self, url: &str) -> Result<(&Client, Url), Trouble> {
        let url = Url::parse(url).map_err(|_| Trouble::BadUrl)?;
        if !url.username().is_empty() || url.password().is_some() || !matches!(url.scheme(), "http" | "https") {
            return Err(Trouble::BadUrl);
        }
        if self.door.names(&url) {
            return Ok((&self.open, url));
        }
        if url.scheme() != "https" {
            return Err(Trouble::BadUrl);
        }
        if self.door.bars(&url) { Err(Trouble::NotPublic) } else { Ok((&self.guarded, url)) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where a client is made")]
fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(concat!("Procura/", env!("CARGO_PKG_VERSION")))
}

/// Resolves a name once; the connection goes to one of the addresses that are left (DNS rebinding has no second answer to give).
struct Guard(Door);

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Trouble::NotPublic.sentence())
    }
}

impl Error for Refused {}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let door = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<SocketAddr> = found.filter(|address| door.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(Box::new(Refused) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// What an error of the library means for us: its own text may name what the other side sent.
pub(crate) fn told(error: &reqwest::Error) -> Trouble {
    let mut beneath: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = beneath {
        if cause.is::<Refused>() {
            return Trouble::NotPublic;
        }
        beneath = cause.source();
    }
    if error.is_timeout() { Trouble::TooSlow } else { Trouble::Unreachable }
}

async fn whole(mut response: Response, most: usize) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(Trouble::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
