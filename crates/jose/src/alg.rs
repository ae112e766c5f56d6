//! The algorithms we sign with (RFC 7518 §3.1, RFC 8037 §3.1). The set is closed: `none` and the HMAC family have no spelling here.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Alg {
    /// Every algorithm, the default first.
    pub const ALL: [Alg; 3] = [Alg::Rs256, Alg::Es256, Alg::EdDsa];

    /// The registered name, as it stands in headers, keys and discovery.
    pub const fn as_str(self) -> &'static str {
        match self {
            Alg::Rs256 => "RS256",
            Alg::Es256 => "ES256",
            Alg::EdDsa => "EdDSA",
        }
    }

    /// From the registered name, which is case-sensitive.
    pub fn parse(name: &str) -> Option<Alg> {
        Alg::ALL.into_iter().find(|alg| alg.as_str() == name)
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The claim `at_hash` of an ID token (OIDC Core §3.1.3.6): the left half of the hash that belongs to the ID token's algorithm.
pub fn at_hash(alg: Alg, access_token: &str) -> String {
    let hash = match alg {
        Alg::Rs256 | Alg::Es256 => &digest::SHA256,
        // Ed25519 hashes with SHA-512 inside; client libraries take that one.
        Alg::EdDsa => &digest::SHA512,
    };
    let whole = digest::digest(hash, access_token.as_bytes());
    let (left, _) = whole.as_ref().split_at_checked(hash.output_len() / 2).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(left)
}
