//! A passkey in software, as far as registering needs it: ES256, attestation `none` (WebAuthn Level 3, sections 5.1.3 and 6.5).

use crate::answer::words;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// User present, user verified, credential data follows.
const FLAGS: u8 = 0x45;

/// What `navigator.credentials.create()` would answer to these options at this origin.
pub fn create(options: &Value, origin: &str) -> Result<Value, String> {
    let option = |path: &str| words(options, path).ok_or("the creation options are not what a browser expects");
    let (challenge, relying_party) = (option("/challenge")?, option("/rp/id")?);
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| "no key pair")?;
    // SEC 1 §2.3.3: 4, then both coordinates.
    let (x, y) = pair
        .public_key()
        .as_ref()
        .strip_prefix(&[4])
        .and_then(|point| point.split_at_checked(32))
        .ok_or("no key pair")?;
    let id = digest(&SHA256, x);

    let mut data = digest(&SHA256, relying_party.as_bytes()).as_ref().to_vec();
    data.push(FLAGS);
    // Counter, then the authenticator's model (none), then the length of the credential's id.
    data.extend([0; 4 + 16]);
    data.extend([0, 32]);
    data.extend(id.as_ref());
    // COSE key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
    data.extend(x);
    data.extend([0x22, 0x58, 0x20]);
    data.extend(y);

    // {"fmt": "none", "attStmt": {}, "authData": data}
    let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
    attestation.push(u8::try_from(data.len()).map_err(|_| "the credential is too long")?);
    attestation.extend(data);

    let client = json!({ "type": "webauthn.create", "challenge": challenge, "origin": origin, "crossOrigin": false });
    let id = URL_SAFE_NO_PAD.encode(id);
    Ok(json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client.to_string()),
            "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
            "transports": ["internal"],
        },
        "clientExtensionResults": {},
    }))
}
