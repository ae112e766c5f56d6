//! Reading answers: cheaply enough to look at each, and thoroughly for the first of every connection.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use serde_json::Value;

/// The tokens of an answer.
pub struct Tokens {
    pub access: String,
    pub refresh: Option<String>,
}

/// The body as text, if the status is 200.
pub fn text(answer: &Response<Bytes>) -> Result<&str, String> {
    let text = std::str::from_utf8(answer.body()).map_err(|_| "the answer is not UTF-8")?;
    if answer.status().is_success() { Ok(text) } else { Err(format!("{}: {text}", answer.status())) }
}

/// A member of a JSON object, named with its quotes, whose value is a text without escapes. Parsing all of it would cost more than
/// some answers do.
pub fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_once(name)?.1.strip_prefix(":\"")?.split('"').next()
}

/// The text at a place in JSON (RFC 6901).
pub fn words<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// The tokens of an answer of the token endpoint; each must look as its kind does.
pub fn tokens(text: &str) -> Result<Tokens, String> {
    let access =
        member(text, "\"access_token\"").filter(|token| token.starts_with("pat_")).ok_or("there is no access token")?;
    member(text, "\"access_token_jwt\"")
        .filter(|token| token.starts_with("eyJ"))
        .ok_or("there is no access_token_jwt")?;
    let refresh = member(text, "\"refresh_token\"").filter(|token| token.starts_with("prt_"));
    Ok(Tokens { access: access.to_owned(), refresh: refresh.map(str::to_owned) })
}

/// The keys that the server publishes.
pub struct Keys(Vec<Value>);

impl Keys {
    /// Reads a JWK set.
    pub fn read(body: &[u8]) -> Result<Keys, String> {
        let mut set: Value = serde_json::from_slice(body).map_err(|cause| format!("JWKS: {cause}"))?;
        let keys = set.get_mut("keys").and_then(Value::as_array_mut).map(std::mem::take);
        keys.map(Keys).ok_or_else(|| "JWKS: there are no keys".to_owned())
    }

    /// The claims of a token, after its signature has been verified.
    pub fn claims(&self, token: &str) -> Result<Value, String> {
        let wrong = || "a JWT does not verify".to_owned();
        let (message, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
        let (header, claims) = message.split_once('.').ok_or_else(wrong)?;
        let header: Value = serde_json::from_slice(&bytes(header).ok_or_else(wrong)?).map_err(|_| wrong())?;
        let key = self
            .0
            .iter()
            .find(|key| ["/kid", "/alg"].iter().all(|name| words(key, name) == words(&header, name)))
            .ok_or_else(wrong)?;
        if !is_signed(key, message.as_bytes(), &bytes(signature).ok_or_else(wrong)?) {
            return Err(wrong());
        }
        serde_json::from_slice(&bytes(claims).ok_or_else(wrong)?).map_err(|_| wrong())
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn is_signed(key: &Value, message: &[u8], signature: &[u8]) -> bool {
    let part = |name: &str| key.get(name).and_then(Value::as_str).and_then(bytes).unwrap_or_default();
    let verified = match words(key, "/alg") {
        Some("RS256") => {
            let public = RsaPublicKeyComponents { n: part("n"), e: part("e") };
            public.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        }
        Some("ES256") => {
            let point = [vec![4], part("x"), part("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
        }
        Some("EdDSA") => UnparsedPublicKey::new(&ED25519, part("x")).verify(message, signature),
        _ => return false,
    };
    verified.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_by_its_whole_name() {
        let text = r#"{"access_token_jwt":"eyJ","access_token":"pat_1","refresh_token":"prt_2"}"#;
        let found = tokens(text).unwrap();
        assert_eq!((found.access.as_str(), found.refresh.as_deref()), ("pat_1", Some("prt_2")));
        assert!(tokens(r#"{"error":"invalid_grant"}"#).is_err());
    }

    #[test]
    fn a_token_without_a_fitting_key_or_signature_is_wrong() {
        let keys =
            Keys::read(br#"{"keys":[{"kid":"1","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#)
                .unwrap();
        let token = format!("{}.e30.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"1"}"#), "A".repeat(86));
        assert!(keys.claims(&token).is_err());
        assert!(keys.claims("a.b").is_err());
    }
}
