//! Putting a backup in the place of the database.
//!
//! Promise: the present database is replaced only by one that was opened, checked and brought up to date, and it is kept beside.
//! What the backup would bring back to life (sessions, tokens, codes, leases) is ended, unless the operator wants it kept.

use super::{check_key, hold_alone, known_step, rows, sealer, stamp, store};
use crate::config::Config;
use crate::failure::Failure;
use base::{Fault, Seams, Time};
use db::{Store, Tx};
use ledger::{EndedBy, Kind};
use std::io;
use std::path::{Path, PathBuf};

/// Whether people stay signed in after a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    End,
    Keep,
}

/// Restores a backup. Gives back where the replaced database went, if there was one.
pub async fn restore(
    config: &Config,
    seams: &Seams,
    backup: &Path,
    sessions: Sessions,
) -> Result<Option<PathBuf>, Failure> {
    let Some(database) = config.database.file() else {
        return Err(Failure::new("the data is in PostgreSQL: restore it with pg_restore"));
    };
    let _held = hold_alone(&config.database).await?;
    let sealer = sealer(config)?;
    let next = beside(database, "restoring");
    remove_all(&next);
    db::archive::read(&sealer, backup, &next)?;
    let prepared = prepare(config, seams, &next, &sealer, sessions).await;
    if let Err(failure) = prepared {
        remove_all(&next);
        return Err(failure);
    }
    swap(database, &next, seams.now()).map_err(|cause| Failure::new(format!("database replace: {cause}")))
}

async fn prepare(
    config: &Config,
    seams: &Seams,
    next: &Path,
    sealer: &db::Sealer,
    sessions: Sessions,
) -> Result<(), Failure> {
    let store = store(&db::Location::Sqlite(next.to_owned())).await?;
    if let Some(complaint) = store.complaint().await? {
        return Err(Failure::new(format!("the backup is damaged: {complaint}")));
    }
    if known_step(&store).await?.is_none() {
        return Err(Failure::new("the backup holds no database of ours"));
    }
    store.migrate(seams.now()).await?;
    check_key(&store, sealer, config).await?;
    if sessions == Sessions::End {
        end_what_could_return(&store, seams.now()).await?;
    }
    Ok(())
}

/// Sessions and all that hangs on them, tokens, codes, links, requests under way, leases: nothing of it may live a second time.
async fn end_what_could_return(store: &Store, now: Time) -> Result<(), Fault> {
    store
        .write(move |tx: &mut Tx<'_>| {
            raise_epoch(tx)?;
            rows::drop_leases(tx)?;
            ledger::grant::end_all_of_kind(tx, Kind::Session, EndedBy::Operator, now)?;
            people::restored::end_all(tx, now)?;
            oauth::restored::end_all(tx, now)?;
            vault::restored::end_all(tx, now)
        })
        .await
}

fn raise_epoch(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let epoch = rows::find(tx, "epoch")?.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    rows::set(tx, "epoch", &(epoch + 1).to_string())
}

/// Moves the present files aside and the new one into their place.
fn swap(database: &Path, next: &Path, now: Time) -> io::Result<Option<PathBuf>> {
    let old = beside(database, &format!("before-{}", stamp(now)));
    let is_there = database.exists();
    if is_there {
        std::fs::rename(database, &old)?;
        rename_if_there(&ending(database, "-wal"), &ending(&old, "-wal"))?;
        remove_if_there(&ending(database, "-shm"))?;
    }
    std::fs::rename(next, database)?;
    Ok(is_there.then_some(old))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    if from.exists() { std::fs::rename(from, to) } else { Ok(()) }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn remove_all(path: &Path) {
    for path in [path.to_owned(), ending(path, "-wal"), ending(path, "-shm")] {
        let _ = std::fs::remove_file(path);
    }
}

fn beside(path: &Path, word: &str) -> PathBuf {
    ending(path, &format!(".{word}"))
}

fn ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
