//! The signature of a request (`connect-wire.md` 2.2): pure, without clock and rows.
//!
//! Promise: method, path, query, body, nonce, time, and every header that changes what a call may do or in whose name are under the
//! signature. Where a caller names itself, the older digest that leaves its name out is refused (a downgrade).

use aws_lc_rs::hmac;
use base::digest::hex;
use base::{Digest, Secret};

/// A request as it came, header by header. An absent header and an empty one mean the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signed<'a> {
    pub method: &'a str,
    /// As it stands in the request line, still encoded.
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub body: &'a [u8],
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub content_sha256: &'a str,
    pub signature: &'a str,
    pub signature_v2: &'a str,
    pub scope_constraints: &'a str,
    pub request_rule: &'a str,
    pub caller: &'a str,
    pub caller_type: &'a str,
    pub actor_id: &'a str,
    pub actor_context: &'a str,
}

/// True when the holder of the key signed exactly this.
pub fn is_signed(key: &Secret, signed: &Signed<'_>) -> bool {
    if Digest::of(signed.body).hex() != signed.content_sha256 {
        return false;
    }
    let signing = hmac::Key::new(hmac::HMAC_SHA256, &signing_key(key));
    let legacy = signed.legacy_text();
    let is_of = |text: &str, signature: &str| {
        unhex(signature).is_some_and(|tag| hmac::verify(&signing, text.as_bytes(), &tag).is_ok())
    };
    let full = signed.full_text(&legacy);
    if full == legacy {
        return is_of(&legacy, signed.signature)
            && (signed.signature_v2.is_empty() || is_of(&legacy, signed.signature_v2));
    }
    is_of(&full, signed.signature) && is_of(&full, signed.signature_v2)
}

/// The digest that a client sends, for clients of ours.
pub fn sign(key: &Secret, signed: &Signed<'_>) -> String {
    let signing = hmac::Key::new(hmac::HMAC_SHA256, &signing_key(key));
    let text = signed.full_text(&signed.legacy_text());
    hex(hmac::sign(&signing, text.as_bytes()).as_ref())
}

fn signing_key(key: &Secret) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes());
    hmac::sign(&key, b"alter-signing-v1").as_ref().to_vec()
}

impl Signed<'_> {
    fn legacy_text(&self) -> String {
        let target = canonical_target(self.path, self.query);
        let mut text =
            [self.method, &target, self.timestamp, self.nonce, self.content_sha256, self.scope_constraints].join("\n");
        if !self.request_rule.is_empty() {
            text.push_str("\nrequest-rule:");
            text.push_str(self.request_rule);
        }
        text
    }

    fn full_text(&self, legacy: &str) -> String {
        let named = [
            ("caller", self.caller),
            ("caller-type", self.caller_type),
            ("actor-id", self.actor_id),
            ("actor-context", self.actor_context),
        ];
        let mut text = legacy.to_owned();
        for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            text.push('\n');
            text.push_str(name);
            text.push(':');
            text.push_str(value);
        }
        text
    }
}

/// The path decoded once, and the query sorted and spelled in one way.
fn canonical_target(path: &str, query: Option<&str>) -> String {
    let mut target = decoded(path, Plus::IsItself);
    let Some(query) = query.filter(|query| !query.is_empty()) else { return target };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name, Plus::IsSpace), decoded(value, Plus::IsSpace)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    target.push('?');
    target.push_str(&pairs.join("&"));
    target
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    IsItself,
    IsSpace,
}

/// Percent-decoded once. What is no escape stays as it is; bytes that are not UTF-8 become the replacement character.
fn decoded(text: &str, plus: Plus) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => match after.split_at_checked(2).and_then(|(digits, after)| Some((byte(digits)?, after))) {
                Some((byte, after)) => {
                    bytes.push(byte);
                    rest = after;
                }
                None => bytes.push(b'%'),
            },
            b'+' if plus == Plus::IsSpace => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut all, byte| {
        match byte {
            b'_' | b'.' | b'-' | b'~' => all.push(char::from(byte)),
            b' ' => all.push('+'),
            _ if byte.is_ascii_alphanumeric() => all.push(char::from(byte)),
            _ => {
                let _ = write!(all, "%{byte:02X}");
            }
        }
        all
    })
}

fn byte(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(*high)? * 16 + digit(*low)?) as u8)
}

/// Bytes of lowercase hexadecimal: one signature has one text.
fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    text.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = br#"{"limit":50,"offset":0}"#;
    const LIST_SHA: &str = "0310398e5e13f34668cc5865599937eab24541613d9c4462eac7b44428e781b9";
    const NOTHING_SHA: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn key() -> Secret {
        Secret::new("alter_rk_abcdefghijklmnopqrstuv_iwpykn")
    }

    fn base() -> Signed<'static> {
        Signed {
            method: "POST",
            path: "/sdk/grants/list",
            body: LIST,
            timestamp: "1700000000",
            nonce: "00112233445566778899aabbccddeeff",
            content_sha256: LIST_SHA,
            ..Signed::default()
        }
    }

    fn a() -> Signed<'static> {
        Signed { signature: "c58676bb01cffd88c6d231c44fc7410948a6bd79f983aa9a07fe20ba2be43b89", ..base() }
    }

    fn b() -> Signed<'static> {
        let signature = "d1c6afc11246e7e4952131f10cf8c63c7e85d88e43847454103c6e2647006e81";
        Signed { caller: "svc", caller_type: "service", signature, signature_v2: signature, ..base() }
    }

    fn c() -> Signed<'static> {
        let signature = "eac8e89678839fea6bd2965e7e2c0591118b9f7cef9ecc7f05baf59aba717d13";
        Signed {
            path: "/sdk/token",
            body: br#"{"grant_id":"11111111-1111-4111-8111-111111111111","reason":null,"request":{"method":"GET","url":"http://127.0.0.1:8798/_provider/echo"}}"#,
            content_sha256: "34056c1a12174c97ea257ca68356a6624618b18ecc6223591a540d89b36fd523",
            caller: "svc",
            caller_type: "service",
            actor_id: "0b0e7c7e-5d0a-4c43-9a63-0e4f0f6c7a11",
            actor_context: r#"{"tool":"\u00e9"}"#,
            signature,
            signature_v2: signature,
            ..base()
        }
    }

    fn d() -> Signed<'static> {
        let signature = "af59f43ac732707efd11b52485ad7cb0b45d506d3b995124bddd11a18f3b9cbd";
        Signed {
            method: "GET",
            path: "/sdk/provider-specs/oauth/google/operation",
            query: Some("operation_id=post%3A%2Femails+x"),
            body: b"",
            content_sha256: NOTHING_SHA,
            scope_constraints: "grants:read,tokens:retrieve",
            caller: "svc",
            caller_type: "service",
            actor_id: "0b0e7c7e-5d0a-4c43-9a63-0e4f0f6c7a11",
            signature,
            signature_v2: signature,
            ..base()
        }
    }

    #[test]
    fn the_signing_key_is_derived_from_the_text_of_the_key() {
        assert_eq!(hex(&signing_key(&key())), "d686d74251939c285fe8fa5ad18c0e2003f1ca17a5346e7838389386c1ac079f");
    }

    #[test]
    fn the_vectors_of_the_published_client_are_signed() {
        for (name, vector) in [("A", a()), ("B", b()), ("C", c()), ("D", d())] {
            assert!(is_signed(&key(), &vector), "{name}");
            assert_eq!(sign(&key(), &vector), vector.signature, "{name}");
        }
    }

    #[test]
    fn another_key_signed_none_of_them() {
        let other = Secret::new("alter_rk_bbcdefghijklmnopqrstuv_aaaaaa");
        assert!(![a(), b(), c(), d()].iter().any(|vector| is_signed(&other, vector)));
    }

    #[test]
    fn whatever_is_changed_breaks_the_signature() {
        let changes: [(&str, Signed<'_>); 14] = [
            ("method", Signed { method: "PUT", ..d() }),
            ("path", Signed { path: "/sdk/provider-specs/oauth/slack/operation", ..d() }),
            ("query", Signed { query: Some("operation_id=post%3A%2Femails+y"), ..d() }),
            ("no query", Signed { query: None, ..d() }),
            ("body", Signed { body: b"{}", ..d() }),
            ("body and its digest", Signed { body: b"{}", content_sha256: LIST_SHA, ..d() }),
            ("timestamp", Signed { timestamp: "1700000001", ..d() }),
            ("nonce", Signed { nonce: "10112233445566778899aabbccddeeff", ..d() }),
            ("constraints", Signed { scope_constraints: "", ..d() }),
            ("rule", Signed { request_rule: "e30", ..d() }),
            ("caller", Signed { caller: "other", ..d() }),
            ("caller type", Signed { caller_type: "agent", ..d() }),
            ("actor", Signed { actor_id: "", ..d() }),
            ("context", Signed { actor_context: "{}", ..d() }),
        ];
        for (what, changed) in changes {
            assert!(!is_signed(&key(), &changed), "{what}");
        }
    }

    #[test]
    fn the_digest_without_the_name_does_not_do_where_a_caller_names_itself() {
        let (legacy, full) = (a().signature, b().signature);
        for (signature, signature_v2) in
            [(legacy, ""), (legacy, full), (full, legacy), (full, ""), (legacy, legacy), ("", full)]
        {
            assert!(!is_signed(&key(), &Signed { signature, signature_v2, ..b() }));
        }
    }

    #[test]
    fn a_signature_has_one_text() {
        let upper = a().signature.to_uppercase();
        assert!(!is_signed(&key(), &Signed { signature: &upper, ..a() }));
        assert!(!is_signed(&key(), &Signed { signature: "", ..a() }));
        assert!(!is_signed(&key(), &Signed { signature: "ä", ..a() }));
    }

    #[test]
    fn paths_and_queries_have_one_form() {
        for (path, query, canonical) in [
            ("/sdk/a%2Fb%20c", None, "/sdk/a/b c"),
            ("/sdk/%zz%", None, "/sdk/%zz%"),
            ("/sdk/%ff", None, "/sdk/\u{fffd}"),
            ("/sdk/a+b", Some(""), "/sdk/a+b"),
            ("/sdk", Some("b=2&a=1&a="), "/sdk?a=&a=1&b=2"),
            ("/sdk", Some("a&&b=%C3%A9~-._*"), "/sdk?a=&b=%C3%A9~-._%2A"),
            ("/sdk", Some("&"), "/sdk?"),
            ("/sdk", Some("q=a+b%2Bc"), "/sdk?q=a+b%2Bc"),
        ] {
            assert_eq!(canonical_target(path, query), canonical);
        }
    }
}
