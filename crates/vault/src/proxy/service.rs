//! Where the calls of an account may go, and how its credential goes along: a provider of the catalogue, or a secret of a company.

use crate::connection::{Connection, Credential};
use crate::provider::{Injection, Provider};
use crate::secret::ManagedSecret;
use std::sync::Arc;

/// What stands behind a linked account.
#[derive(Debug, Clone)]
pub(crate) enum Service {
    Provider(Arc<Provider>),
    Secret(Arc<ManagedSecret>),
}

/// The beginning of every address of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub scheme: &'static str,
    /// With its port, where it has one.
    pub host: String,
    /// Put before a path that was given without a host.
    pub path: String,
}

impl Service {
    /// Where a call goes that names no host: the account's own place, else the first host.
    pub(crate) fn base(&self, connection: &Connection) -> Option<Base> {
        match self {
            Service::Provider(provider) => {
                let own = connection.api_base.clone().or_else(|| provider.api_url("", &connection.inputs))?;
                let (scheme, rest) = own.split_once("://")?;
                let scheme = if scheme == "http" { "http" } else { "https" };
                let (host, path) =
                    rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
                Some(Base { scheme, host: host.to_owned(), path: path.trim_end_matches('/').to_owned() })
            }
            Service::Secret(secret) => {
                let host = secret.hosts.iter().find(|host| !host.starts_with("*."))?.clone();
                Some(Base { scheme: self.scheme(&host), host, path: String::new() })
            }
        }
    }

    /// True when the credential may be sent to this host (with its port, where it has one).
    pub(crate) fn admits(&self, host: &str, connection: &Connection) -> bool {
        let own = connection.api_base.as_deref().and_then(|base| base.split_once("://")).map(|(_, host)| host);
        match self {
            Service::Provider(provider) => own == Some(host) || provider.admits_host(host, &connection.inputs),
            Service::Secret(secret) => secret.admits_host(host),
        }
    }

    /// How this host is spoken to.
    pub(crate) fn scheme(&self, host: &str) -> &'static str {
        let is_plain = match self {
            Service::Provider(provider) => provider.is_plain(host),
            Service::Secret(secret) => secret.is_plain(host),
        };
        if is_plain { "http" } else { "https" }
    }

    /// How the credential goes along. Nothing when it is not of this kind.
    pub(crate) fn injection(
        &self,
        credential: &Credential,
        client_id: &str,
        connection: &Connection,
    ) -> Option<Injection> {
        match self {
            Service::Provider(provider) => provider.injection(credential, client_id, &connection.inputs),
            Service::Secret(secret) => secret.injection(credential),
        }
    }

    /// Where the credential goes, in a word: what was made ready for one place is not for another.
    pub(crate) fn place(&self) -> String {
        match self {
            Service::Provider(_) => String::new(),
            Service::Secret(secret) => secret.inject.text(),
        }
    }

    /// The header in which it says how long to wait.
    pub(crate) fn retry_after(&self) -> &str {
        let named = match self {
            Service::Provider(provider) => provider.rate.as_ref().and_then(|rate| rate.retry_after.as_deref()),
            Service::Secret(_) => None,
        };
        named.unwrap_or("retry-after")
    }

    pub(crate) fn provider(&self) -> Option<&Provider> {
        match self {
            Service::Provider(provider) => Some(provider),
            Service::Secret(_) => None,
        }
    }
}
