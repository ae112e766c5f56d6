//! The fake provider, for trying out linked accounts on one's own computer.

use super::setting::{Value, expected, section};
use super::source::Around;
use url::{Host, Url};

section! {
    /// Two services that are made for trying things out (procura fake-provider).
    "fake" Fake {
        /// Where they are: http on this computer. Every app then has fake-calendar and fake-chat in its catalogue, and the server
        /// goes to this one address for them alone. Only with an issuer on this computer.
        provider: Option<FakeOrigin> = "" like "\"http://localhost:8463\"" env "PROCURA_FAKE_PROVIDER";
    }
}

/// An http origin of this computer, as browsers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeOrigin(String);

impl FakeOrigin {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for FakeOrigin {
    const KIND: &'static str = "an http origin on this computer, such as http://localhost:8463";

    fn from_text(text: &str, _: &Around<'_>) -> Result<FakeOrigin, String> {
        let url = Url::parse(text).map_err(|_| expected::<FakeOrigin>())?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let is_origin = url.scheme() == "http" && url.origin().ascii_serialization() == text;
        if is_here && is_origin { Ok(FakeOrigin(text.to_owned())) } else { Err(expected::<FakeOrigin>()) }
    }
}
