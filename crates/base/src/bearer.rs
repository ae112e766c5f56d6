//! Bearer secrets (tokens, codes, session ids): a prefix that tells the kind, the number of the row, 256 random bits, a checksum.
//!
//! Promise: the number finds the row in key order; only the SHA-256 of the whole text is stored, and nothing of a row may be
//! acted on before [`Bearer::opens`] has said yes. The checksum lets secret scanners tell a token from noise without asking us.

use crate::digest::Digest;
use crate::entropy::{Entropy, draw};
use crate::fault::Fault;
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const NUMBER_LEN: usize = 8;
const RANDOM_LEN: usize = 32;
const CHECK_LEN: usize = 4;
const RAW_LEN: usize = NUMBER_LEN + RANDOM_LEN + CHECK_LEN;

/// A bearer secret and the number of the row it names.
#[derive(Debug, Clone)]
pub struct Bearer {
    number: i64,
    secret: Secret,
    digest: Digest,
}

impl Bearer {
    /// Mints a secret for a row. `prefix` tells the kind (`pat_`, `prt_`, …).
    pub fn mint(prefix: &str, number: i64, entropy: &dyn Entropy) -> Result<Bearer, Fault> {
        let random: [u8; RANDOM_LEN] = draw(entropy)?;
        let mut raw = Vec::with_capacity(RAW_LEN);
        raw.extend_from_slice(&number.to_be_bytes());
        raw.extend_from_slice(&random);
        raw.extend_from_slice(&checksum(prefix, &raw));
        let secret = Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(&raw)));
        let digest = secret.digest();
        Ok(Bearer { number, secret, digest })
    }

    /// Reads a secret of this kind; nothing when prefix, length, alphabet or checksum are wrong.
    pub fn parse(prefix: &str, text: &str) -> Option<Bearer> {
        let encoded = text.strip_prefix(prefix)?;
        let mut raw = [0u8; RAW_LEN];
        let read = URL_SAFE_NO_PAD.decode_slice(encoded, &mut raw).ok()?;
        let (body, check) = raw.split_at_checked(NUMBER_LEN + RANDOM_LEN)?;
        if read != RAW_LEN || check != checksum(prefix, body) {
            return None;
        }
        let number = i64::from_be_bytes(body.get(..NUMBER_LEN)?.try_into().ok()?);
        let secret = Secret::new(text);
        let digest = secret.digest();
        Some(Bearer { number, secret, digest })
    }

    /// The number of the row that this secret names.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// The SHA-256 of the whole text, the only form that is stored.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The text, for the one answer that hands it out.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// True when the stored digest is this secret's. With no row, compares against a dummy so that both cases cost the same.
    pub fn opens(&self, stored: Option<&[u8]>) -> bool {
        const NOTHING: [u8; 32] = [0; 32];
        Digest::from_bytes(stored.unwrap_or(&NOTHING)).is_some_and(|stored| stored == self.digest)
    }
}

fn checksum(prefix: &str, body: &[u8]) -> [u8; CHECK_LEN] {
    let mut text = Vec::with_capacity(prefix.len() + body.len());
    text.extend_from_slice(prefix.as_bytes());
    text.extend_from_slice(body);
    crc32(&text).to_be_bytes()
}

/// CRC-32 (IEEE 802.3), the checksum that secret scanners expect.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    }) ^ u32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_bearer_reads_back_and_every_changed_character_is_noticed() {
        let minted = Bearer::mint("pat_", 42, &SeededEntropy::new(1)).unwrap();
        let text = minted.secret().reveal().to_owned();
        let read = Bearer::parse("pat_", &text).unwrap();
        assert_eq!(read.number(), 42);
        assert!(read.opens(Some(minted.digest().bytes())));
        assert!(!read.opens(None));
        assert!(Bearer::parse("prt_", &text).is_none());
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            assert!(Bearer::parse("pat_", std::str::from_utf8(&bytes).unwrap()).is_none());
        }
    }

    #[test]
    fn crc32_is_the_ieee_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
