//! Raster pictures, read by structure and rebuilt from what a picture needs (threats 60, 182).
//!
//! Promise: what comes out is a PNG, JPEG, GIF or WebP by its own bytes, never by what somebody says about it, and tells nothing
//! besides its pixels: where and when it was taken, by whom and with what stays behind. SVG is a program and no picture.

/// A picture without anything that is not picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// The media type to serve it with.
    pub media: &'static str,
    pub bytes: Vec<u8>,
}

/// One transparent pixel: the smallest PNG there is.
pub const SMALLEST_PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0xda, 0x63, 0x64, 0xf8, 0xcf, 0x50,
    0x0f, 0, 0x03, 0x86, 0x01, 0x80, 0x5a, 0x34, 0x7d, 0x6b, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60,
    0x82,
];

type Read = fn(&mut Reader<'_>) -> Option<Vec<u8>>;

const KINDS: [(&str, Read); 4] = [("image/png", png), ("image/jpeg", jpeg), ("image/gif", gif), ("image/webp", webp)];

impl Raster {
    /// Reads a picture; nothing when it is none of the four kinds, or is broken.
    pub fn read(bytes: &[u8]) -> Option<Raster> {
        KINDS.into_iter().find_map(|(media, read)| Some(Raster { media, bytes: read(&mut Reader(bytes))? }))
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        (self.take(bytes.len())? == bytes).then_some(())
    }
}

/// Chunks (PNG 3rd edition §5.3): those that change how the pixels look are kept.
fn png(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    const KEPT: [&[u8; 4]; 12] =
        [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"acTL", b"fcTL", b"fdAT"];
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    reader.expect(SIGNATURE)?;
    let mut kept = SIGNATURE.to_vec();
    let mut is_first = true;
    loop {
        let length: [u8; 4] = reader.array()?;
        let kind: [u8; 4] = reader.array()?;
        let body = reader.take(u32::from_be_bytes(length) as usize)?;
        let check = reader.take(4)?;
        if is_first && (&kind != b"IHDR" || body.len() != 13) {
            return None;
        }
        is_first = false;
        if KEPT.contains(&&kind) {
            for part in [&length[..], &kind[..], body, check] {
                kept.extend_from_slice(part);
            }
        }
        if &kind == b"IEND" {
            return Some(kept);
        }
    }
}

/// Segments (ITU T.81 §B.1.1): applications' own and comments go, but for JFIF and Adobe's, which tell how the colours are meant.
fn jpeg(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    reader.expect(&[0xff, 0xd8])?;
    let mut kept = vec![0xff, 0xd8];
    let mut has_scan = false;
    let mut marker = next_marker(reader)?;
    loop {
        match marker {
            0xd9 if has_scan => {
                kept.extend_from_slice(&[0xff, 0xd9]);
                return Some(kept);
            }
            0x00 | 0xd0..=0xd9 | 0xff => return None,
            _ => {}
        }
        let length: [u8; 2] = reader.array()?;
        let body = reader.take(usize::from(u16::from_be_bytes(length)).checked_sub(2)?)?;
        let is_foreign = matches!(marker, 0xe1..=0xed | 0xef | 0xfe);
        if !is_foreign {
            kept.extend_from_slice(&[0xff, marker]);
            kept.extend_from_slice(&length);
            kept.extend_from_slice(body);
        }
        marker = if marker == 0xda {
            has_scan = true;
            scan(reader, &mut kept)?
        } else {
            next_marker(reader)?
        };
    }
}

fn next_marker(reader: &mut Reader<'_>) -> Option<u8> {
    reader.expect(&[0xff])?;
    loop {
        match reader.byte()? {
            0xff => {}
            marker => return Some(marker),
        }
    }
}

/// Copies entropy-coded data up to the next marker that is neither stuffing nor a restart.
fn scan(reader: &mut Reader<'_>, kept: &mut Vec<u8>) -> Option<u8> {
    loop {
        let byte = reader.byte()?;
        if byte != 0xff {
            kept.push(byte);
            continue;
        }
        match reader.byte()? {
            stuffed @ (0x00 | 0xd0..=0xd7) => kept.extend_from_slice(&[0xff, stuffed]),
            marker => return Some(marker),
        }
    }
}

/// Blocks (GIF89a §17 to §27): comments, plain text and applications' own go, but for the loop count of an animation.
fn gif(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let head = reader.take(13)?;
    if !head.starts_with(b"GIF87a") && !head.starts_with(b"GIF89a") {
        return None;
    }
    let mut kept = head.to_vec();
    kept.extend_from_slice(reader.take(colours(*head.get(10)?))?);
    loop {
        match reader.byte()? {
            0x3b => {
                kept.push(0x3b);
                return Some(kept);
            }
            0x2c => {
                let descriptor = reader.take(9)?;
                kept.push(0x2c);
                kept.extend_from_slice(descriptor);
                kept.extend_from_slice(reader.take(colours(*descriptor.get(8)?))?);
                kept.push(reader.byte()?);
                kept.extend_from_slice(&sub_blocks(reader)?);
            }
            0x21 => {
                let label = reader.byte()?;
                let blocks = sub_blocks(reader)?;
                let is_loop = label == 0xff && blocks.get(1..12) == Some(b"NETSCAPE2.0");
                if label == 0xf9 || is_loop {
                    kept.extend_from_slice(&[0x21, label]);
                    kept.extend_from_slice(&blocks);
                }
            }
            _ => return None,
        }
    }
}

/// The length of a colour table, by the flags that announce it.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn sub_blocks(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let mut blocks = Vec::new();
    loop {
        let length = reader.byte()?;
        blocks.push(length);
        if length == 0 {
            return Some(blocks);
        }
        blocks.extend_from_slice(reader.take(usize::from(length))?);
    }
}

/// Chunks (WebP container §2): Exif, XMP and what nobody knows go, and the flags that announce them.
fn webp(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    const KEPT: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
    const EXIF_AND_XMP: u8 = 0b0000_1100;
    reader.expect(b"RIFF")?;
    let length = u32::from_le_bytes(reader.array()?) as usize;
    let mut inner = Reader(reader.take(length)?);
    inner.expect(b"WEBP")?;
    let mut chunks = b"WEBP".to_vec();
    let mut has_image = false;
    while !inner.0.is_empty() {
        let kind: [u8; 4] = inner.array()?;
        let size: [u8; 4] = inner.array()?;
        let size_bytes = u32::from_le_bytes(size) as usize;
        let mut body = inner.take(size_bytes)?.to_vec();
        if size_bytes % 2 == 1 {
            inner.take(1)?;
        }
        if !KEPT.contains(&&kind) {
            continue;
        }
        if &kind == b"VP8X" {
            *body.first_mut()? &= !EXIF_AND_XMP;
        }
        has_image |= matches!(&kind, b"VP8 " | b"VP8L" | b"ANMF");
        chunks.extend_from_slice(&kind);
        chunks.extend_from_slice(&size);
        chunks.extend_from_slice(&body);
        if size_bytes % 2 == 1 {
            chunks.push(0);
        }
    }
    let mut kept = b"RIFF".to_vec();
    kept.extend_from_slice(&u32::try_from(chunks.len()).ok()?.to_le_bytes());
    kept.extend_from_slice(&chunks);
    has_image.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        Raster::read(bytes).map(|raster| (raster.media, raster.bytes))
    }

    #[test]
    fn a_png_keeps_its_pixels_and_loses_its_notes() {
        let (head, tail) = SMALLEST_PNG.split_at(33);
        let note = [b"\0\0\0\x06tEXtGPS\0x!".as_slice(), &[0; 4]].concat();
        assert_eq!(read(&[head, &note, tail, b"trailing"].concat()).unwrap(), ("image/png", SMALLEST_PNG.to_vec()));
        for cut in 1..SMALLEST_PNG.len() {
            assert!(read(&SMALLEST_PNG[..cut]).is_none());
        }
        assert!(read(b"\x89PNG\r\n\x1a\nand more").is_none());
    }

    #[test]
    fn a_jpeg_loses_where_it_was_taken() {
        let segment =
            |marker: u8, body: &[u8]| [&[0xff, marker], &((body.len() + 2) as u16).to_be_bytes()[..], body].concat();
        let kept = [
            segment(0xe0, b"JFIF\0"),
            segment(0xdb, &[1; 65]),
            segment(0xc0, &[8, 0, 1, 0, 1, 1]),
            segment(0xc4, &[2; 17]),
        ];
        let scan = [segment(0xda, &[1, 1, 0, 0, 63, 0]), vec![0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]].concat();
        let (exif, comment) = (segment(0xe1, b"Exif\0\0 52.5N 13.4E"), segment(0xfe, b"by Ada"));
        let end = vec![0xff, 0xd9];
        let start = vec![0xff, 0xd8];
        let sent = [&start, &kept[0], &exif, &kept[1], &comment, &kept[2], &kept[3], &scan, &exif, &end, &exif]
            .map(Vec::as_slice)
            .concat();
        let clean = [&start, &kept[0], &kept[1], &kept[2], &kept[3], &scan, &end].map(Vec::as_slice).concat();
        assert_eq!(read(&sent).unwrap(), ("image/jpeg", clean));
        assert!(read(&[0xff, 0xd8, 0xff, 0xd9]).is_none(), "no picture in it");
    }

    #[test]
    fn a_gif_keeps_its_loop_and_loses_its_comment() {
        let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
        let turns = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0".to_vec();
        let comment = b"\x21\xfe\x03Ada\0".to_vec();
        let image = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b".to_vec();
        let sent = [&head, &turns, &comment, &image].map(Vec::as_slice).concat();
        assert_eq!(read(&sent).unwrap(), ("image/gif", [&head, &turns, &image].map(Vec::as_slice).concat()));
        assert!(read(b"GIF89a and so on").is_none());
    }

    #[test]
    fn a_webp_loses_exif_and_its_flag() {
        let chunk = |kind: &[u8], body: &[u8]| {
            let pad = vec![0; body.len() % 2];
            [kind, &(body.len() as u32).to_le_bytes(), body, &pad].concat()
        };
        let file = |chunks: &[Vec<u8>]| {
            let body = [b"WEBP".to_vec(), chunks.concat()].concat();
            [b"RIFF".to_vec(), (body.len() as u32).to_le_bytes().to_vec(), body].concat()
        };
        let extended = |flags: u8| chunk(b"VP8X", &[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let pixels = chunk(b"VP8L", &[0x2f, 0, 0, 0, 0]);
        let sent = file(&[extended(0b0000_1100), pixels.clone(), chunk(b"EXIF", b"52.5N")]);
        assert_eq!(read(&sent).unwrap(), ("image/webp", file(&[extended(0), pixels])));
        assert!(read(&file(&[chunk(b"EXIF", b"x")])).is_none());
    }

    #[test]
    fn nothing_else_is_a_picture() {
        for bad in [b"<svg xmlns=".as_slice(), b"<html>", b"", b"RIFF\0\0\0\0WAVE", b"GIF8", b"%PDF-1.7"] {
            assert!(read(bad).is_none());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_what_was_read_reads_the_same_again(
            kind in 0..4usize,
            rest in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let start: [&[u8]; 4] = [SMALLEST_PNG, &[0xff, 0xd8, 0xff, 0xda, 0, 2], b"GIF89a\x01\0\x01\0\0\0\0", b"RIFF\x20\0\0\0WEBP"];
            if let Some((_, clean)) = read(&[start[kind], &rest].concat()) {
                prop_assert_eq!(read(&clean).unwrap().1, clean);
            }
        }
    }
}
