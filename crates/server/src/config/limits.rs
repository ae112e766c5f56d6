//! Rate limits, and whose word about a client's address counts.

use super::setting::{Value, expected, section};
use super::source::Around;
use std::net::IpAddr;

section! {
    /// Rate limits.
    "limits" Limits {
        /// Whether too many attempts are refused. Off is for load tests only.
        enabled: bool = "true" env "PROCURA_RATE_LIMITS";
        /// Addresses or networks of reverse proxies whose X-Forwarded-For is believed. Of others it is ignored.
        trusted_proxies: Vec<Network> = "[]" env "PROCURA_TRUSTED_PROXIES";
    }
}

/// An address or a network in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `::1` and the like.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) => digits.parse().ok().filter(|prefix| *prefix <= longest)?,
            None => longest,
        };
        Some(Network { address, prefix })
    }

    /// True when the address lies inside. An IPv4 address that came mapped into IPv6 counts as itself.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix);
                u64::from(own.to_bits()) >> shift == u64::from(other.to_bits()) >> shift
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl Value for Network {
    const KIND: &'static str = "an address or a network, such as 10.0.0.0/8";

    fn from_text(text: &str, _: &Around<'_>) -> Result<Network, String> {
        Network::parse(text).ok_or_else(expected::<Network>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_exactly_its_addresses() {
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("::/0", "2001:db8::1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3") && !holds("::/0", "10.1.2.3"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "proxy.internal", "10.0.0.0/-1", "10.0.0.0/"] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }
}
