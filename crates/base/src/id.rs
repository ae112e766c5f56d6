//! Ids: one type for each thing, so that no id can stand where another belongs.
//!
//! Promise: every id but those a client must not be able to date (`sub`, `sid`) begins with the time it was made, so that
//! rows arrive in key order. Row numbers ascend within a process and never repeat there.

use crate::digest::hex;
use crate::entropy::{Entropy, draw};
use crate::fault::Fault;
use crate::time::Time;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

/// A UUID in canonical lowercase text (RFC 9562).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(String);

impl Uuid {
    /// Version 4: random, tells nothing.
    pub fn random(entropy: &dyn Entropy) -> Result<Uuid, Fault> {
        Ok(Uuid::format(draw(entropy)?, 4))
    }

    /// Version 7: 48 bits of milliseconds, the rest random.
    pub fn at(now: Time, entropy: &dyn Entropy) -> Result<Uuid, Fault> {
        let mut bytes: [u8; 16] = draw(entropy)?;
        for (to, from) in bytes.iter_mut().zip(now.ms().to_be_bytes().iter().skip(2)) {
            *to = *from;
        }
        Ok(Uuid::format(bytes, 7))
    }

    /// From text; nothing unless it is canonical: lowercase, with hyphens.
    pub fn parse(text: &str) -> Option<Uuid> {
        let is_canonical = text.len() == 36
            && text.bytes().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        is_canonical.then(|| Uuid(text.to_owned()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn format(mut bytes: [u8; 16], version: u8) -> Uuid {
        bytes[6] = (bytes[6] & 0x0f) | (version << 4);
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let digits = hex(&bytes);
        let mut text = String::with_capacity(36);
        for (place, digit) in digits.chars().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(digit);
        }
        Uuid(text)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// From stored or received text. The text is not proven to name a row.
            pub fn from_text(text: impl Into<String>) -> $name {
                $name(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        text_id!($(#[$meta])* $name);
        impl $name {
            /// A new id: the prefix, 48 bits of milliseconds and 80 random bits in hexadecimal.
            pub fn new(now: Time, entropy: &dyn Entropy) -> Result<$name, Fault> {
                let random: [u8; 10] = draw(entropy)?;
                Ok($name(format!(concat!($prefix, "{:012x}{}"), now.ms(), hex(&random))))
            }
        }
    };
    ($(#[$meta:meta])* $name:ident, uuid $version:ident) => {
        text_id!($(#[$meta])* $name);
        text_id!(@new $name, $version);
    };
    (@new $name:ident, v4) => {
        impl $name {
            /// A new id: a random UUID, which tells no time.
            pub fn new(entropy: &dyn Entropy) -> Result<$name, Fault> {
                Ok($name(Uuid::random(entropy)?.0))
            }
        }
    };
    (@new $name:ident, v7) => {
        impl $name {
            /// A new id: a time-ordered UUID.
            pub fn new(now: Time, entropy: &dyn Entropy) -> Result<$name, Fault> {
                Ok($name(Uuid::at(now, entropy)?.0))
            }
        }
    };
}

text_id!(/** A person. Never shown to apps. */ AccountId, "acc_");
text_id!(/** A persona of an account; its text is `sub`. */ IdentityId, uuid v4);
text_id!(/** A device of an account. */ DeviceId, "dev_");
text_id!(/** A passkey of an account (our id, not the credential id). */ PasskeyId, "pky_");
text_id!(/** A team of developers. */ OrganizationId, "org_");
text_id!(/** A client: `app_` + 32 hex, or `origin:…` for a Quick app. Its text is `client_id`. */ AppId, "app_");
text_id!(/** A resource that an app offers. */ ResourceId, "res_");
text_id!(/** A node of the grant ledger. */ GrantId, uuid v7);
text_id!(/** A non-human actor of an app. */ AgentId, uuid v7);
text_id!(/** A linked account. */ ConnectionId, uuid v7);
text_id!(/** A person whom we know by an app's own identity provider. */ AppUserId, uuid v7);
text_id!(/** A key of an app or an agent. */ KeyId, uuid v7);
text_id!(/** A call that waits for a person. */ ApprovalId, uuid v7);

/// Gives out row numbers: 41 bits of milliseconds and a 22-bit tie-breaker, ascending within this process.
///
/// Two processes can draw the same number (one chance in four million for each pair in one millisecond): the insert then
/// clashes and the caller runs its transaction again.
#[derive(Debug, Default)]
pub struct Numbers(AtomicI64);

const TIE_BITS: u32 = 22;

impl Numbers {
    /// A fresh source.
    pub const fn new() -> Numbers {
        Numbers(AtomicI64::new(0))
    }

    /// The next number.
    pub fn next(&self, now: Time, entropy: &dyn Entropy) -> Result<i64, Fault> {
        let tie = i64::from(u32::from_be_bytes(draw(entropy)?) >> (32 - TIE_BITS));
        let drawn = ((now.ms() & ((1 << 41) - 1)) << TIE_BITS) | tie;
        // A tie-breaker below the last one of the same millisecond would break the order: step past the last instead.
        let step = |last: i64| Some(if drawn > last { drawn } else { last + 1 });
        let last = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap_or_default();
        Ok(if drawn > last { drawn } else { last + 1 })
    }
}

/// The least row number that can be drawn at a moment.
pub fn first_number_at(at: Time) -> i64 {
    (at.ms() & ((1 << 41) - 1)) << TIE_BITS
}

/// The moment a row number was drawn.
pub fn number_time(number: i64) -> Time {
    Time::from_ms(number >> TIE_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn numbers_ascend_within_a_millisecond() {
        let (numbers, entropy) = (Numbers::new(), SeededEntropy::new(7));
        let mut last = 0;
        for _ in 0..10_000 {
            let next = numbers.next(Time::from_ms(1_800_000_000_000), &entropy).unwrap();
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn uuids_carry_version_and_variant() {
        let entropy = SeededEntropy::new(1);
        let four = Uuid::random(&entropy).unwrap();
        let seven = Uuid::at(Time::from_ms(1_800_000_000_000), &entropy).unwrap();
        assert_eq!(four.as_str().as_bytes()[14], b'4');
        assert_eq!(seven.as_str().as_bytes()[14], b'7');
        assert!(Uuid::parse(seven.as_str()).is_some());
        assert!(Uuid::parse(&seven.as_str().to_uppercase()).is_none());
    }
}
