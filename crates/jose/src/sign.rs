//! Private keys and what they sign: compact JWS (RFC 7515 §7.1) over claims that are already serialized.
//!
//! Promise: a key is parsed once and its headers are encoded once; a signature costs the signature. Nothing prints a private key,
//! and its stored form is wiped when dropped. Key generation and ECDSA nonces come from the library's own generator.

use crate::alg::Alg;
use crate::jwk::PublicKey;
use crate::kind::Kind;
use crate::low_s;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A private key. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pair: Pair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
    headers: Headers,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// The encoded header of each `typ`, with the dot that follows it.
struct Headers {
    access: String,
    id: String,
    logout: String,
    assertion: String,
}

impl SigningKey {
    /// A new key. RSA takes up to seconds: call it where blocking is allowed.
    pub fn generate(alg: Alg) -> Result<SigningKey, Fault> {
        let pkcs8 = match alg {
            Alg::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048)
                .and_then(|pair| pair.as_der())
                .map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Alg::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Alg::EdDsa => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| Zeroizing::new(der.as_ref().to_vec())),
        };
        SigningKey::from_pkcs8(alg, &pkcs8.map_err(|_| Fault::new("signing key generate: the library refused"))?)
    }

    /// From the stored form (PKCS #8, DER).
    pub fn from_pkcs8(alg: Alg, pkcs8: &[u8]) -> Result<SigningKey, Fault> {
        let (pair, public) =
            parse(alg, pkcs8).ok_or_else(|| Fault::new(format!("signing key parse: not a {alg} key")))?;
        let headers = Headers::new(&public);
        Ok(SigningKey(Arc::new(Inner { pair, pkcs8: Zeroizing::new(pkcs8.to_vec()), public, headers })))
    }

    /// The stored form. It leaves only to be sealed.
    pub fn pkcs8(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// The name of the key, which every token carries.
    pub fn kid(&self) -> &str {
        self.0.public.kid()
    }

    /// The one algorithm this key signs with.
    pub fn alg(&self) -> Alg {
        self.0.public.alg()
    }

    /// The half that is published.
    pub fn public(&self) -> &PublicKey {
        &self.0.public
    }

    /// Signs the claims, a serialized JSON object, as a token of that kind.
    pub fn sign(&self, kind: Kind, claims: &[u8]) -> Result<String, Fault> {
        if claims.first() != Some(&b'{') || claims.last() != Some(&b'}') {
            return Err(Fault::new("token sign: the claims are no object"));
        }
        let header = self.0.headers.of(kind);
        let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 350);
        token.push_str(header);
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let signed = match &self.0.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map(|()| signature)
            }
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message).map(|signature| {
                let mut signature = signature.as_ref().to_vec();
                low_s::make_low(&mut signature);
                signature
            }),
            Pair::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
        };
        signed.map_err(|_| Fault::new(format!("token sign: the library refused {}", self.alg())))
    }
}

impl Headers {
    fn new(public: &PublicKey) -> Headers {
        let header = |kind: Kind| {
            let json = json!({"alg": public.alg().as_str(), "typ": kind.typ(), "kid": public.kid()});
            URL_SAFE_NO_PAD.encode(json.to_string()) + "."
        };
        Headers {
            access: header(Kind::AccessToken),
            id: header(Kind::IdToken),
            logout: header(Kind::LogoutToken),
            assertion: header(Kind::IdentityAssertion),
        }
    }

    fn of(&self, kind: Kind) -> &str {
        match kind {
            Kind::AccessToken | Kind::Delegated => &self.access,
            Kind::IdToken => &self.id,
            Kind::LogoutToken => &self.logout,
            Kind::IdentityAssertion => &self.assertion,
        }
    }
}

fn parse(alg: Alg, pkcs8: &[u8]) -> Option<(Pair, PublicKey)> {
    match alg {
        Alg::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
            let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
            let public = PublicKey::rsa(&n, &e)?;
            Some((Pair::Rsa(Box::new(pair)), public))
        }
        Alg::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
            // SEC 1 §2.3.3: 4, then both coordinates.
            let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
            let public = PublicKey::p256(x, y)?;
            Some((Pair::P256(Box::new(pair)), public))
        }
        Alg::EdDsa => {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
            let public = PublicKey::ed25519(pair.public_key().as_ref())?;
            Some((Pair::Ed25519(Box::new(pair)), public))
        }
    }
}
