//! A passkey in software: makes and proves ES256 credentials as a browser and its authenticator would, and can be told to misbehave.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// A discoverable credential with its private key. A clone is a copied authenticator.
#[derive(Clone)]
pub struct SoftPasskey {
    pkcs8: Vec<u8>,
    pub credential_id: Vec<u8>,
    pub user_handle: Vec<u8>,
    /// Rises with every assertion, as in a security key.
    pub counter: u32,
}

/// How an answer differs from an honest one. The default is honest.
#[derive(Debug, Clone, Default)]
pub struct Twist {
    /// The person was not verified.
    pub unverified: bool,
    /// Nobody touched it.
    pub absent: bool,
    /// Made in a frame of another site.
    pub cross_origin: bool,
    /// For another relying party.
    pub rp_id: Option<&'static str>,
    /// `type` of the client data.
    pub kind: Option<&'static str>,
    /// The counter it claims.
    pub counter: Option<u32>,
    /// Backed up without being eligible for it.
    pub backed_up: bool,
    /// Eligible for backup, whatever it said before.
    pub backup_eligible: bool,
    /// The user it claims to be of.
    pub user_handle: Option<Vec<u8>>,
    /// The credential id it claims.
    pub credential_id: Option<Vec<u8>>,
    /// The challenge it answers.
    pub challenge: Option<String>,
    /// Signed by another key than the one it names.
    pub forged: bool,
    /// A new credential with an algorithm nobody asked for (COSE number).
    pub alg: Option<i8>,
    /// CBOR that ends in the middle.
    pub torn: bool,
    /// Bytes appended to the attestation.
    pub padding: usize,
}

impl SoftPasskey {
    /// `navigator.credentials.create()`: a new passkey and the credential in JSON. `options` are those inside `publicKey`.
    pub fn register(options: &Value, origin: &str) -> (SoftPasskey, Value) {
        SoftPasskey::register_with(options, origin, &Twist::default())
    }

    /// As [`SoftPasskey::register`], misbehaving.
    pub fn register_with(options: &Value, origin: &str, twist: &Twist) -> (SoftPasskey, Value) {
        let pkcs8 = new_key();
        let credential_id = digest(&SHA256, &pkcs8).as_ref().to_vec();
        let user_handle =
            BASE64_URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().expect("options.user.id")).unwrap();
        let passkey = SoftPasskey { pkcs8, credential_id, user_handle, counter: 0 };
        let credential = passkey.attestation(options, origin, twist);
        (passkey, credential)
    }

    /// The credential of a new passkey, also for a ceremony that did not make it.
    pub fn attestation(&self, options: &Value, origin: &str, twist: &Twist) -> Value {
        let rp_id = twist.rp_id.unwrap_or_else(|| options["rp"]["id"].as_str().expect("options.rp.id"));
        let id = twist.credential_id.as_ref().unwrap_or(&self.credential_id);
        let mut data = authenticator_data(rp_id, flags(twist) | ATTESTED, twist.counter.unwrap_or(self.counter));
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(id);
        data.extend(self.cose_key(twist.alg.unwrap_or(-7)));

        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);
        if twist.torn {
            attestation.truncate(attestation.len() / 2);
        }
        attestation.extend(vec![0; twist.padding]);

        let client = client_data(twist.kind.unwrap_or("webauthn.create"), options, origin, twist);
        json!({
            "id": encode(id),
            "rawId": encode(id),
            "type": "public-key",
            "response": {
                "clientDataJSON": encode(client.as_bytes()),
                "attestationObject": encode(&attestation),
                "transports": ["internal"],
            },
            "clientExtensionResults": {},
        })
    }

    /// `navigator.credentials.get()`: proves the passkey; its counter rises.
    pub fn assert(&mut self, options: &Value, origin: &str) -> Value {
        self.assert_with(options, origin, &Twist::default())
    }

    /// As [`SoftPasskey::assert`], misbehaving.
    pub fn assert_with(&mut self, options: &Value, origin: &str, twist: &Twist) -> Value {
        self.counter += 1;
        let rp_id = twist.rp_id.unwrap_or_else(|| options["rpId"].as_str().expect("options.rpId"));
        let data = authenticator_data(rp_id, flags(twist), twist.counter.unwrap_or(self.counter));
        let client = client_data(twist.kind.unwrap_or("webauthn.get"), options, origin, twist);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, client.as_bytes()).as_ref());
        let key = if twist.forged { key(&new_key()) } else { key(&self.pkcs8) };
        let signature = key.sign(&SystemRandom::new(), &signed).unwrap();
        let id = twist.credential_id.as_ref().unwrap_or(&self.credential_id);
        let user = twist.user_handle.as_ref().unwrap_or(&self.user_handle);
        json!({
            "id": encode(id),
            "rawId": encode(id),
            "type": "public-key",
            "response": {
                "clientDataJSON": encode(client.as_bytes()),
                "authenticatorData": encode(&data),
                "signature": encode(signature.as_ref()),
                "userHandle": encode(user),
            },
            "clientExtensionResults": {},
        })
    }

    /// `{1: 2, 3: alg, -1: 1, -2: x, -3: y}` (RFC 9053 §7.1.1).
    fn cose_key(&self, alg: i8) -> Vec<u8> {
        let key = key(&self.pkcs8);
        let point = key.public_key().as_ref();
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03];
        match u8::try_from(-1 - i16::from(alg)).unwrap() {
            small @ 0..=23 => cose.push(0x20 | small),
            large => cose.extend([0x38, large]),
        }
        cose.extend([0x20, 0x01, 0x21, 0x58, 0x20]);
        cose.extend(&point[1..33]);
        cose.extend([0x22, 0x58, 0x20]);
        cose.extend(&point[33..]);
        cose
    }
}

fn new_key() -> Vec<u8> {
    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap().as_ref().to_vec()
}

fn key(pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).unwrap()
}

fn flags(twist: &Twist) -> u8 {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    flag(!twist.absent, PRESENT)
        | flag(!twist.unverified, VERIFIED)
        | flag(twist.backup_eligible, BACKUP_ELIGIBLE)
        | flag(twist.backed_up, BACKED_UP)
}

fn authenticator_data(rp_id: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend(counter.to_be_bytes());
    data
}

fn client_data(kind: &str, options: &Value, origin: &str, twist: &Twist) -> String {
    let challenge =
        twist.challenge.as_deref().unwrap_or_else(|| options["challenge"].as_str().expect("options.challenge"));
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": twist.cross_origin }).to_string()
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
