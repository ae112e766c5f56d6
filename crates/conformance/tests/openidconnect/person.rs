//! Somebody with cookies and a passkey in software, who says yes.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use http::Method;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::server::ISSUER;
use crate::wire::Wire;

const USER_PRESENT_VERIFIED_ATTESTED: u8 = 0x45;

pub struct Person {
    wire: Wire,
    cookies: BTreeMap<String, String>,
    pub sub: String,
}

impl Person {
    /// Makes an account with a passkey, by the JSON endpoints that the page script uses.
    pub async fn register(wire: Wire, handle: &str) -> Self {
        let mut person = Self { wire, cookies: BTreeMap::new(), sub: String::new() };
        let start = person.post_json("/api/register/start", &json!({ "handle": handle })).await;
        let complete = json!({
            "tempUserId": start["tempUserId"],
            "credential": attest(&start["options"]),
            "identity": { "displayName": "Ada Moreau", "handle": handle },
            "device": { "name": "Conformance suite", "type": "computer" },
        });
        let answer = person.post_json("/api/register/complete", &complete).await;
        answer["identity"]["id"].as_str().expect("identity.id").clone_into(&mut person.sub);
        person
    }

    /// Opens an authorization request, allows it if asked, and answers with the URL at the client.
    pub async fn allow(&mut self, url: &Url) -> Url {
        self.walk(url, "name=\"decision\"", &[("decision", "allow")]).await
    }

    /// Opens a logout request, confirms it if asked, and answers with the URL at the client.
    pub async fn leave(&mut self, url: &Url) -> Url {
        self.walk(url, "value=\"sign_out\"", &[("decision", "sign_out")]).await
    }

    /// Opens a page, sends the form that holds `marker` with what is `pressed`, and follows until the issuer is left.
    async fn walk(&mut self, url: &Url, marker: &str, pressed: &[(&str, &str)]) -> Url {
        let (mut place, page) = self.open(url.clone()).await;
        if let Some(page) = page {
            let form = page
                .split("<form")
                .skip(1)
                .filter_map(|rest| rest.split("</form>").next())
                .find(|form| form.contains(marker))
                .unwrap_or_else(|| panic!("no form with {marker} on {place}:\n{page}"));
            let action = attribute(form, "action").map_or(place.clone(), |action| place.join(&action).unwrap());
            let mut body = form_urlencoded::Serializer::new(String::new());
            for input in form.split("<input").skip(1).filter_map(|rest| rest.split('>').next()) {
                if let (Some("hidden"), Some(name)) = (attribute(input, "type").as_deref(), attribute(input, "name")) {
                    body.append_pair(&name, &attribute(input, "value").unwrap_or_default());
                }
            }
            if form.contains("<select") || form.contains("type=\"radio\"") {
                body.append_pair("identity", &self.sub);
            }
            let body = body.extend_pairs(pressed).finish();
            let response = self.send(Method::POST, &action, Some(("application/x-www-form-urlencoded", body))).await;
            let location = response.headers().get("location").unwrap_or_else(|| panic!("{action} stays: {response:?}"));
            place = self.open(action.join(location.to_str().unwrap()).unwrap()).await.0;
        }
        assert!(!same_origin(&place), "still at the issuer: {place}");
        place
    }

    /// Follows redirects while they stay at the issuer; the page is `None` once they leave it.
    async fn open(&mut self, mut place: Url) -> (Url, Option<String>) {
        for _ in 0..10 {
            if !same_origin(&place) {
                return (place, None);
            }
            let response = self.send(Method::GET, &place, None).await;
            let Some(location) = response.headers().get("location") else {
                return (place, Some(String::from_utf8(response.into_body()).unwrap()));
            };
            place = place.join(location.to_str().unwrap()).unwrap();
        }
        panic!("too many redirects, at last {place}");
    }

    async fn post_json(&mut self, path: &str, body: &Value) -> Value {
        let url = Url::parse(ISSUER).unwrap().join(path).unwrap();
        let response = self.send(Method::POST, &url, Some(("application/json", body.to_string()))).await;
        assert_eq!(response.status(), 200, "{path}: {}", String::from_utf8_lossy(response.body()));
        serde_json::from_slice(response.body()).unwrap()
    }

    async fn send(&mut self, method: Method, url: &Url, body: Option<(&str, String)>) -> http::Response<Vec<u8>> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = http::Request::builder().method(method).uri(url.as_str());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let request = match body {
            Some((kind, body)) => request.header("origin", ISSUER).header("content-type", kind).body(body.into_bytes()),
            None => request.body(Vec::new()),
        };
        let response = self.wire.send(request.unwrap()).await.unwrap();
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().unwrap();
            assert!(line.contains("Secure") && line.contains("HttpOnly"), "weak cookie: {line}");
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.trim().to_owned(), value.to_owned());
        }
        response
    }
}

fn same_origin(url: &Url) -> bool {
    url.origin().ascii_serialization() == ISSUER
}

/// The first such attribute of a tag. The pages are ours, so quoting is always the same.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    Some(value.replace("&amp;", "&").replace("&#38;", "&"))
}

/// `navigator.credentials.create()`: ES256, attestation `none` (WebAuthn Level 3, section 6.5).
fn attest(options: &Value) -> Value {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).unwrap();
    let point = key.public_key().as_ref();
    let id = digest(&SHA256, point);

    let rp = options["rp"]["id"].as_str().unwrap();
    let mut data = digest(&SHA256, rp.as_bytes()).as_ref().to_vec();
    data.push(USER_PRESENT_VERIFIED_ATTESTED);
    data.extend([0; 4 + 16]);
    data.extend([0, 32]);
    data.extend(id.as_ref());
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
    data.extend(&point[1..33]);
    data.extend([0x22, 0x58, 0x20]);
    data.extend(&point[33..]);

    // {"fmt": "none", "attStmt": {}, "authData": data}
    let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
    attestation.push(u8::try_from(data.len()).unwrap());
    attestation.extend(data);

    let client = json!({
        "type": "webauthn.create",
        "challenge": options["challenge"],
        "origin": ISSUER,
        "crossOrigin": false,
    });
    let id = BASE64_URL_SAFE_NO_PAD.encode(id);
    json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "response": {
            "clientDataJSON": BASE64_URL_SAFE_NO_PAD.encode(client.to_string()),
            "attestationObject": BASE64_URL_SAFE_NO_PAD.encode(attestation),
            "transports": ["internal"],
        },
        "clientExtensionResults": {},
    })
}
