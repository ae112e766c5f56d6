//! Why a request outwards came to nothing.

use std::fmt;

/// What stood in the way. The sentence holds nothing that the other side sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is no https URL (http only where the operator allows the host), or it holds user information.
    BadUrl,
    /// The address is not of the public internet, and the operator has not let it through.
    NotPublic,
    /// No such name, no connection, no valid certificate, or the connection broke.
    Unreachable,
    TooSlow,
    TooLarge,
    /// A redirect is never followed.
    Redirected,
}

impl Trouble {
    /// The fixed sentence, for whoever set the address up.
    pub const fn sentence(self) -> &'static str {
        match self {
            Trouble::BadUrl => "the address is not an https URL",
            Trouble::NotPublic => {
                "the address is not on the public internet; an operator can let it through by egress.allow"
            }
            Trouble::Unreachable => "the address cannot be reached, or shows no valid certificate",
            Trouble::TooSlow => "the address takes too long to answer",
            Trouble::TooLarge => "the address answers with more than is taken",
            Trouble::Redirected => "the address answers with a redirect, which is not followed",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for Trouble {}
