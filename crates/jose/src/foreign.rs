//! Verifying tokens that another issuer signed (RFC 7519 §7.2, RFC 8725 §3), whose keys came from its own key set.
//!
//! Promise: the same closed set of algorithms as ours, so `none` and the HMAC family have no spelling here; a key verifies the one
//! algorithm that it is for; issuer, audience and times are always compared. What others may write and we never would (further header
//! members, a missing `iat`, either half of an ECDSA pair) is admitted here and nowhere else.

use crate::alg::Alg;
use crate::claims::Claims;
use crate::jwk::PublicKey;
use crate::verify::{LONGEST_TOKEN, Parts, Rejected, check_audience, check_issuer, decode};
use crate::{SKEW_SECS, strict};
use base::Time;
use serde_json::{Map, Value};

const MOST_KEYS: usize = 100;

/// The key set of another issuer.
#[derive(Debug, Clone, Default)]
pub struct ForeignKeys(Vec<(Option<String>, PublicKey)>);

/// What the caller demands of a token.
#[derive(Debug, Clone, Copy)]
pub struct ForeignExpect<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub now: Time,
}

impl ForeignKeys {
    /// Reads a JWKS. Keys for other algorithms or other uses are left out; nothing when it is no key set.
    pub fn parse(jwks: &[u8]) -> Option<ForeignKeys> {
        let document = strict::object(jwks)?;
        let listed = document.get("keys")?.as_array()?;
        let read = |jwk: &Value| {
            let kid = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
            let mut bare = jwk.as_object()?.clone();
            // Their names are their own; ours are thumbprints.
            bare.remove("kid");
            Some((kid, PublicKey::from_jwk(&Value::Object(bare))?))
        };
        Some(ForeignKeys(listed.iter().filter_map(read).take(MOST_KEYS).collect()))
    }

    /// True when there is no key that could verify anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a header names, or the only one for its algorithm when it names none.
    fn find(&self, kid: Option<&str>, alg: Alg) -> Result<&PublicKey, Rejected> {
        if let Some(kid) = kid {
            let mut named = self.0.iter().filter(|(own, _)| own.as_deref() == Some(kid)).map(|(_, key)| key);
            let first = named.next().ok_or(Rejected::UnknownKey)?;
            let fits = |key: &&PublicKey| key.alg() == alg;
            return Some(first).filter(fits).or_else(|| named.find(fits)).ok_or(Rejected::WrongAlgorithm);
        }
        let mut fitting = self.0.iter().filter(|(_, key)| key.alg() == alg);
        match (fitting.next(), fitting.next()) {
            (Some((_, key)), None) => Ok(key),
            _ => Err(Rejected::UnknownKey),
        }
    }
}

/// The issuer that a token names, unproven: good for choosing the keys, and for nothing else.
pub fn unproven_issuer(token: &str) -> Option<String> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let parts = Parts::split(token)?;
    let claims = strict::object(&decode(parts.claims).ok()?)?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

/// The claims of a token of that issuer, for that audience.
pub fn verify_foreign(keys: &ForeignKeys, token: &str, expect: &ForeignExpect<'_>) -> Result<Claims, Rejected> {
    if token.len() > LONGEST_TOKEN {
        return Err(Rejected::TooLong);
    }
    let parts = Parts::split(token).ok_or(Rejected::Malformed)?;
    let header = strict::object(&decode(parts.header)?).ok_or(Rejected::Malformed)?;
    // What changes how a token is to be read and is not understood must be refused (RFC 7515 §4.1.11, RFC 7797 §6).
    if ["crit", "b64", "zip", "enc"].iter().any(|name| header.contains_key(*name)) {
        return Err(Rejected::ForeignHeader);
    }
    let alg = header.get("alg").and_then(Value::as_str).and_then(Alg::parse).ok_or(Rejected::WrongAlgorithm)?;
    let key = keys.find(header.get("kid").and_then(Value::as_str), alg)?;
    if !key.accepts_any_form(parts.signed.as_bytes(), &decode(parts.signature)?) {
        return Err(Rejected::BadSignature);
    }
    let claims = strict::object(&decode(parts.claims)?).ok_or(Rejected::Malformed)?;
    check_issuer(&claims, expect.issuer)?;
    check_audience(&claims, Some(expect.audience))?;
    check_times(&claims, expect.now)?;
    Ok(Claims::new(claims))
}

/// `exp` is required; clocks may differ by a minute either way. A `NumericDate` may have a fraction (RFC 7519 §2).
fn check_times(claims: &Map<String, Value>, now: Time) -> Result<(), Rejected> {
    let secs = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().filter(|secs| *secs > 0.0).map(Some).ok_or(Rejected::BadTimes),
    };
    let (exp, now) = (secs("exp")?.ok_or(Rejected::BadTimes)?, now.secs() as f64);
    let skew = SKEW_SECS as f64;
    if exp + skew <= now {
        return Err(Rejected::Expired);
    }
    for begins in [secs("nbf")?, secs("iat")?].into_iter().flatten() {
        if begins > now + skew {
            return Err(Rejected::NotYetValid);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, SigningKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    const NOW: Time = Time::from_secs(1_900_000_000);
    const ISSUER: &str = "https://login.acme.test";

    fn claims() -> Value {
        json!({ "iss": ISSUER, "aud": "acme", "sub": "alice", "exp": NOW.secs() + 300, "iat": NOW.secs() })
    }

    fn claims_but(name: &str, value: &Value) -> Value {
        let mut claims = claims();
        claims[name] = value.clone();
        claims
    }

    fn set(keys: &[&SigningKey]) -> ForeignKeys {
        let keys: Vec<Value> = keys.iter().map(|key| key.public().jwk()).collect();
        ForeignKeys::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn verified(keys: &ForeignKeys, token: &str) -> Result<Claims, Rejected> {
        verify_foreign(keys, token, &ForeignExpect { issuer: ISSUER, audience: "acme", now: NOW })
    }

    fn signed(key: &SigningKey, claims: &Value) -> String {
        key.sign(Kind::IdToken, claims.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_token_of_each_algorithm_verifies_with_its_issuers_key() {
        for alg in [Alg::Es256, Alg::EdDsa, Alg::Rs256] {
            let key = SigningKey::generate(alg).unwrap();
            let read = verified(&set(&[&key]), &signed(&key, &claims())).unwrap();
            assert_eq!(read.text("sub"), Some("alice"));
        }
    }

    #[test]
    fn threat_145_none_hs256_and_other_peoples_keys_prove_nothing() {
        let (key, other) = (SigningKey::generate(Alg::Es256).unwrap(), SigningKey::generate(Alg::Es256).unwrap());
        let keys = set(&[&key]);
        assert_eq!(verified(&keys, &signed(&other, &claims())).unwrap_err(), Rejected::UnknownKey);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        for alg in ["none", "None", "HS256", "RS512", "PS256", "es256", ""] {
            let header = part(&json!({ "alg": alg, "kid": key.kid() }));
            for signature in ["", "AA"] {
                let token = format!("{header}.{}.{signature}", part(&claims()));
                assert!(verified(&keys, &token).is_err(), "{alg}");
            }
        }
        // The right key under another algorithm's name.
        let header = part(&json!({ "alg": "EdDSA", "kid": key.kid() }));
        let token = format!("{header}.{}.AA", part(&claims()));
        assert_eq!(verified(&keys, &token).unwrap_err(), Rejected::WrongAlgorithm);
    }

    #[test]
    fn threat_145_another_issuer_audience_or_time_is_refused() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let keys = set(&[&key]);
        let now = NOW.secs();
        for (name, value, why) in [
            ("iss", json!("https://login.evil.test"), Rejected::WrongIssuer),
            ("iss", json!(null), Rejected::WrongIssuer),
            ("aud", json!("other"), Rejected::WrongAudience),
            ("aud", json!(["other", 5]), Rejected::WrongAudience),
            ("aud", json!([]), Rejected::WrongAudience),
            ("exp", json!(now - 60), Rejected::Expired),
            ("exp", json!("soon"), Rejected::BadTimes),
            ("exp", json!(null), Rejected::BadTimes),
            ("nbf", json!(now + 120), Rejected::NotYetValid),
            ("iat", json!(now + 120), Rejected::NotYetValid),
        ] {
            assert_eq!(verified(&keys, &signed(&key, &claims_but(name, &value))).unwrap_err(), why, "{name} {value}");
        }
        assert!(verified(&keys, &signed(&key, &claims_but("aud", &json!(["x", "acme"])))).is_ok());
        assert!(verified(&keys, &signed(&key, &claims_but("exp", &json!(now as f64 + 0.5)))).is_ok());
    }

    #[test]
    fn a_header_that_changes_the_reading_is_refused_and_any_other_is_not() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let keys = set(&[&key]);
        for name in ["crit", "b64", "zip", "enc"] {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "EdDSA", "kid": key.kid(), name: true }).to_string());
            let token = format!("{header}.{}.AA", URL_SAFE_NO_PAD.encode(claims().to_string()));
            assert_eq!(verified(&keys, &token).unwrap_err(), Rejected::ForeignHeader);
        }
    }

    #[test]
    fn a_token_without_a_kid_needs_a_key_that_is_alone_for_its_algorithm() {
        let (one, two) = (SigningKey::generate(Alg::EdDsa).unwrap(), SigningKey::generate(Alg::EdDsa).unwrap());
        assert!(set(&[&one]).find(None, Alg::EdDsa).is_ok());
        assert_eq!(set(&[&one, &two]).find(None, Alg::EdDsa).unwrap_err(), Rejected::UnknownKey);
        assert_eq!(set(&[&one]).find(None, Alg::Es256).unwrap_err(), Rejected::UnknownKey);
    }

    #[test]
    fn nonsense_is_no_key_set_and_no_token() {
        for jwks in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
            assert!(ForeignKeys::parse(jwks.as_bytes()).is_none(), "{jwks}");
        }
        assert!(ForeignKeys::parse(br#"{"keys":[1,{},{"kty":"oct","k":"AA"}]}"#).unwrap().is_empty());
        for token in ["", ".", "..", "a.b", "a.b.c.d", "ä.b.c"] {
            assert!(verified(&ForeignKeys::default(), token).is_err());
            assert_eq!(unproven_issuer(token), None);
        }
    }
}
