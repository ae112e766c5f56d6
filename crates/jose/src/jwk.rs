//! Public keys as JSON Web Keys (RFC 7517, RFC 8037), named by their thumbprint (RFC 7638).
//!
//! Promise: a key's `kid` is always the thumbprint of its own parts; a stored or received `kid` that says otherwise is refused.

use crate::alg::Alg;
use crate::low_s;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// A public key that verifies one algorithm. Parsed once; cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    alg: Alg,
    kid: String,
    parts: Parts,
    parsed: ParsedPublicKey,
}

/// The numbers of a key, in base64url.
enum Parts {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

/// The shortest and longest RSA modulus, in bytes: 2048 to 4096 bits.
const MODULUS_LEN: std::ops::RangeInclusive<usize> = 256..=512;
/// 65537, the only exponent we take.
const EXPONENT: [u8; 3] = [1, 0, 1];
/// The length of a coordinate, of an Ed25519 key and of a scalar of P-256.
const FIELD_LEN: usize = 32;

impl PublicKey {
    /// An RSA key for RS256 from modulus and exponent, big-endian without leading zeros.
    pub fn rsa(n: &[u8], e: &[u8]) -> Option<PublicKey> {
        let is_sized = MODULUS_LEN.contains(&n.len()) && n.first().is_some_and(|first| first & 0x80 != 0);
        if !is_sized || e != EXPONENT {
            return None;
        }
        let parsed = RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?;
        Some(PublicKey::new(
            Alg::Rs256,
            Parts::Rsa { n: URL_SAFE_NO_PAD.encode(n), e: URL_SAFE_NO_PAD.encode(e) },
            parsed,
        ))
    }

    /// A P-256 key for ES256 from the coordinates of a point on the curve.
    pub fn p256(x: &[u8], y: &[u8]) -> Option<PublicKey> {
        if x.len() != FIELD_LEN || y.len() != FIELD_LEN {
            return None;
        }
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[4u8], x, y].concat()).ok()?;
        Some(PublicKey::new(
            Alg::Es256,
            Parts::P256 { x: URL_SAFE_NO_PAD.encode(x), y: URL_SAFE_NO_PAD.encode(y) },
            parsed,
        ))
    }

    /// An Ed25519 key for EdDSA.
    pub fn ed25519(x: &[u8]) -> Option<PublicKey> {
        if x.len() != FIELD_LEN {
            return None;
        }
        let parsed = ParsedPublicKey::new(&ED25519, x).ok()?;
        Some(PublicKey::new(Alg::EdDsa, Parts::Ed25519 { x: URL_SAFE_NO_PAD.encode(x) }, parsed))
    }

    /// From a JWK as [`PublicKey::jwk`] writes it. `kid` may be absent; when present, it must be the thumbprint.
    pub fn from_jwk(jwk: &Value) -> Option<PublicKey> {
        let text = |name: &str| jwk.get(name)?.as_str();
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let key = match (text("kty")?, text("crv")) {
            ("RSA", None) => PublicKey::rsa(&bytes("n")?, &bytes("e")?)?,
            ("EC", Some("P-256")) => PublicKey::p256(&bytes("x")?, &bytes("y")?)?,
            ("OKP", Some("Ed25519")) => PublicKey::ed25519(&bytes("x")?)?,
            _ => return None,
        };
        let agrees = |name: &str, own: &str| jwk.get(name).is_none_or(|said| said == own);
        (agrees("kid", key.kid()) && agrees("alg", key.alg().as_str()) && agrees("use", "sig")).then_some(key)
    }

    fn new(alg: Alg, parts: Parts, parsed: ParsedPublicKey) -> PublicKey {
        PublicKey(Arc::new(Inner { alg, kid: thumbprint(&parts), parts, parsed }))
    }

    /// The RFC 7638 thumbprint, in base64url.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The one algorithm this key is for.
    pub fn alg(&self) -> Alg {
        self.0.alg
    }

    /// The key as it is published.
    pub fn jwk(&self) -> Value {
        let (alg, kid) = (self.alg().as_str(), self.kid());
        match &self.0.parts {
            Parts::Rsa { n, e } => json!({"kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": n, "e": e}),
            Parts::P256 { x, y } => {
                json!({"kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": "P-256", "x": x, "y": y})
            }
            Parts::Ed25519 { x } => {
                json!({"kty": "OKP", "use": "sig", "alg": alg, "kid": kid, "crv": "Ed25519", "x": x})
            }
        }
    }

    /// True when the signature is this key's over the message, in the one form that we accept.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        let is_canonical = match self.alg() {
            Alg::Es256 => low_s::is_low(signature),
            Alg::Rs256 | Alg::EdDsa => true,
        };
        is_canonical && self.accepts_any_form(message, signature)
    }

    /// The same, for signatures of others, who may choose either half of an ECDSA pair.
    pub(crate) fn accepts_any_form(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.parsed.verify_sig(message, signature).is_ok()
    }
}

/// Only the name: the numbers of a key are noise in a log.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.alg(), self.kid())
    }
}

/// RFC 7638 §3.1: SHA-256 over the required members, in lexicographic order, without white space.
fn thumbprint(parts: &Parts) -> String {
    let canonical = match parts {
        Parts::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        Parts::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
        Parts::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
    };
    URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
}
