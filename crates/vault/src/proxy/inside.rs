//! Looking into compressed bodies. A service that was asked not to compress may do so nevertheless, and echo a credential in it
//! (threat 150).
//!
//! Promise: what passes is what came, byte for byte; a piece passes only when everything up to its end is known to hold no secret and
//! no beginning of one. A body that holds one breaks off. Nothing that is unpacked is kept, so a bomb (threat 152) costs time and no memory.

use super::outflow::Broken;
use super::redact::Redactor;
use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// No body is longer when it is unpacked.
const MOST_UNPACKED: u64 = 4 << 30;

/// A compressed body on its way through.
pub(super) struct Inspecting {
    decoder: MultiGzDecoder<Looking>,
    held: BytesMut,
}

/// True for an encoding that can be looked into.
pub(super) fn is_known(encoding: &[u8]) -> bool {
    encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")
}

impl Inspecting {
    pub(super) fn of(redactor: Redactor) -> Inspecting {
        let looking = Looking { redactor, tail: Vec::new(), count: 0, is_found: false };
        Inspecting { decoder: MultiGzDecoder::new(looking), held: BytesMut::new() }
    }

    /// Takes a piece and gives what can go on.
    pub(super) fn piece(&mut self, piece: &Bytes) -> Result<Bytes, Broken> {
        let read = self.decoder.write_all(piece).and_then(|()| self.decoder.flush());
        if self.decoder.get_ref().is_found {
            return Err(Broken("the answer holds the credential"));
        }
        read.map_err(|_| Broken("the answer is not compressed as it says"))?;
        self.held.extend_from_slice(piece);
        Ok(if self.decoder.get_ref().is_clear() { self.held.split().freeze() } else { Bytes::new() })
    }

    /// What was held back and turned out to be no secret.
    pub(super) fn rest(&mut self) -> Bytes {
        self.held.split().freeze()
    }
}

/// Reads what is unpacked and keeps only what may be the beginning of a secret.
struct Looking {
    redactor: Redactor,
    tail: Vec<u8>,
    count: u64,
    is_found: bool,
}

impl Looking {
    fn is_clear(&self) -> bool {
        self.tail.is_empty()
    }
}

impl Write for Looking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count += bytes.len() as u64;
        self.tail.extend_from_slice(bytes);
        if self.redactor.finds(&self.tail) {
            self.is_found = true;
        }
        if self.is_found || self.count > MOST_UNPACKED {
            return Err(io::Error::other("it passes no further"));
        }
        let pending = self.redactor.pending(&self.tail, 0);
        self.tail.drain(..self.tail.len() - pending);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Credential;
    use base::Secret;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn through(bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
        let credential = Credential::of([("key", Secret::new("s3cret-token-9000"))]);
        let mut inspecting = Inspecting::of(Redactor::of(&credential, &[]).unwrap());
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            match inspecting.piece(&Bytes::copy_from_slice(piece)) {
                Ok(piece) => out.extend_from_slice(&piece),
                Err(_) => return (out, true),
            }
        }
        out.extend_from_slice(&inspecting.rest());
        (out, false)
    }

    #[test]
    fn honest_bodies_pass_as_they_came() {
        let body = packed(&b"all is well, s3cret-to-nobody ".repeat(5000));
        for size in [1, 7, 1000, 1 << 20] {
            assert_eq!(through(&body, size), (body.clone(), false), "{size}");
        }
    }

    #[test]
    fn threat_150_a_compressed_credential_does_not_pass() {
        let noise: Vec<u8> = (0..20_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let body = packed(&[noise.as_slice(), b"s3cret-token-9000"].concat());
        for size in [1, 13, 4096, 1 << 20] {
            let (out, is_broken) = through(&body, size);
            assert!(is_broken, "{size}");
            let mut decoder = MultiGzDecoder::new(Vec::new());
            let _ = decoder.write_all(&out);
            let _ = decoder.flush();
            let seen = decoder.get_ref();
            assert!(!seen.windows(6).any(|part| part == b"s3cret"), "{size}: a piece of it passed");
        }
        assert!(through(b"this is no gzip at all", 5).1);
    }
}
