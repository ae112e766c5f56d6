//! A backup: the whole SQLite database in one file, sealed in pieces under a key of its own.
//!
//! Promise: nobody without the master key reads it; a changed, shortened, extended or reordered file is refused before anything
//! of it is used. Layout: magic (16), master key id (8), salt (16), then pieces of 1 MiB, each with its tag. A piece's nonce is
//! its number and whether it is the last, so the order and the end are part of what is checked.

use crate::seal::{KEY_ID_LEN, Sealer, StreamKey};
use crate::store::{Location, Store};
use aws_lc_rs::aead::{Aad, Nonce};
use base::digest::hex;
use base::entropy::draw;
use base::fault::FaultKind;
use base::{Entropy, Fault};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 16] = *b"procura backup 1";
const SALT_LEN: usize = 16;
const PIECE: usize = 1 << 20;
const TAG: usize = 16;
const USE: &[u8] = b"procura backup";

/// Copies the database while it is in use and seals the copy into a new file for its owner alone. False on PostgreSQL.
pub async fn write(
    store: &Store,
    location: &Location,
    sealer: &Sealer,
    entropy: &dyn Entropy,
    target: &Path,
) -> Result<bool, Fault> {
    let Some(database) = location.file() else { return Ok(false) };
    let salt: [u8; SALT_LEN] = draw(entropy)?;
    let key = sealer.stream_key(None, &salt, USE)?.ok_or_else(|| Fault::new("backup write: no key"))?;
    // The open copy stays where the database itself lies; only what is sealed goes elsewhere.
    let plain = Passing(beside(database, &format!("{}.copy", hex(&salt))));
    store.copy_to(plain.0.clone()).await?;
    let target = target.to_owned();
    let sealing = tokio::task::spawn_blocking(move || seal_file(&plain.0, &target, &key, &salt));
    sealing.await.map_err(|_| Fault::new("backup write: the thread died"))??;
    Ok(true)
}

/// Opens a backup into a new database file for its owner alone.
pub fn read(sealer: &Sealer, archive: &Path, target: &Path) -> Result<(), Fault> {
    let mut from = BufReader::new(File::open(archive).map_err(|cause| {
        let what = format!("{} cannot be read", archive.display());
        trouble(&what, &cause)
    })?);
    let mut head = [0u8; MAGIC.len() + KEY_ID_LEN + SALT_LEN];
    let is_backup = from.read_exact(&mut head).is_ok() && head.starts_with(&MAGIC);
    if !is_backup {
        return Err(Fault::new("this file is no backup"));
    }
    let (id, salt) = parts(&head).ok_or_else(|| Fault::new("backup read: a torn head"))?;
    let key = sealer.stream_key(Some(id), salt, USE)?;
    let key = key.ok_or_else(|| Fault::new("this backup was sealed under another master key"))?;
    let opened = open_pieces(&mut from, target, &key, &head);
    if opened.is_err() {
        let _ = std::fs::remove_file(target);
    }
    opened
}

fn seal_file(plain: &Path, target: &Path, key: &StreamKey, salt: &[u8]) -> Result<(), Fault> {
    let part = Passing(beside(target, "part"));
    let failed = |cause: io::Error| trouble("backup write", &cause);
    let mut from = BufReader::new(File::open(plain).map_err(failed)?);
    let mut to = BufWriter::new(private_file(&part.0).map_err(failed)?);
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&key.id);
    head.extend_from_slice(salt);
    to.write_all(&head).map_err(failed)?;
    let mut piece = read_piece(&mut from, PIECE).map_err(failed)?;
    for number in 0.. {
        let next = read_piece(&mut from, PIECE).map_err(failed)?;
        let nonce = nonce(number, next.is_empty());
        let sealed = key.key.seal_in_place_append_tag(nonce, Aad::from(&head), &mut piece);
        sealed.map_err(|_| Fault::new("backup write: refused by the cipher"))?;
        to.write_all(&piece).map_err(failed)?;
        if next.is_empty() {
            break;
        }
        piece = next;
    }
    let file = to.into_inner().map_err(|cause| failed(cause.into_error()))?;
    file.sync_all().map_err(failed)?;
    // A hard link refuses to replace what is there; a rename would not.
    std::fs::hard_link(&part.0, target).map_err(failed)
}

fn open_pieces(from: &mut impl Read, target: &Path, key: &StreamKey, head: &[u8]) -> Result<(), Fault> {
    let failed = |cause: io::Error| trouble("backup read", &cause);
    let mut to = BufWriter::new(private_file(target).map_err(failed)?);
    let mut piece = read_piece(from, PIECE + TAG).map_err(failed)?;
    for number in 0.. {
        let next = read_piece(from, PIECE + TAG).map_err(failed)?;
        let opened = key.key.open_in_place(nonce(number, next.is_empty()), Aad::from(head), &mut piece);
        let opened = opened.map_err(|_| Fault::new("this backup is damaged, or not whole"))?;
        to.write_all(opened).map_err(failed)?;
        if next.is_empty() {
            break;
        }
        piece = next;
    }
    to.into_inner().map_err(|cause| failed(cause.into_error()))?.sync_all().map_err(failed)
}

fn parts(head: &[u8]) -> Option<([u8; KEY_ID_LEN], &[u8])> {
    let (id, salt) = head.get(MAGIC.len()..)?.split_at_checked(KEY_ID_LEN)?;
    Some((id.try_into().ok()?, salt))
}

fn read_piece(from: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(size + TAG);
    from.take(size as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

fn nonce(number: u32, is_last: bool) -> Nonce {
    let [a, b, c, d] = number.to_be_bytes();
    Nonce::assume_unique_for_key([0, 0, 0, 0, 0, 0, 0, a, b, c, d, u8::from(is_last)])
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

#[track_caller]
fn trouble(what: &str, cause: &io::Error) -> Fault {
    Fault::of(FaultKind::Unavailable, format!("{what}: {cause}"))
}

/// A file that goes when its work is done, or has failed.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
