//! SQLite: one writer thread with group commit, readers in a pool, a thread for checkpoints.
//!
//! The writer drains the queue of waiting closures, runs each in its own savepoint, commits once (WAL, `synchronous=FULL`) and
//! then answers them all. A group is cut after two milliseconds so that nobody waits long behind others.

use crate::engine::{Job, Verdict};
use crate::tx::{Engine, Row, Value};
use base::Fault;
use base::fault::FaultKind;
use crossbeam_channel::{Receiver, Sender, unbounded};
use parking_lot::Mutex;
use rusqlite::backup::StepResult;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ToSql};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const GROUP_TIME: Duration = Duration::from_millis(2);
const GROUP_SIZE: usize = 256;
const MOST_IDLE_READERS: usize = 4;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
const WAL_CALM_BYTES: u64 = 8 << 20;
const WAL_MOST_BYTES: u64 = 256 << 20;

pub(crate) struct Sqlite {
    path: PathBuf,
    queue: Option<Sender<Box<dyn Job>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    stop_checkpoints: Option<Sender<()>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Sqlite, Fault> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|cause| Fault::of(FaultKind::Unavailable, format!("database folder create: {cause}")))?;
        }
        keep_private(path)?;
        let writer = Connection::open(path)?;
        let checkpointer = Connection::open(path)?;
        let (queue, jobs) = unbounded();
        let (stop, stopped) = unbounded();
        let wal = wal_path(path);
        let writing = spawn("procura-writer", {
            let wal = wal.clone();
            move || write_loop(writer, &jobs, &wal)
        })?;
        let checkpointing = spawn("procura-checkpoint", move || checkpoint_loop(&checkpointer, &stopped, &wal))?;
        Ok(Sqlite {
            path: path.to_owned(),
            queue: Some(queue),
            threads: vec![writing, checkpointing],
            readers: Arc::new(Mutex::new(Vec::new())),
            stop_checkpoints: Some(stop),
        })
    }

    pub(crate) fn write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        let sent = self.queue.as_ref().map(|queue| queue.send(job).is_ok());
        if sent == Some(true) { Ok(()) } else { Err(Fault::new("database write: the writer is gone")) }
    }

    pub(crate) fn reader(&self) -> Result<Reader, Fault> {
        let idle = self.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.path)?,
        };
        Ok(Reader { connection: Some(connection), pool: Arc::clone(&self.readers) })
    }

    /// Writes that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, Sender::len)
    }

    /// What SQLite's own check finds wrong; nothing when the file is whole.
    pub(crate) fn complaint(&self) -> Result<Option<String>, Fault> {
        let mut reader = self.reader()?;
        let inner = &reader.connection().inner;
        let found: String = inner.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(fault)?;
        Ok((found != "ok").then_some(found))
    }

    pub(crate) fn copier(&self) -> Copier {
        Copier(self.path.clone())
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue.take();
        self.stop_checkpoints.take();
        // Joining makes closing orderly: whoever reopens or renames the file finds nobody still at work.
        // A closure that held the last store drops it on the writer's own thread, which cannot wait for itself.
        let own = std::thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != own) {
            let _ = thread.join();
        }
    }
}

pub(crate) struct Copier(PathBuf);

impl Copier {
    pub(crate) fn copy_to(&self, target: &Path) -> Result<(), Fault> {
        let source = Connection::open(&self.0)?;
        keep_private(target)?;
        let mut copy = rusqlite::Connection::open(target).map_err(fault)?;
        let backup = rusqlite::backup::Backup::new(&source.inner, &mut copy).map_err(fault)?;
        // All pages in one step, which is one read transaction: in smaller steps every write in between would start it anew.
        match backup.step(-1).map_err(fault)? {
            StepResult::Done => Ok(()),
            _ => Err(Fault::of(FaultKind::Unavailable, "database copy: the file is locked")),
        }
    }
}

/// A pooled connection that goes back when dropped.
pub(crate) struct Reader {
    connection: Option<Connection>,
    pool: Arc<Mutex<Vec<Connection>>>,
}

impl Reader {
    #[allow(clippy::expect_used)] // taken only in drop
    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("present until dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let mut pool = self.pool.lock();
            // Reads run on the threads that ask, so more than a few are only ever open after a burst.
            if pool.len() < MOST_IDLE_READERS {
                pool.push(connection);
            }
        }
    }
}

/// What we remember of a statement besides what rusqlite caches: column names, and which `$n` each parameter place is.
struct Shape {
    names: Arc<[String]>,
    places: Vec<usize>,
}

pub(crate) struct Connection {
    inner: rusqlite::Connection,
    shapes: HashMap<String, Arc<Shape>>,
}

impl Connection {
    fn open(path: &Path) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let inner = rusqlite::Connection::open_with_flags(path, flags).map_err(fault)?;
        inner.busy_timeout(Duration::from_secs(10)).map_err(fault)?;
        inner
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON;
                 PRAGMA wal_autocheckpoint = 0;
                 PRAGMA cache_size = -4000;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA trusted_schema = OFF;",
            )
            .map_err(fault)?;
        // A plan made once is kept. Without this SQLite, built with STAT4, plans a statement anew whenever a bound value changes.
        inner.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
        inner.set_prepared_statement_cache_capacity(256);
        Ok(Connection { inner, shapes: HashMap::new() })
    }

    fn shape(
        shapes: &mut HashMap<String, Arc<Shape>>,
        sql: &str,
        statement: &rusqlite::Statement<'_>,
    ) -> Result<Arc<Shape>, Fault> {
        if let Some(shape) = shapes.get(sql) {
            return Ok(Arc::clone(shape));
        }
        let names = statement.column_names().map(str::to_owned).collect();
        let mut places = Vec::with_capacity(statement.parameter_count());
        for place in 1..=statement.parameter_count() {
            // SQLite numbers `$n` by first appearance, not by n.
            let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            places.push(number.ok_or_else(|| Fault::new("statement prepare: a parameter is not $n"))?);
        }
        let shape = Arc::new(Shape { names, places });
        if shapes.len() < 1024 {
            shapes.insert(sql.to_owned(), Arc::clone(&shape));
        }
        Ok(shape)
    }

    fn bind(statement: &mut rusqlite::Statement<'_>, shape: &Shape, args: &[Value<'_>]) -> Result<(), Fault> {
        for (at, number) in shape.places.iter().enumerate() {
            let value =
                args.get(number - 1).ok_or_else(|| Fault::new(format!("statement bind: no value for ${number}")))?;
            statement.raw_bind_parameter(at + 1, value).map_err(fault)?;
        }
        Ok(())
    }

    pub(crate) fn query(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        let mut statement = self.inner.prepare_cached(sql).map_err(fault)?;
        let shape = Connection::shape(&mut self.shapes, sql, &statement)?;
        Connection::bind(&mut statement, &shape, args)?;
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let mut values = Vec::with_capacity(shape.names.len());
            for place in 0..shape.names.len() {
                values.push(owned(row.get_ref(place).map_err(fault)?)?);
            }
            answer.push(Row { names: Arc::clone(&shape.names), values });
        }
        Ok(answer)
    }

    pub(crate) fn execute(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64, Fault> {
        let mut statement = self.inner.prepare_cached(sql).map_err(fault)?;
        let shape = Connection::shape(&mut self.shapes, sql, &statement)?;
        Connection::bind(&mut statement, &shape, args)?;
        statement.raw_execute().map(|changed| changed as u64).map_err(fault)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        // Only an INTEGER PRIMARY KEY is the row's own number in SQLite; BIGINT would cost a second tree.
        self.inner.execute_batch(&sql.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")).map_err(fault)
    }

    pub(crate) fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.inner.prepare(sql).map(drop).map_err(fault)
    }

    fn control(&self, sql: &str) -> Result<(), Fault> {
        let mut statement = self.inner.prepare_cached(sql).map_err(fault)?;
        statement.raw_execute().map(drop).map_err(fault)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Flag(flag) => ValueRef::Integer(i64::from(*flag)),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn owned(value: ValueRef<'_>) -> Result<Value<'static>, Fault> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| Fault::new("row read: text is not UTF-8"))?;
            Value::Text(Cow::Owned(text.to_owned()))
        }
        ValueRef::Blob(bytes) => Value::Bytes(Cow::Owned(bytes.to_vec())),
        ValueRef::Real(_) => return Err(Fault::new("row read: a fraction where none is expected")),
    })
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn fault(error: rusqlite::Error) -> Fault {
    let kind = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => match (failure.code, failure.extended_code) {
            // 1555 and 2067: primary key and unique constraint.
            (ErrorCode::ConstraintViolation, 1555 | 2067) => FaultKind::Clash,
            (
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure,
                _,
            ) => FaultKind::Unavailable,
            _ => FaultKind::Broken,
        },
        _ => FaultKind::Broken,
    };
    Fault::of(kind, format!("sqlite: {error}"))
}

fn write_loop(mut connection: Connection, jobs: &Receiver<Box<dyn Job>>, wal: &Path) {
    while let Ok(first) = jobs.recv() {
        write_group(&mut connection, first, jobs);
        // The checkpoint thread keeps the log short; under load that never pauses it cannot restart the log, so we do.
        if std::fs::metadata(wal).is_ok_and(|file| file.len() > WAL_MOST_BYTES) {
            let _ = connection.inner.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        }
    }
}

fn write_group(connection: &mut Connection, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) {
    if let Err(cause) = connection.control("BEGIN IMMEDIATE") {
        return first.answer(Some(cause));
    }
    let started = Instant::now();
    let mut group: Vec<Box<dyn Job>> = Vec::new();
    let mut next = Some(first);
    let mut broken = None;
    while let Some(mut job) = next.take() {
        match run_in_savepoint(connection, job.as_mut()) {
            Ok(()) => group.push(job),
            Err(cause) => {
                group.push(job);
                broken = Some(cause);
                break;
            }
        }
        if group.len() < GROUP_SIZE && started.elapsed() < GROUP_TIME {
            next = jobs.try_recv().ok();
        }
    }
    let committed = match broken {
        None => connection.control("COMMIT"),
        Some(cause) => Err(cause),
    };
    let failure = committed.err().map(|cause| {
        let _ = connection.control("ROLLBACK");
        (cause.kind(), cause.to_string())
    });
    for job in group {
        job.answer(failure.as_ref().map(|(kind, cause)| Fault::of(*kind, cause.clone())));
    }
}

fn run_in_savepoint(connection: &mut Connection, job: &mut dyn Job) -> Result<(), Fault> {
    for again_ok in [true, false] {
        connection.control("SAVEPOINT job")?;
        let verdict = job.run(Engine::Sqlite(connection), again_ok);
        if verdict != Verdict::Keep {
            connection.control("ROLLBACK TO job")?;
        }
        connection.control("RELEASE job")?;
        if verdict != Verdict::Again {
            break;
        }
    }
    Ok(())
}

fn checkpoint_loop(connection: &Connection, stopped: &Receiver<()>, wal: &Path) {
    while let Err(crossbeam_channel::RecvTimeoutError::Timeout) = stopped.recv_timeout(CHECKPOINT_EVERY) {
        if std::fs::metadata(wal).is_ok_and(|file| file.len() > WAL_CALM_BYTES) {
            let _ = connection.inner.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}

fn wal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Creates the file for its owner alone; SQLite gives log and index the same mode.
fn keep_private(path: &Path) -> Result<(), Fault> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let opened = options.open(path);
    opened
        .map(drop)
        .map_err(|cause| Fault::of(FaultKind::Unavailable, format!("database file {}: {cause}", path.display())))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>, Fault> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map_err(|cause| Fault::new(format!("thread start: {cause}")))
}
