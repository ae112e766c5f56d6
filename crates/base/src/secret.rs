//! Secrets: values that cannot be printed, logged, serialized or compared in variable time.

use crate::digest::Digest;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret text (a token, a code, a password, a key). Wiped when dropped.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into keeping.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself. Call it only where it leaves for its one rightful reader.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the text, the only form that is stored.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// True when both are the same text; the time taken tells nothing but the length.
    pub fn is_same(&self, other: &Secret) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// True when nothing is inside.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
