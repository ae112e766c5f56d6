//! Who holds the database: a serving process says so, and commands that must not run beside it ask.
//!
//! On SQLite a lock on a file beside the database, gone with the process; on PostgreSQL an advisory lock, shared by all nodes.

use crate::store::Location;
use base::Fault;
use base::fault::FaultKind;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// The sign that a server serves from this database. Dropping it gives the sign up.
pub struct Hold {
    _kept: Kept,
}

enum Kept {
    File(#[allow(dead_code)] File),
    Session(#[allow(dead_code)] Session),
}

struct Session {
    // Dropping the sender ends the thread, and with it the session that holds the lock.
    _stop: crossbeam_channel::Sender<()>,
}

const LOCK: &str = "7002";

/// Marks the database as served. Nothing when that is not possible: another server has the SQLite file, or a command works alone on it.
pub fn serve(location: &Location) -> Result<Option<Hold>, Fault> {
    take(location, "SELECT pg_try_advisory_lock_shared(7002)")
}

/// Takes the database for one command alone. Nothing while a server serves from it.
pub fn alone(location: &Location) -> Result<Option<Hold>, Fault> {
    take(location, "SELECT pg_try_advisory_lock(7002)")
}

fn take(location: &Location, ask: &'static str) -> Result<Option<Hold>, Fault> {
    debug_assert!(ask.contains(LOCK));
    match location {
        Location::Sqlite(path) => take_file(path),
        Location::Postgres(url) => take_session(url.reveal().to_owned(), ask),
    }
}

fn take_file(path: &Path) -> Result<Option<Hold>, Fault> {
    let trouble = |cause: std::io::Error| Fault::of(FaultKind::Unavailable, format!("database lock: {cause}"));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(trouble)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(name)).map_err(trouble)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Hold { _kept: Kept::File(file) })),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(cause)) => Err(trouble(cause)),
    }
}

fn take_session(url: String, ask: &'static str) -> Result<Option<Hold>, Fault> {
    let (stop, stopped) = crossbeam_channel::unbounded::<()>();
    let (tell, told) = crossbeam_channel::bounded(1);
    let body = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async move {
            let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
            let Ok((client, connection)) = connected else { return };
            tokio::spawn(connection);
            let got = client.query_one(ask, &[]).await.is_ok_and(|row| row.get::<_, bool>(0));
            let _ = tell.send(got);
            if got {
                let _ = tokio::task::spawn_blocking(move || stopped.recv()).await;
            }
        });
    };
    std::thread::Builder::new()
        .name("procura-hold".to_owned())
        .spawn(body)
        .map_err(|cause| Fault::new(format!("thread start: {cause}")))?;
    match told.recv() {
        Ok(true) => Ok(Some(Hold { _kept: Kept::Session(Session { _stop: stop }) })),
        Ok(false) => Ok(None),
        Err(_) => Err(Fault::of(FaultKind::Unavailable, "database lock: no connection")),
    }
}
