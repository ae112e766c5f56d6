//! Checking an ID token (OpenID Connect Core §3.1.3.7) before any of its claims is believed.

use super::issuer::Tokens;
use super::{Notes, Trouble};
use crate::outside::now_secs;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Clocks differ a little.
const SKEW_SECS: i64 = 30;

/// The claims of the ID token and the key that signed it, once everything about it is right. `nonce` is that of the sign-in; a
/// refreshed token has none.
pub(crate) async fn check(
    notes: &Notes,
    tokens: &Tokens,
    nonce: Option<&str>,
) -> Result<(Map<String, Value>, String), Trouble> {
    let token =
        tokens.id_token.as_deref().ok_or(Trouble::Wrong("There is no ID token, although openid was asked for"))?;
    let parts = Parts::of(token).ok_or(Trouble::Wrong("The ID token is no JWT"))?;
    // The algorithm is this app's choice at registration, never the token's.
    if parts.header_text("alg") != Some("RS256") {
        return Err(Trouble::Wrong("The ID token is signed in another way than this app expects"));
    }
    let kid = parts.header_text("kid").unwrap_or_default().to_owned();
    let (n, e) = notes.issuer.rsa_key(&kid).await?;
    let key = RsaPublicKeyComponents { n: &n, e: &e };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, parts.signed.as_bytes(), &parts.signature)
        .map_err(|_| Trouble::Wrong("The signature of the ID token is wrong"))?;
    judge(&parts.claims, &notes.settings.issuer, &notes.settings.client_id, nonce, now_secs())?;
    Ok((parts.claims, kid))
}

/// From whom, for whom, until when, and in answer to what.
fn judge(
    claims: &Map<String, Value>,
    issuer: &str,
    client_id: &str,
    nonce: Option<&str>,
    now: i64,
) -> Result<(), Trouble> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(issuer) {
        return Err(Trouble::Wrong("The ID token comes from another issuer"));
    }
    if text("aud") != Some(client_id) {
        return Err(Trouble::Wrong("The ID token was made for another app"));
    }
    if claims.get("exp").and_then(Value::as_i64).is_none_or(|exp| exp <= now - SKEW_SECS) {
        return Err(Trouble::Wrong("The ID token has expired"));
    }
    if nonce.is_some() && text("nonce") != nonce {
        return Err(Trouble::Wrong("The ID token answers another sign-in"));
    }
    Ok(())
}

/// A JWT, taken apart.
pub(crate) struct Parts {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Parts {
    pub(crate) fn of(token: &str) -> Option<Parts> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        Some(Parts {
            header: object(header)?,
            claims: object(claims)?,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(change: (&str, Value)) -> Option<&'static str> {
        let mut claims = json!({ "iss": "https://id.test", "aud": "app_1", "exp": 1000, "nonce": "n" });
        claims[change.0] = change.1;
        match judge(claims.as_object().unwrap(), "https://id.test", "app_1", Some("n"), 1000) {
            Err(Trouble::Wrong(why)) => Some(why),
            Err(_) => Some("other"),
            Ok(()) => None,
        }
    }

    #[test]
    fn a_token_for_somebody_else_is_not_believed() {
        assert_eq!(verdict(("sub", json!("ada"))), None);
        assert!(verdict(("iss", json!("https://evil.test"))).unwrap().contains("another issuer"));
        assert!(verdict(("aud", json!("app_2"))).unwrap().contains("another app"));
        assert!(verdict(("exp", json!(900))).unwrap().contains("expired"));
        assert!(verdict(("exp", json!("soon"))).unwrap().contains("expired"));
        assert!(verdict(("nonce", json!("other"))).unwrap().contains("another sign-in"));
        assert!(verdict(("nonce", Value::Null)).unwrap().contains("another sign-in"));
    }

    #[test]
    fn what_is_no_jwt_has_no_parts() {
        for text in ["", "a.b", "e30.e30", "e30.W10.AA", "e30.e30.!"] {
            assert!(Parts::of(text).is_none(), "{text}");
        }
        assert!(Parts::of("e30.e30.AA").is_some());
    }
}
