//! WebAuthn, and the only place that knows the crate webauthn-rs.
//!
//! The state of a ceremony leaves memory here, which the crate calls dangerous: a client that holds it could replay it. It is safe
//! because the state goes into our own table `ceremonies` and nowhere else; it is spent by compare-and-set before its answer is
//! looked at, is bound to the browser that began it, and dies after five minutes. What a client gets is the options alone.
//!
//! The crate draws its challenges itself, from the system's generator. It verifies ES256, ES384 and RS256; EdDSA is not offered
//! because it could not be verified afterwards.

use crate::refusal::{Code, Error, Result, refuse};
use base::{Fault, Uuid};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use url::Url;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PasskeyRegistration, WebauthnError};
use webauthn_rs::{Webauthn, WebauthnBuilder};
use webauthn_rs_proto::{PublicKeyCredential, RegisterPublicKeyCredential, ResidentKeyRequirement};

const TIMEOUT: Duration = Duration::from_mins(1);
const LONGEST_CREDENTIAL_ID: usize = 1023;
const LARGEST_ATTESTATION: usize = 16 << 10;

/// The ceremonies of one relying party.
#[derive(Debug, Clone)]
pub(crate) struct Ceremonies(Webauthn);

/// A ceremony that begins: what the browser gets, and what we keep.
pub(crate) struct Begun {
    pub options: Value,
    pub state: String,
}

/// A passkey that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub credential_id: Vec<u8>,
    /// The verifier's JSON: public key, counter, flags.
    pub credential: String,
    pub counter: i64,
    pub is_synced: bool,
}

/// What an assertion claims, before anything about it is verified.
#[derive(Debug)]
pub(crate) struct Claim {
    answer: PublicKeyCredential,
    pub credential_id: Vec<u8>,
    /// The account's WebAuthn user handle, as a UUID in text.
    pub user_handle: String,
}

/// How an assertion was judged.
#[derive(Debug)]
pub(crate) enum Judged {
    /// It is the person; the credential as it is now.
    Proven(Made),
    /// It is the key, but its counter went back: somebody else may hold a copy.
    Copied,
    /// It proves nothing.
    Refused,
}

impl Ceremonies {
    /// The relying party of an issuer: its host is the id, its origin the only one accepted.
    pub fn at(issuer: &str, name: &str) -> std::result::Result<Ceremonies, Fault> {
        let broken = |cause: &str| Fault::new(format!("passkeys set up: {cause}"));
        let url = Url::parse(issuer).map_err(|_| broken("the issuer is no URL"))?;
        let id = url.domain().ok_or_else(|| broken("the issuer has no host name"))?;
        let builder = WebauthnBuilder::new(id, &url).map_err(|_| broken("the issuer was refused"))?;
        let webauthn = builder.rp_name(name).timeout(TIMEOUT).build().map_err(|_| broken("the issuer was refused"))?;
        Ok(Ceremonies(webauthn))
    }

    /// Begins the making of a discoverable passkey. `known` are the credential ids that the account has.
    pub fn begin_making(
        &self,
        user_handle: &str,
        handle: &str,
        name: &str,
        known: Vec<Vec<u8>>,
    ) -> std::result::Result<Begun, Fault> {
        let user =
            uuid::Uuid::parse_str(user_handle).map_err(|_| Fault::new("passkey begin: the user handle is no UUID"))?;
        let begun = self.0.start_passkey_registration(user, handle, name, Some(known));
        let (mut challenge, state) = begun.map_err(|cause| Fault::new(format!("passkey begin: {cause}")))?;
        if let Some(selection) = &mut challenge.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        Ok(Begun { options: json(&challenge.public_key)?, state: text(&state)? })
    }

    /// Judges what the browser made of it.
    pub fn finish_making(&self, state: &str, answer: &Value) -> Result<Made> {
        let state: PasskeyRegistration =
            serde_json::from_str(state).map_err(|_| Fault::new("passkey finish: state unreadable"))?;
        let answer: RegisterPublicKeyCredential = serde_json::from_value(answer.clone()).map_err(|_| not_made())?;
        let is_plausible = answer.type_ == "public-key"
            && answer.response.attestation_object.len() <= LARGEST_ATTESTATION
            && is_from_top_page(&answer.response.client_data_json);
        if !is_plausible {
            return Err(not_made());
        }
        let passkey = self.0.finish_passkey_registration(&answer, &state).map_err(|_| not_made())?;
        if passkey.cred_id().len() > LONGEST_CREDENTIAL_ID || passkey.cred_id().as_slice() != answer.raw_id.as_slice() {
            return Err(not_made());
        }
        Ok(made(&passkey)?)
    }

    /// Begins a sign-in with whatever passkey the person chooses. The same for everybody (threat 104).
    pub fn begin_proving(&self) -> std::result::Result<Begun, Fault> {
        let begun = self.0.start_discoverable_authentication();
        let (challenge, state) = begun.map_err(|cause| Fault::new(format!("passkey begin: {cause}")))?;
        Ok(Begun { options: json(&challenge.public_key)?, state: text(&state)? })
    }

    /// Reads an assertion as far as finding the passkey it names.
    pub fn read_claim(&self, answer: &Value) -> Result<Claim> {
        let answer: PublicKeyCredential = serde_json::from_value(answer.clone()).map_err(|_| not_proven())?;
        if answer.type_ != "public-key" || !is_from_top_page(&answer.response.client_data_json) {
            return Err(not_proven());
        }
        let (user, id) = self.0.identify_discoverable_authentication(&answer).map_err(|_| not_proven())?;
        let (credential_id, user_handle) = (id.to_vec(), user.hyphenated().to_string());
        if Uuid::parse(&user_handle).is_none() || credential_id.len() > LONGEST_CREDENTIAL_ID {
            return Err(not_proven());
        }
        Ok(Claim { answer, credential_id, user_handle })
    }

    /// Judges an assertion by the passkey it names.
    pub fn judge(&self, state: &str, claim: &Claim, credential: &str) -> std::result::Result<Judged, Fault> {
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(|_| Fault::new("passkey judge: state unreadable"))?;
        let mut passkey: Passkey =
            serde_json::from_str(credential).map_err(|_| Fault::new("passkey judge: credential unreadable"))?;
        match self.0.finish_discoverable_authentication_v2(&claim.answer, state, &passkey) {
            Ok(proof) if proof.user_verified() => {
                passkey.update_credential(&proof);
                Ok(Judged::Proven(made(&passkey)?))
            }
            Err(WebauthnError::CredentialPossibleCompromise) => Ok(Judged::Copied),
            Ok(_) | Err(_) => Ok(Judged::Refused),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

/// False for a ceremony inside another site's frame. The crate asks this of new passkeys only.
fn is_from_top_page(client_data: &[u8]) -> bool {
    serde_json::from_slice::<ClientData>(client_data)
        .is_ok_and(|data| !data.cross_origin.unwrap_or(false) && data.top_origin.is_none())
}

#[derive(Deserialize)]
struct Stored {
    cred: StoredCredential,
}

#[derive(Deserialize)]
struct StoredCredential {
    counter: u32,
    backup_state: bool,
}

fn made(passkey: &Passkey) -> std::result::Result<Made, Fault> {
    let credential = text(passkey)?;
    let Stored { cred } = serde_json::from_str(&credential).map_err(|_| Fault::new("passkey keep: unexpected form"))?;
    Ok(Made {
        credential_id: passkey.cred_id().as_slice().to_vec(),
        counter: i64::from(cred.counter),
        is_synced: cred.backup_state,
        credential,
    })
}

fn json<T: serde::Serialize>(value: &T) -> std::result::Result<Value, Fault> {
    serde_json::to_value(value).map_err(|_| Fault::new("passkey options: not JSON"))
}

fn text<T: serde::Serialize>(value: &T) -> std::result::Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::new("passkey state: not JSON"))
}

fn not_made() -> Error {
    refuse(Code::PasskeyRefused, "the passkey could not be verified; try again")
}

pub(crate) fn not_proven() -> Error {
    refuse(Code::PasskeyRefused, "this passkey does not fit; try again, or use another")
}

/// A credential id as people may see it in an export.
pub(crate) fn shown(credential_id: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(credential_id)
}
