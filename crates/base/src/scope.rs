//! Scopes: sets of words (RFC 6749 §3.3), and the algebra that consent needs.

use std::fmt;

/// A set of scope tokens. Order and repetition carry no meaning; text form is sorted by first appearance.
#[derive(Debug, Clone, Default)]
pub struct Scope(Vec<String>);

impl PartialEq for Scope {
    fn eq(&self, other: &Scope) -> bool {
        self.covers(other) && other.covers(self)
    }
}

impl Eq for Scope {}

impl Scope {
    /// The empty set.
    pub fn empty() -> Scope {
        Scope(Vec::new())
    }

    /// Reads a space-separated list; nothing when a token holds a character that RFC 6749 §3.3 forbids.
    pub fn parse(text: &str) -> Option<Scope> {
        let mut scope = Scope::empty();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            let is_legal = token.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            if !is_legal {
                return None;
            }
            scope.add(token);
        }
        Some(scope)
    }

    /// From words that are known to be legal (our own constants, stored rows).
    pub fn of<I: IntoIterator<Item = S>, S: AsRef<str>>(tokens: I) -> Scope {
        let mut scope = Scope::empty();
        for token in tokens {
            scope.add(token.as_ref());
        }
        scope
    }

    fn add(&mut self, token: &str) {
        if !self.has(token) {
            self.0.push(token.to_owned());
        }
    }

    /// True when the word is in the set.
    pub fn has(&self, token: &str) -> bool {
        self.0.iter().any(|own| own == token)
    }

    /// True when every word of `other` is in this set.
    pub fn covers(&self, other: &Scope) -> bool {
        other.0.iter().all(|token| self.has(token))
    }

    /// True when there is no word in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many words.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The words, by first appearance.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// What both hold.
    pub fn intersection(&self, other: &Scope) -> Scope {
        Scope::of(self.iter().filter(|token| other.has(token)))
    }

    /// What either holds.
    pub fn union(&self, other: &Scope) -> Scope {
        Scope::of(self.iter().chain(other.iter()))
    }

    /// What this set holds and the other does not.
    pub fn without(&self, other: &Scope) -> Scope {
        Scope::of(self.iter().filter(|token| !other.has(token)))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_scope() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[a-f]", 0..6).prop_map(Scope::of)
    }

    proptest! {
        #[test]
        fn narrowing_never_widens(granted in any_scope(), asked in any_scope()) {
            let narrowed = granted.intersection(&asked);
            prop_assert!(granted.covers(&narrowed));
            prop_assert!(asked.covers(&narrowed));
        }

        #[test]
        fn union_covers_both_and_adds_nothing(a in any_scope(), b in any_scope()) {
            let both = a.union(&b);
            prop_assert!(both.covers(&a) && both.covers(&b));
            prop_assert!(both.without(&a).without(&b).is_empty());
        }

        #[test]
        fn text_reads_back(a in any_scope()) {
            prop_assert_eq!(Scope::parse(&a.to_string()).unwrap(), a);
        }
    }

    #[test]
    fn control_characters_quotes_and_backslashes_are_no_scope() {
        for text in ["a\tb", "a\"b", "a\\b", "a\u{0}b", "é"] {
            assert!(Scope::parse(text).is_none(), "{text:?}");
        }
    }
}
