//! Taking credentials out of what comes back (threat 150): a service may echo what it was sent.
//!
//! Promise: no secret of the credential passes, in a body or a header, in clear or in the forms in which it was or may have been
//! written (base64, percent-encoded, in JSON), wherever the pieces of a body are cut. Lengths stay as they are, so that a told length
//! remains true. Bytes are held back only while they may be the beginning of a secret.

use crate::connection::Credential;
use aho_corasick::{AhoCorasick, MatchKind};
use base::{Fault, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A shorter one would be found in honest text, and would be told by what is missing.
const SHORTEST: usize = 6;
const FILL: u8 = b'*';

/// What is looked for. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redactor(Arc<Parts>);

struct Parts {
    finder: AhoCorasick,
    patterns: Vec<Zeroizing<Vec<u8>>>,
    longest: usize,
    /// Bytes with which one of them begins.
    heads: Vec<u8>,
}

impl Redactor {
    /// Looks for every secret of a credential and for what was made of them.
    pub(crate) fn of(credential: &Credential, made: &[Secret]) -> Result<Redactor, Fault> {
        let mut patterns: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for secret in credential.secrets().chain(made) {
            forms(secret.reveal().as_bytes(), &mut patterns);
        }
        if let (Some(user), Some(password)) = (credential.get("user"), credential.get("password")) {
            let pair = Secret::new(format!("{}:{}", user.reveal(), password.reveal()));
            forms(pair.reveal().as_bytes(), &mut patterns);
        }
        patterns.sort_by(|one, other| one.as_slice().cmp(other.as_slice()));
        patterns.dedup();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.iter().map(|pattern| pattern.as_slice()))
            .map_err(|_| Fault::new("redactor: its patterns do not fit"))?;
        let longest = patterns.iter().map(|pattern| pattern.len()).max().unwrap_or(0);
        let mut heads: Vec<u8> = patterns.iter().filter_map(|pattern| pattern.first().copied()).collect();
        heads.sort_unstable();
        heads.dedup();
        Ok(Redactor(Arc::new(Parts { finder, patterns, longest, heads })))
    }

    /// The headers without secrets.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if self.0.finder.is_match(value.as_bytes()) {
                let mut bytes = value.as_bytes().to_vec();
                self.cover(&mut bytes);
                *value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("[redacted]"));
            }
        }
    }

    /// For one body.
    pub(crate) fn course(&self) -> Redacting {
        Redacting { redactor: self.clone(), held: BytesMut::new() }
    }

    /// Covers every secret; gives where the last one ended.
    fn cover(&self, bytes: &mut [u8]) -> usize {
        let mut end = 0;
        let found: Vec<(usize, usize)> =
            self.0.finder.find_iter(&*bytes).map(|found| (found.start(), found.end())).collect();
        for (from, to) in found {
            if let Some(place) = bytes.get_mut(from..to) {
                place.fill(FILL);
            }
            end = to;
        }
        end
    }

    /// True when a secret is in it.
    pub(super) fn finds(&self, bytes: &[u8]) -> bool {
        self.0.finder.is_match(bytes)
    }

    /// How many bytes at the end, after `from`, may be the beginning of a secret.
    pub(super) fn pending(&self, bytes: &[u8], from: usize) -> usize {
        let most = bytes.len().saturating_sub(from).min(self.0.longest.saturating_sub(1));
        (1..=most)
            .rev()
            .find(|length| {
                let tail = bytes.get(bytes.len() - length..).unwrap_or_default();
                tail.first().is_some_and(|head| self.0.heads.contains(head))
                    && self.0.patterns.iter().any(|pattern| pattern.len() > *length && pattern.starts_with(tail))
            })
            .unwrap_or(0)
    }
}

/// A body on its way through.
pub(crate) struct Redacting {
    redactor: Redactor,
    held: BytesMut,
}

impl Redacting {
    /// Takes a piece and gives what can go on.
    pub(crate) fn piece(&mut self, piece: Bytes) -> Bytes {
        // The usual piece holds nothing and ends in nothing that begins a secret: it goes on as it is.
        if self.held.is_empty() && !self.redactor.0.finder.is_match(&piece) && self.redactor.pending(&piece, 0) == 0 {
            return piece;
        }
        self.held.extend_from_slice(&piece);
        let end = self.redactor.cover(&mut self.held);
        let pending = self.redactor.pending(&self.held, end);
        self.held.split_to(self.held.len() - pending).freeze()
    }

    /// What was held back and turned out to be no secret.
    pub(crate) fn rest(&mut self) -> Bytes {
        self.held.split().freeze()
    }
}

/// The forms in which a text may come back.
fn forms(text: &[u8], patterns: &mut Vec<Zeroizing<Vec<u8>>>) {
    if text.len() < SHORTEST {
        return;
    }
    patterns.push(Zeroizing::new(text.to_vec()));
    // Within a longer text that was encoded, it begins at one of three places; what its neighbours have a part in is left out.
    for skipped in 0..3_usize {
        let mut whole = Zeroizing::new(vec![0; skipped]);
        whole.extend_from_slice(text);
        for encoded in [STANDARD_NO_PAD.encode(&*whole), URL_SAFE_NO_PAD.encode(&*whole)] {
            let from = (skipped * 8).div_ceil(6);
            let to = whole.len() * 8 / 6;
            if let Some(inner) = encoded.as_bytes().get(from..to).filter(|inner| inner.len() >= SHORTEST) {
                patterns.push(Zeroizing::new(inner.to_vec()));
            }
        }
    }
    let text = Zeroizing::new(String::from_utf8_lossy(text).into_owned());
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let quoted = serde_json::to_string(&*text).unwrap_or_default();
    let quoted = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let slashed = quoted.replace('/', "\\/");
    for form in [encoded.replace('+', "%20"), encoded, quoted, slashed] {
        if form.as_bytes() != text.as_bytes() {
            patterns.push(Zeroizing::new(form.into_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "fat_s3cr3t/with+marks=";

    fn redactor() -> Redactor {
        let credential =
            Credential::of([("access_token", Secret::new(TOKEN)), ("refresh_token", Secret::new("another-secret"))]);
        Redactor::of(&credential, &[Secret::new("Bearer fat_s3cr3t/with+marks=")]).unwrap()
    }

    fn through(redactor: &Redactor, pieces: &[&[u8]]) -> Vec<u8> {
        let mut course = redactor.course();
        let mut out: Vec<u8> =
            pieces.iter().flat_map(|piece| course.piece(Bytes::copy_from_slice(piece)).to_vec()).collect();
        out.extend_from_slice(&course.rest());
        out
    }

    #[test]
    fn threat_150_a_secret_is_covered_wherever_a_body_is_cut() {
        let redactor = redactor();
        let text = format!("{{\"got\":\"{TOKEN}\",\"more\":\"another-secret\"}}");
        for first in 0..text.len() {
            for second in first..text.len() {
                let (one, rest) = text.as_bytes().split_at(first);
                let (two, three) = rest.split_at(second - first);
                let out = through(&redactor, &[one, two, three]);
                assert_eq!(out.len(), text.len());
                let out = String::from_utf8(out).unwrap();
                assert!(!out.contains("s3cr3t") && !out.contains("another"), "{first} {second}: {out}");
                assert!(out.starts_with("{\"got\":\"***") && out.ends_with("***\"}"), "{out}");
            }
        }
    }

    #[test]
    fn every_form_of_a_secret_is_covered() {
        let redactor = redactor();
        let json = serde_json::to_string("a\"b\\c-secret").unwrap();
        let quoted = Redactor::of(&Credential::of([("key", Secret::new("a\"b\\c-secret"))]), &[]).unwrap();
        assert!(!String::from_utf8(through(&quoted, &[json.as_bytes()])).unwrap().contains("-secret"));
        for (before, after) in [("", ""), ("x", ""), ("xy", "z"), ("user:", "!"), ("Bearer ", "\r\n")] {
            for engine in [&base64::engine::general_purpose::STANDARD, &base64::engine::general_purpose::URL_SAFE] {
                let encoded = engine.encode(format!("{before}{TOKEN}{after}"));
                let out = String::from_utf8(through(&redactor, &[encoded.as_bytes()])).unwrap();
                assert!(out.matches('*').count() > 20, "{before}: {out}");
            }
        }
        let encoded: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
        assert!(through(&redactor, &[encoded.as_bytes()]).iter().all(|byte| *byte == FILL));
        let slashed = TOKEN.replace('/', "\\/");
        assert!(through(&redactor, &[slashed.as_bytes()]).iter().all(|byte| *byte == FILL));
        let basic = Credential::of([("user", Secret::new("ada")), ("password", Secret::new("pw"))]);
        let out = through(&Redactor::of(&basic, &[]).unwrap(), &[b"x ada:pw y"]);
        assert_eq!(out, b"x ****** y");
    }

    #[test]
    fn headers_are_covered_and_keep_their_length() {
        let mut headers = HeaderMap::new();
        headers.insert("x-echo", format!("Bearer {TOKEN}!").parse().unwrap());
        headers.insert("x-plain", "nothing".parse().unwrap());
        redactor().headers(&mut headers);
        assert_eq!(headers["x-echo"], format!("{}!", "*".repeat(7 + TOKEN.len())).as_str());
        assert_eq!(headers["x-plain"], "nothing");
    }

    #[test]
    fn honest_bytes_are_not_held_back() {
        let redactor = redactor();
        let mut course = redactor.course();
        assert_eq!(course.piece(Bytes::from_static(b"data: hello\n\n")), "data: hello\n\n");
        assert_eq!(course.piece(Bytes::from_static(b"data: fat_")), "data: ");
        assert_eq!(course.piece(Bytes::from_static(b"boy\n\n")), "fat_boy\n\n");
        assert!(course.rest().is_empty());
    }

    proptest! {
        #[test]
        fn no_cut_lets_a_secret_through(noise in prop::collection::vec("[a-f_ta3crs/+=*]{0,12}", 1..6), cuts in prop::collection::vec(0_usize..200, 0..6)) {
            let redactor = redactor();
            let text = noise.join(TOKEN);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&text.as_bytes()[from..cut]);
                from = cut;
            }
            pieces.push(&text.as_bytes()[from..]);
            let out = through(&redactor, &pieces);
            prop_assert_eq!(out.len(), text.len());
            prop_assert!(!String::from_utf8(out).unwrap().contains(TOKEN));
        }
    }
}
