//! Logos: raster pictures, told apart by their first bytes and never by what somebody says they are.

use super::rows;
use base::Fault;
use db::Tx;

/// The largest picture we keep.
pub const MOST_BYTES: usize = 256 * 1024;

/// A picture and its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    media: &'static str,
    bytes: Vec<u8>,
}

impl Logo {
    /// Reads a picture; nothing when it is no PNG, JPEG, GIF or WebP.
    pub fn read(bytes: Vec<u8>) -> Option<Logo> {
        let media = media(&bytes)?;
        Some(Logo { media, bytes })
    }

    /// The media type to serve it with.
    pub fn media(&self) -> &'static str {
        self.media
    }

    /// The picture.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The picture with this id, for `/logos/{id}`.
pub fn find_logo(tx: &mut Tx<'_>, id: &str) -> Result<Option<Logo>, Fault> {
    rows::logo(tx, id)
}

fn media(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Some("image/jpeg");
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        return Some("image/gif");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        let media = |bytes: &[u8]| Logo::read(bytes.to_vec()).map(|logo| logo.media());
        assert_eq!(media(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(media(b"\xff\xd8\xff\xe0...."), Some("image/jpeg"));
        assert_eq!(media(b"GIF89a...."), Some("image/gif"));
        assert_eq!(media(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"<html>", b"", b"RIFF", b"BM......"] {
            assert_eq!(media(other), None);
        }
    }
}
