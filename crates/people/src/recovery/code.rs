//! The text of a recovery code: seven groups of four from Crockford's alphabet, which has no letter that reads as a digit.

use base::entropy::draw;
use base::{Digest, Entropy, Fault, Secret};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LEN: usize = 28;
const GROUP: usize = 4;

/// A recovery code in its one spelling: 28 letters of five random bits each.
pub(super) struct RecoveryCode(Secret);

impl RecoveryCode {
    /// A new one.
    pub fn draw(entropy: &dyn Entropy) -> Result<RecoveryCode, Fault> {
        let bytes: [u8; LEN] = draw(entropy)?;
        let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from));
        Ok(RecoveryCode(Secret::new(letters.collect::<String>())))
    }

    /// From what was typed: hyphens, spaces and case do not matter, O is 0, I and L are 1. Nothing when it can be no code of ours.
    pub fn read(typed: &str) -> Option<RecoveryCode> {
        let mut letters = String::with_capacity(LEN);
        for letter in typed.chars().filter(|letter| !matches!(letter, '-' | ' ' | '\t' | '\u{2010}'..='\u{2015}')) {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if letters.len() == LEN || !letter.is_ascii() || !ALPHABET.contains(&(letter as u8)) {
                return None;
            }
            letters.push(letter);
        }
        (letters.len() == LEN).then(|| RecoveryCode(Secret::new(letters)))
    }

    /// As the person sees it.
    pub fn shown(&self) -> Secret {
        let mut text = String::with_capacity(LEN + LEN / GROUP);
        for (place, letter) in self.0.reveal().chars().enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        Secret::new(text)
    }

    /// The only form that is stored.
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededEntropy;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = RecoveryCode::draw(&SeededEntropy::new(1)).unwrap();
        let shown = code.shown().reveal().to_owned();
        assert_eq!(shown.len(), 34);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', " "),
            shown.replace('-', ""),
            shown.replace('0', "o").replace('1', "l"),
        ] {
            assert!(RecoveryCode::read(&typed).unwrap().digest() == code.digest(), "{typed}");
        }
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        for typed in ["", "1234", "U".repeat(28).as_str(), &"A".repeat(29), "é"] {
            assert!(RecoveryCode::read(typed).is_none());
        }
    }
}
