//! What the operator lets through besides public addresses: hosts, hosts with a port, and networks.

use crate::guard::is_public;
use std::net::IpAddr;
use url::{Host, Url};

/// One entry: `localhost:8463`, `internal.example`, `10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// A name or an address as URLs write it, with a port or with every port.
    Host {
        host: String,
        port: Option<u16>,
    },
    Network {
        address: IpAddr,
        prefix: u8,
    },
}

impl Allowed {
    /// Reads one entry.
    pub fn parse(text: &str) -> Option<Allowed> {
        if let Some((address, prefix)) = text.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= longest)?;
            return Some(Allowed::Network { address, prefix });
        }
        // A URL's own reader decides what a host is.
        let url = Url::parse(&format!("http://{text}/")).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        let host = url.host_str().filter(|_| is_plain && !text.is_empty())?.to_owned();
        let port = text.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).filter(|_| !text.ends_with(']'));
        Some(Allowed::Host { host, port })
    }

    fn names(&self, url: &Url) -> bool {
        match self {
            Allowed::Host { host, port } => {
                url.host_str() == Some(host) && port.is_none_or(|port| url.port_or_known_default() == Some(port))
            }
            Allowed::Network { .. } => false,
        }
    }

    fn holds(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
            IpAddr::V6(address) => (address.to_bits(), false),
        };
        match self {
            Allowed::Host { .. } => false,
            Allowed::Network { address: network, prefix } => {
                let ((own, own_kind), (other, kind)) = (bits(*network), bits(address));
                own_kind == kind && (own ^ other).checked_shr(128 - u32::from(*prefix)).unwrap_or(0) == 0
            }
        }
    }
}

/// The list, as the guard asks it.
#[derive(Debug, Clone, Default)]
pub struct Door(Vec<Allowed>);

impl Door {
    pub fn new(allowed: Vec<Allowed>) -> Door {
        Door(allowed)
    }

    /// True when the operator named this host: then it may be http and lie anywhere.
    pub(crate) fn names(&self, url: &Url) -> bool {
        self.0.iter().any(|allowed| allowed.names(url))
    }

    /// The same of a host by itself, with its port: `localhost:9000`.
    pub fn names_host(&self, host: &str) -> bool {
        Url::parse(&format!("http://{host}/")).is_ok_and(|url| self.names(&url))
    }

    /// True for an address that may be connected to.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|allowed| allowed.holds(address))
    }

    /// True when the host of a URL is an address that may not be connected to.
    pub(crate) fn bars(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return false,
            None => return true,
        };
        !self.admits(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_networks_are_told_apart() {
        let door = Door::new(
            ["localhost:8463", "internal.example", "10.0.0.0/8", "[::1]:9"]
                .map(|text| Allowed::parse(text).unwrap())
                .into(),
        );
        let names = |url: &str| door.names(&Url::parse(url).unwrap());
        assert!(names("http://localhost:8463/x") && !names("http://localhost:8464/x") && !names("http://localhost/x"));
        assert!(names("https://internal.example/") && names("https://internal.example:9/") && names("http://[::1]:9/"));
        assert!(!names("https://internal.example.evil.test/") && !names("http://[::1]:10/"));
        assert!(door.names_host("localhost:8463") && !door.names_host("localhost") && !door.names_host("10.1.2.3"));
        assert!(door.admits("10.1.2.3".parse().unwrap()) && door.admits("::ffff:10.1.2.3".parse().unwrap()));
        assert!(door.admits("11.0.0.1".parse().unwrap()) && !door.admits("192.168.0.1".parse().unwrap()));
        for bad in ["", "a b", "10.0.0.0/33", "user@host", "host/path", "http://host"] {
            assert!(Allowed::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn threat_054_an_address_is_barred_in_every_spelling() {
        let door = Door::default();
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(door.bars(&Url::parse(url).unwrap()), "{url}");
        }
        assert!(!door.bars(&Url::parse("https://example.com/").unwrap()));
    }
}
