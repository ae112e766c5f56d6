//! Handles: the public names by which people and apps find an identity (threat 111).
//!
//! Promise: a handle has one spelling, in letters that no other alphabet can imitate; two handles that look alike cannot both exist.

use crate::refusal::{Code, Error, refuse};
use base::likeness;

const SHORTEST: usize = 3;
const LONGEST: usize = 32;

/// Names that would pass for the service itself.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "admin",
    "administrator",
    "api",
    "approve",
    "connect",
    "developers",
    "help",
    "hostmaster",
    "login",
    "logout",
    "moderator",
    "noreply",
    "no_reply",
    "null",
    "official",
    "operator",
    "operators",
    "owner",
    "postmaster",
    "procura",
    "recover",
    "register",
    "root",
    "sdk",
    "security",
    "settings",
    "signin",
    "signup",
    "staff",
    "support",
    "system",
    "undefined",
    "webmaster",
];

/// A handle in its one spelling: 3 to 32 of a–z, 0–9 and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle(String);

impl Handle {
    /// From what was typed; capitals become small. Refuses other alphabets and names of the service.
    pub fn parse(typed: &str) -> Result<Handle, Error> {
        let handle = Handle::read(typed)
            .ok_or_else(|| refuse(Code::HandleInvalid, "a handle has 3 to 32 letters, digits or _; choose another"))?;
        let own = handle.likeness();
        if RESERVED.iter().any(|reserved| own == likeness(reserved)) {
            return Err(refuse(Code::HandleInvalid, "this handle is kept for the service itself; choose another"));
        }
        Ok(handle)
    }

    /// From what was typed to find one: as [`Handle::parse`], but no name is reserved.
    pub(crate) fn read(typed: &str) -> Option<Handle> {
        let typed = typed.trim().trim_start_matches('@');
        let is_plain = typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_plain && (SHORTEST..=LONGEST).contains(&typed.len())).then(|| Handle(typed.to_ascii_lowercase()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What remains when letters that look alike are made one: equal for handles that could be taken for one another.
    pub(crate) fn likeness(&self) -> String {
        likeness(&self.0)
    }
}

pub(crate) fn taken() -> Error {
    refuse(Code::HandleTaken, "this handle is taken; choose another")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_small_letters_and_other_alphabets_are_refused() {
        assert_eq!(Handle::parse("Ada_99").unwrap().as_str(), "ada_99");
        for bad in [
            "ab",
            "",
            "a b c",
            "аda",
            "ａｄａ",
            "ada\u{200d}x",
            "ada-x",
            "ada.x",
            "ſam",
            "İda",
            "a\u{301}da",
            &"a".repeat(33),
        ] {
            assert_eq!(Handle::parse(bad).unwrap_err().code(), Some(Code::HandleInvalid), "{bad}");
        }
    }

    #[test]
    fn handles_that_look_alike_have_one_likeness() {
        let likeness = |text: &str| Handle::parse(text).unwrap().likeness();
        for (one, other) in [("paypal", "paypa1"), ("google", "g00gle"), ("modern", "modem"), ("window", "vvindow")] {
            assert_eq!(likeness(one), likeness(other));
        }
        assert_ne!(likeness("ada"), likeness("eda"));
    }

    #[test]
    fn names_of_the_service_are_reserved_however_they_are_spelled() {
        for bad in ["admin", "ADMIN", "r00t", "supp0rt", "adrnin"] {
            assert!(Handle::parse(bad).is_err(), "{bad}");
        }
    }
}
