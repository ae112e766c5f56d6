//! Where this server may go by itself, besides the public internet.

use super::setting::{Value, expected, section};
use super::source::Around;
use net::Allowed;

section! {
    /// Requests that this server makes by itself.
    "egress" Egress {
        /// Hosts (with a port or every port) and networks that are reached although they are not public. Name nothing that strangers may have asked for.
        allow: Vec<Allowed> = "[]" env "PROCURA_EGRESS_ALLOW";
    }
}

impl Value for Allowed {
    const KIND: &'static str = "a host, host:port or network, such as 10.0.0.0/8";

    fn from_text(text: &str, _: &Around<'_>) -> Result<Allowed, String> {
        Allowed::parse(text).ok_or_else(expected::<Allowed>)
    }
}
