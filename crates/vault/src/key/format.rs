//! How the text of a key reads (`connect-wire.md` 2.2): the kind in front, what is secret, a checksum behind.
//!
//! Promise: what the published clients refuse is refused here too. Keys that we make up are of the scoped form, but for those of
//! agents, which clients expect in the classic one; a classic key that an operator gives is taken as it is.

use crate::KeyKind;
use base::bearer::crc32;
use base::entropy::draw;
use base::{Entropy, Fault, Secret};
use std::str;

const CLASSIC: &str = "alter_key_";
const CLASSIC_LEN: usize = 40;
const RANDOM_LEN: usize = 22;
const CHECK_LEN: usize = 6;
/// So much of the secret part stands in lists.
const SHOWN_LEN: usize = 4;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Six bits a letter, as base64url has them.
const CLASSIC_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a well-formed text says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The kind is for the row to tell: an app's or an agent's.
    Classic,
    Scoped(KeyKind),
}

/// Reads the form; nothing when a client of the wire would not send it.
pub fn form(text: &str) -> Option<Form> {
    if let Some(secret) = text.strip_prefix(CLASSIC) {
        let is_legal = secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        return (is_legal && secret.len() == CLASSIC_LEN).then_some(Form::Classic);
    }
    let (tag, rest) = text.strip_prefix("alter_")?.split_once('_')?;
    let (random, check) = rest.split_once('_')?;
    let kind = KeyKind::parse(tag)?;
    let is_legal = random.len() == RANDOM_LEN && random.bytes().all(|byte| ALPHABET.contains(&byte));
    (is_legal && check == checksum(tag, random)).then_some(Form::Scoped(kind))
}

/// A new key of a kind: 110 random bits in the scoped form, 240 in an agent's.
pub fn mint(kind: KeyKind, entropy: &dyn Entropy) -> Result<Secret, Fault> {
    if kind == KeyKind::Agent {
        let random: [u8; CLASSIC_LEN] = draw(entropy)?;
        return Ok(Secret::new(format!("{CLASSIC}{}", spelled(&random, CLASSIC_ALPHABET))));
    }
    let random: [u8; RANDOM_LEN] = draw(entropy)?;
    let (tag, random) = (kind.as_str(), spelled(&random, ALPHABET));
    Ok(Secret::new(format!("alter_{tag}_{random}_{}", checksum(tag, &random))))
}

/// The beginning of a key, by which people tell it from others.
pub fn hint(key: &Secret) -> String {
    let text = key.reveal();
    let head = if text.starts_with(CLASSIC) { CLASSIC.len() } else { "alter_rk_".len() };
    text.get(..head + SHOWN_LEN).unwrap_or_default().to_owned()
}

/// Each byte as one letter. The alphabets' lengths divide 256, so that every letter is as likely as any other.
fn spelled(bytes: &[u8], alphabet: &[u8]) -> String {
    let letter = |byte: &u8| alphabet.get(usize::from(*byte) % alphabet.len()).copied().map_or('a', char::from);
    bytes.iter().map(letter).collect()
}

fn checksum(tag: &str, random: &str) -> String {
    let crc = crc32(format!("{tag}:{random}").as_bytes());
    let places: Vec<u8> = (0..CHECK_LEN).map(|place| (crc >> (5 * place)) as u8 & 31).collect();
    spelled(&places, ALPHABET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SystemEntropy;

    #[test]
    fn the_examples_of_the_wire_are_well_formed() {
        for (text, kind) in [
            ("alter_rk_abcdefghijklmnopqrstuv_iwpykn", KeyKind::App),
            ("alter_ak_abcdefghijklmnopqrstuv_v7lnv3", KeyKind::Agent),
            ("alter_dk_abcdefghijklmnopqrstuv_ai5awu", KeyKind::Derived),
            ("alter_pk_abcdefghijklmnopqrstuv_vegumf", KeyKind::Publishable),
        ] {
            assert_eq!(form(text), Some(Form::Scoped(kind)));
        }
        assert_eq!(form(&format!("alter_key_{}", "a-_Z".repeat(10))), Some(Form::Classic));
    }

    #[test]
    fn what_a_client_would_not_send_is_no_key() {
        for text in [
            "",
            "alter_",
            "alter_rk_abcdefghijklmnopqrstuv_iwpyko",
            "alter_ak_abcdefghijklmnopqrstuv_iwpykn",
            "alter_xk_abcdefghijklmnopqrstuv_iwpykn",
            "alter_rk_ABCDEFGHIJKLMNOPQRSTUV_iwpykn",
            "alter_rk_abcdefghijklmnopqrstu_iwpykn",
            "alter_key_app_0123456789",
            "alter_key_äaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(form(text), None, "{text}");
        }
        assert_eq!(form(&format!("alter_key_{}", "a".repeat(41))), None);
    }

    #[test]
    fn a_minted_key_reads_as_what_it_is_and_shows_little_of_itself() {
        for kind in [KeyKind::App, KeyKind::Derived, KeyKind::Publishable] {
            let key = mint(kind, &SystemEntropy).unwrap();
            assert_eq!(form(key.reveal()), Some(Form::Scoped(kind)));
            assert_eq!(hint(&key).len(), "alter_rk_".len() + 4);
        }
        let key = mint(KeyKind::Agent, &SystemEntropy).unwrap();
        assert_eq!(form(key.reveal()), Some(Form::Classic));
        assert!(!mint(KeyKind::Agent, &SystemEntropy).unwrap().is_same(&key));
    }
}
