//! The store: `read`, `write`, and nothing that depends on which engine is behind.

use crate::engine::{Job, Task, Work};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::tx::{Engine, Tx};
use base::Fault;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://…` (kept whole; it may hold a password and is never printed)
    Postgres(PostgresUrl),
}

/// A connection string that does not print its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("postgres://…")
    }
}

impl Location {
    /// Reads a database URL. The error is a sentence for the operator.
    pub fn parse(url: &str) -> Result<Location, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("the database URL sqlite: names no file".to_owned());
            }
            return Ok(Location::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Location::Postgres(PostgresUrl(url.to_owned())));
        }
        Err("the database URL must begin with sqlite: or postgres://".to_owned())
    }

    /// The file, on SQLite.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Location::Sqlite(path) => Some(path),
            Location::Postgres(_) => None,
        }
    }
}

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

enum Inner {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the database; creates the SQLite file and its folder where missing. Blocks for as long as that takes.
    pub fn open(location: &Location) -> Result<Store, Fault> {
        Store::open_with(location, 16)
    }

    /// Opens with at most so many PostgreSQL connections.
    pub fn open_with(location: &Location, connections: usize) -> Result<Store, Fault> {
        let inner = match location {
            Location::Sqlite(path) => Inner::Sqlite(Sqlite::open(path)?),
            Location::Postgres(url) => Inner::Postgres(Postgres::open(url.reveal(), connections)?),
        };
        Ok(Store(Arc::new(inner)))
    }

    /// True on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(&*self.0, Inner::Postgres(_))
    }

    /// Runs a closure of reads. Each statement sees the moment it runs at: what must be consistent is one statement, or a `write`.
    ///
    /// On SQLite the closure runs at once on the calling thread (a point read costs less than a hand-over).
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        match &*self.0 {
            Inner::Sqlite(sqlite) => {
                let mut reader = sqlite.reader()?;
                let mut tx = Tx { engine: Engine::Sqlite(reader.connection()), failed: None };
                work(&mut tx)
            }
            Inner::Postgres(postgres) => {
                let (job, answer) = Task::boxed(once(work));
                postgres.read(job)?;
                answer.await.unwrap_or_else(|_| Err(gone().into()))
            }
        }
    }

    /// Runs a closure in a transaction and answers after its commit is durable. `Ok` commits, `Err` undoes.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let (job, answer) = Task::boxed(once(work));
        self.send_write(job)?;
        answer.await.unwrap_or_else(|_| Err(gone().into()))
    }

    /// As [`Store::write`], for a closure that may run a second time: after a clash of row numbers, a serialization failure or a
    /// lost connection. It must draw its numbers and secrets inside.
    pub async fn write_again<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let (job, answer) = Task::boxed(often(work));
        self.send_write(job)?;
        answer.await.unwrap_or_else(|_| Err(gone().into()))
    }

    fn send_write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.write(job),
            Inner::Postgres(postgres) => postgres.write(job),
        }
    }

    /// Transactions that wait for their turn.
    pub fn waiting(&self) -> usize {
        match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.waiting(),
            Inner::Postgres(postgres) => postgres.waiting(),
        }
    }

    /// What the engine's own check finds wrong with the file; nothing on PostgreSQL, which checks its pages by itself.
    pub async fn complaint(&self) -> Result<Option<String>, Fault> {
        let own = self.clone();
        let checked = tokio::task::spawn_blocking(move || match &*own.0 {
            Inner::Sqlite(sqlite) => sqlite.complaint(),
            Inner::Postgres(_) => Ok(None),
        });
        checked.await.map_err(|_| Fault::new("database check: the thread died"))?
    }

    /// Copies the whole SQLite database into a new file while it is in use; nothing on PostgreSQL, whose tools do that.
    pub async fn copy_to(&self, target: PathBuf) -> Result<bool, Fault> {
        match &*self.0 {
            Inner::Postgres(_) => Ok(false),
            Inner::Sqlite(sqlite) => {
                let copy = sqlite.copier();
                let done = tokio::task::spawn_blocking(move || copy.copy_to(&target)).await;
                done.map_err(|_| Fault::new("database copy: the thread died"))??;
                Ok(true)
            }
        }
    }
}

type Never<T, E> = fn(&mut Tx<'_>) -> Result<T, E>;

fn once<F, T, E>(work: F) -> Work<F, Never<T, E>> {
    Work::Once(Some(work))
}

fn often<G, T, E>(work: G) -> Work<Never<T, E>, G> {
    Work::Often(work)
}

#[track_caller]
fn gone() -> Fault {
    Fault::new("transaction answer: the engine's thread is gone")
}
