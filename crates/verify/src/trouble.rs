//! Why the issuer could not be asked. For the operator's log; the caller is only told to come again.

use std::fmt;

/// What went wrong between this server and the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No answer in time.
    TooSlow,
    /// No connection, or one that broke. The text is the transport's and names only the issuer's URL.
    Unreachable(String),
    /// A redirect. None is followed: it could lead to somebody else's keys.
    Redirected,
    /// Another status than 200.
    Status(u16),
    /// An answer of more than 256 KiB.
    TooLarge,
    /// An answer that is no unambiguous JSON object.
    Unreadable,
    /// A discovery document whose `issuer` is not the one that was asked (OpenID Connect Discovery §4.3).
    OtherIssuer,
    /// A discovery document whose `jwks_uri` is missing or on another origin.
    ForeignKeys,
    /// A key set without one key that signs.
    NoKeys,
    /// The task that asked was stopped.
    Stopped,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::TooSlow => f.write_str("the issuer did not answer in time"),
            Trouble::Unreachable(cause) => write!(f, "the issuer cannot be reached: {cause}"),
            Trouble::Redirected => f.write_str("the issuer answered with a redirect"),
            Trouble::Status(status) => write!(f, "the issuer answered {status}"),
            Trouble::TooLarge => f.write_str("the issuer's answer is larger than 256 KiB"),
            Trouble::Unreadable => f.write_str("the issuer's answer is no JSON object"),
            Trouble::OtherIssuer => f.write_str("the discovery document is of another issuer"),
            Trouble::ForeignKeys => f.write_str("the discovery document names no jwks_uri on the issuer's origin"),
            Trouble::NoKeys => f.write_str("the issuer publishes no key that signs"),
            Trouble::Stopped => f.write_str("the task that asked the issuer was stopped"),
        }
    }
}

impl std::error::Error for Trouble {}
