//! Sealed columns: AES-256-GCM under a subkey of its own for each value, bound to table, row and column.
//!
//! Promise: a sealed value opens only at the place it was sealed for, under a key this process was given. Layout:
//! version (1), key id (8), salt (16), nonce (12), ciphertext and tag.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base::entropy::draw;
use base::{Digest, Entropy, Fault, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

const VERSION: u8 = 1;
pub(crate) const KEY_ID_LEN: usize = 8;
const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 12;
const HEAD_LEN: usize = 1 + KEY_ID_LEN + SALT_LEN + NONCE_LEN;

/// Where a sealed value lives; it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub row: &'a str,
    pub column: &'a str,
}

struct MasterKey {
    id: [u8; KEY_ID_LEN],
    bytes: [u8; 32],
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.bytes.fill(0);
    }
}

/// A subkey for a stream, and the id of the master key it comes from.
pub(crate) struct StreamKey {
    pub(crate) id: [u8; KEY_ID_LEN],
    pub(crate) key: LessSafeKey,
}

/// Seals with the first master key, opens with any.
#[derive(Clone)]
pub struct Sealer(Arc<Vec<MasterKey>>);

/// Where master keys come from: a file or the environment today, a key service tomorrow.
pub trait Kms {
    /// The keys, the one to seal with first: one base64 line of 32 bytes each.
    fn master_keys(&self) -> Result<Secret, Fault>;
}

impl Sealer {
    /// From a source of keys. A missing, malformed or short key is a fault, never a default.
    pub fn from_kms(kms: &dyn Kms) -> Result<Sealer, Fault> {
        let text = kms.master_keys()?;
        let mut keys = Vec::new();
        for line in text.reveal().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let bytes = STANDARD.decode(line).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let bytes = bytes.ok_or_else(|| Fault::new("master key read: each line must be 32 bytes in base64"))?;
            keys.push(MasterKey { id: key_id(&bytes), bytes });
        }
        if keys.is_empty() {
            return Err(Fault::new("master key read: no key"));
        }
        Ok(Sealer(Arc::new(keys)))
    }

    /// A new random master key as the text of a key file.
    pub fn new_key_text(entropy: &dyn Entropy) -> Result<Secret, Fault> {
        let bytes: [u8; 32] = draw(entropy)?;
        Ok(Secret::new(format!("{}\n", STANDARD.encode(bytes))))
    }

    /// The id of the key that seals, in hexadecimal: stored once so that a start with another key is noticed.
    pub fn key_id(&self) -> String {
        self.0.first().map(|key| base::digest::hex(&key.id)).unwrap_or_default()
    }

    /// True when one of the keys has this id.
    pub fn has_key(&self, id: &str) -> bool {
        self.0.iter().any(|key| base::digest::hex(&key.id) == id)
    }

    /// A key for one long stream of bytes (a backup), under the sealing key or the one with this id. Nothing when that key is not here.
    pub(crate) fn stream_key(
        &self,
        id: Option<[u8; KEY_ID_LEN]>,
        salt: &[u8],
        use_of_it: &[u8],
    ) -> Result<Option<StreamKey>, Fault> {
        let found = self.0.iter().find(|key| id.is_none_or(|id| key.id == id));
        found.map(|key| Ok(StreamKey { id: key.id, key: subkey(key, salt, use_of_it)? })).transpose()
    }

    /// The ids of all keys that open, the one that seals first.
    pub fn key_ids(&self) -> Vec<String> {
        self.0.iter().map(|key| base::digest::hex(&key.id)).collect()
    }

    /// The value sealed under the key that seals now; nothing when it is already.
    pub fn reseal(&self, place: Place<'_>, sealed: &[u8], entropy: &dyn Entropy) -> Result<Option<Vec<u8>>, Fault> {
        let is_current = self.0.first().is_some_and(|key| sealed.get(1..=KEY_ID_LEN) == Some(&key.id));
        if is_current {
            return Ok(None);
        }
        let plain = zeroize::Zeroizing::new(self.open(place, sealed)?);
        self.seal(place, &plain, entropy).map(Some)
    }

    /// Seals a value for one place.
    pub fn seal(&self, place: Place<'_>, value: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Fault> {
        let key = self.0.first().ok_or_else(|| Fault::new("value seal: no key"))?;
        let salt: [u8; SALT_LEN] = draw(entropy)?;
        let nonce: [u8; NONCE_LEN] = draw(entropy)?;
        let aad = bound(place);
        let mut body = value.to_vec();
        subkey(key, &salt, &aad)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut body)
            .map_err(|_| Fault::new("value seal: refused by the cipher"))?;
        let mut sealed = Vec::with_capacity(HEAD_LEN + body.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&salt);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens a value that was sealed for this place. Anything else is a fault that names the place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let refuse = |why: &str| Fault::new(format!("value open: {} {}: {why}", place.table, place.column));
        let (head, body) = sealed.split_at_checked(HEAD_LEN).ok_or_else(|| refuse("too short"))?;
        let version = head.first().copied();
        let key_id = head.get(1..=KEY_ID_LEN).unwrap_or_default();
        let salt = head.get(1 + KEY_ID_LEN..1 + KEY_ID_LEN + SALT_LEN).unwrap_or_default();
        let nonce = head.get(HEAD_LEN - NONCE_LEN..).and_then(|nonce| <[u8; NONCE_LEN]>::try_from(nonce).ok());
        if version != Some(VERSION) {
            return Err(refuse("unknown version"));
        }
        let key =
            self.0.iter().find(|key| key.id == key_id).ok_or_else(|| refuse("sealed under a key that is not here"))?;
        let nonce = nonce.ok_or_else(|| refuse("too short"))?;
        let aad = bound(place);
        let mut body = body.to_vec();
        let length = subkey(key, salt, &aad)?
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut body)
            .map_err(|_| refuse("not sealed for this place, or altered"))?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

fn key_id(bytes: &[u8; 32]) -> [u8; KEY_ID_LEN] {
    let mut text = b"procura master key id".to_vec();
    text.extend_from_slice(bytes);
    let digest = Digest::of(&text);
    let mut id = [0; KEY_ID_LEN];
    for (to, from) in id.iter_mut().zip(digest.bytes()) {
        *to = *from;
    }
    id
}

/// The place as bytes that no other place shares: each part behind its length.
fn bound(place: Place<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [place.table, place.row, place.column] {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

struct SubkeyLen;

impl KeyType for SubkeyLen {
    fn len(&self) -> usize {
        32
    }
}

fn subkey(key: &MasterKey, salt: &[u8], info: &[u8]) -> Result<LessSafeKey, Fault> {
    let refuse = |_| Fault::new("subkey derive: refused");
    let mut bytes = [0u8; 32];
    Salt::new(HKDF_SHA256, salt)
        .extract(&key.bytes)
        .expand(&[info], SubkeyLen)
        .map_err(refuse)?
        .fill(&mut bytes)
        .map_err(refuse)?;
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(refuse)?;
    bytes.fill(0);
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededEntropy;

    struct Fixed(Secret);

    impl Kms for Fixed {
        fn master_keys(&self) -> Result<Secret, Fault> {
            Ok(self.0.clone())
        }
    }

    fn sealer(seed: u64) -> Sealer {
        Sealer::from_kms(&Fixed(Sealer::new_key_text(&SeededEntropy::new(seed)).unwrap())).unwrap()
    }

    const HERE: Place<'static> = Place { table: "keys", row: "1", column: "sealed" };

    #[test]
    fn a_value_opens_only_at_its_own_place() {
        let (sealer, entropy) = (sealer(1), SeededEntropy::new(2));
        let sealed = sealer.seal(HERE, b"private", &entropy).unwrap();
        assert_eq!(sealer.open(HERE, &sealed).unwrap(), b"private");
        for other in
            [Place { row: "2", ..HERE }, Place { table: "key", row: "s1", ..HERE }, Place { column: "other", ..HERE }]
        {
            assert!(sealer.open(other, &sealed).is_err());
        }
    }

    #[test]
    fn another_key_and_altered_bytes_are_refused() {
        let entropy = SeededEntropy::new(2);
        let sealed = sealer(1).seal(HERE, b"private", &entropy).unwrap();
        assert!(sealer(9).open(HERE, &sealed).is_err());
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(sealer(1).open(HERE, &altered).is_err(), "byte {place}");
        }
        assert!(sealer(1).open(HERE, &[]).is_err());
    }

    #[test]
    fn threat_165_a_value_moves_to_the_new_key_and_then_needs_the_old_one_no_more() {
        let entropy = SeededEntropy::new(2);
        let text = |seed| Sealer::new_key_text(&SeededEntropy::new(seed)).unwrap();
        let (old, both) = (sealer(1), format!("{}{}", text(2).reveal(), text(1).reveal()));
        let both = Sealer::from_kms(&Fixed(Secret::new(both))).unwrap();
        let sealed = old.seal(HERE, b"private", &entropy).unwrap();
        assert!(sealer(2).open(HERE, &sealed).is_err());
        let moved = both.reseal(HERE, &sealed, &entropy).unwrap().unwrap();
        assert_eq!(sealer(2).open(HERE, &moved).unwrap(), b"private");
        assert!(old.open(HERE, &moved).is_err());
        assert!(both.reseal(HERE, &moved, &entropy).unwrap().is_none());
        assert!(both.reseal(Place { row: "2", ..HERE }, &sealed, &entropy).is_err());
    }

    #[test]
    fn a_missing_or_short_key_is_a_fault() {
        for text in ["", "# nothing", "c2hvcnQ=", "not base64!"] {
            assert!(Sealer::from_kms(&Fixed(Secret::new(text))).is_err(), "{text:?}");
        }
    }
}
