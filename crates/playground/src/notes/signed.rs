//! Asking Connect's API, `/sdk/*`. Every request is signed with the key that asks.
//!
//! Promise: a signature is good for one request, once: who has seen a request cannot make another of it, nor send it again.

use super::issuer::Answer;
use super::{Notes, Trouble};
use crate::outside::{hex, nonce, now_secs};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Asks, and gives the body of the answer. A no is an error.
pub(super) async fn ask(
    notes: &Notes,
    key: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Answer, Trouble> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let (timestamp, nonce) = (now_secs().to_string(), nonce()?);
    let digest = hex(&Sha256::digest(&body));
    let signature = signature(key, [method.as_str(), path, &timestamp, &nonce, &digest]);
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", notes.settings.issuer))
        .header(CONTENT_TYPE, "application/json")
        .header("x-api-key", key)
        .header("x-alter-timestamp", timestamp)
        .header("x-alter-nonce", nonce)
        .header("x-alter-content-sha256", digest)
        .header("x-alter-signature", signature)
        .body(body.into());
    let answer = notes.issuer.send(request).await?;
    if (200..300).contains(&answer.status) { Ok(answer) } else { Err(Trouble::Refused(answer)) }
}

/// Five lines about the request and an empty one, signed with a key that is made of the API key.
fn signature(key: &str, lines: [&str; 5]) -> String {
    let signing_key = sign(&Key::new(HMAC_SHA256, key.as_bytes()), b"alter-signing-v1");
    let text = format!("{}\n", lines.join("\n"));
    hex(sign(&Key::new(HMAC_SHA256, signing_key.as_ref()), text.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_other_clients_sign_it() {
        let body = r#"{"limit":50,"offset":0}"#;
        let digest = hex(&Sha256::digest(body));
        let key = "alter_rk_abcdefghijklmnopqrstuv_iwpykn";
        let lines = ["POST", "/sdk/grants/list", "1700000000", "00112233445566778899aabbccddeeff", &digest];
        assert_eq!(signature(key, lines), "c58676bb01cffd88c6d231c44fc7410948a6bd79f983aa9a07fe20ba2be43b89");
    }
}
