//! Logos: raster pictures, told apart by their first bytes and never by what somebody says they are.

use super::rows;
use base::{Fault, Raster};
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
        let Raster { media, bytes } = Raster::read(&bytes)?;
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
