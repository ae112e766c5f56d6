//! An address in its one spelling (threat 111).

use crate::refusal::{Code, Error, refuse};

const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// An e-mail address: printable ASCII, the domain in small letters. The local part keeps its case, as RFC 5321 §2.4 asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// From what was typed.
    pub fn parse(typed: &str) -> Result<Address, Error> {
        Address::read(typed.trim()).ok_or_else(|| refuse(Code::EmailInvalid, "this is no e-mail address; check it"))
    }

    fn read(typed: &str) -> Option<Address> {
        let (local, domain) = typed.rsplit_once('@')?;
        let is_local = !local.is_empty()
            && local.len() <= LONGEST_LOCAL
            && local.split('.').all(|part| !part.is_empty() && part.bytes().all(is_atom));
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        (is_local && is_domain && typed.len() <= LONGEST)
            .then(|| Address(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `atext` of RFC 5322 §3.2.3: no quotes, no spaces, nothing that a mail header could take for something else.
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        assert_eq!(Address::parse(" Ada.Moreau+x@EXAMPLE.Org ").unwrap().as_str(), "Ada.Moreau+x@example.org");
    }

    #[test]
    fn what_a_mail_header_could_misread_is_refused() {
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@localhost",
            "ada@exаmple.org",
            "ada@example.org\r\nBcc: b@c.de",
            "a b@example.org",
            "\"a\"@example.org",
            "a@b@example.org",
            "ada@-x.org",
            "a..b@example.org",
            "ada@example.org,b@c.de",
            "<ada@example.org>",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
