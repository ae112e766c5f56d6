//! PostgreSQL: threads that own a connection each and take jobs from one queue; as many as are needed, up to a limit.
//!
//! Round trips are the cost. `BEGIN` travels together with the first statement of a transaction; statements whose answer nobody
//! needs travel together with the next one, or with `COMMIT`.

use crate::engine::{Job, Verdict, is_passing};
use crate::tx::{Engine, Row, Value};
use base::Fault;
use base::fault::FaultKind;
use bytes::BytesMut;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use tokio::runtime::Runtime;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

enum Order {
    Read(Box<dyn Job>),
    Write(Box<dyn Job>),
}

pub(crate) struct Postgres {
    queue: Sender<Order>,
    crew: Arc<Crew>,
}

/// The threads, made as they are needed: a server that nobody asks anything holds few connections.
struct Crew {
    url: String,
    orders: Receiver<Order>,
    most: usize,
    hired: AtomicUsize,
    busy: AtomicUsize,
}

impl Postgres {
    pub(crate) fn open(url: &str, connections: usize) -> Result<Postgres, Fault> {
        let (queue, orders) = unbounded();
        let (hired, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let crew = Arc::new(Crew { url: url.to_owned(), orders, most: connections.max(1), hired, busy });
        // The first connection is made here, so that a wrong address is told at start and not by the first request.
        Crew::hire(&crew, Some(Connection::open(url)?))?;
        Ok(Postgres { queue, crew })
    }

    /// Jobs that wait for a connection.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn read(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        self.send(Order::Read(job))
    }

    pub(crate) fn write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        self.send(Order::Write(job))
    }

    fn send(&self, order: Order) -> Result<(), Fault> {
        self.queue.send(order).map_err(|_| Fault::new("database send: the threads are gone"))?;
        let wanted = self.crew.busy.load(Ordering::SeqCst) + self.queue.len();
        if wanted > self.crew.hired.load(Ordering::SeqCst) { Crew::hire(&self.crew, None) } else { Ok(()) }
    }
}

impl Crew {
    /// Adds a thread, unless there are enough.
    fn hire(crew: &Arc<Crew>, connection: Option<Connection>) -> Result<(), Fault> {
        let one_more = |hired| if hired < crew.most { Some(hired + 1) } else { None };
        let Ok(number) = crew.hired.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more) else { return Ok(()) };
        let own = Arc::clone(crew);
        let thread = std::thread::Builder::new().name(format!("procura-pg-{number}"));
        let started = thread.spawn(move || own.serve(connection));
        if let Err(cause) = started {
            crew.hired.fetch_sub(1, Ordering::SeqCst);
            tracing::warn!("database thread start: {cause}");
            // Those who are there go on, only slower.
            return if number > 0 { Ok(()) } else { Err(Fault::new(format!("thread start: {cause}"))) };
        }
        Ok(())
    }

    fn serve(&self, mut kept: Option<Connection>) {
        while let Ok(order) = self.orders.recv() {
            self.busy.fetch_add(1, Ordering::SeqCst);
            kept = self.carry_out(order, kept);
            self.busy.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn carry_out(&self, order: Order, kept: Option<Connection>) -> Option<Connection> {
        let usable = kept.filter(Connection::is_open);
        let mut connection = match usable.map_or_else(|| Connection::open(&self.url), Ok) {
            Ok(connection) => connection,
            Err(cause) => {
                match order {
                    Order::Read(job) | Order::Write(job) => job.answer(Some(cause)),
                }
                return None;
            }
        };
        match order {
            Order::Read(mut job) => {
                job.run(Engine::Postgres(&mut connection), false);
                job.answer(None);
            }
            Order::Write(job) => run_write(&mut connection, job, &self.url),
        }
        Some(connection)
    }
}

fn run_write(connection: &mut Connection, mut job: Box<dyn Job>, url: &str) {
    for again_ok in [true, false] {
        connection.begin();
        let verdict = job.run(Engine::Postgres(connection), again_ok);
        let ended = match verdict {
            Verdict::Keep => connection.commit(),
            Verdict::Undo | Verdict::Again => connection.roll_back(),
        };
        let is_over = match (verdict, &ended) {
            (Verdict::Again, _) => false,
            (Verdict::Keep, Err(cause)) => !(again_ok && job.is_repeatable() && is_passing(cause.kind())),
            _ => true,
        };
        if is_over {
            return job.answer(ended.err().filter(|_| verdict == Verdict::Keep));
        }
        if !connection.is_open() {
            match Connection::open(url) {
                Ok(fresh) => *connection = fresh,
                Err(cause) => return job.answer(Some(cause)),
            }
        }
    }
}

pub(crate) struct Connection {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Prepared>,
    /// A transaction was asked for and its `BEGIN` has not been sent yet.
    begin_due: bool,
    begun: bool,
    /// Something said that the connection is gone; the client itself notices it a little later.
    is_lost: bool,
    /// Statements that wait for the next one to travel with.
    waiting: Vec<Sent>,
}

/// A statement whose answer nobody needs.
struct Sent {
    statement: Statement,
    args: Vec<Value<'static>>,
}

#[derive(Clone)]
struct Prepared {
    statement: Statement,
    names: Arc<[String]>,
}

impl Connection {
    fn open(url: &str) -> Result<Connection, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Fault::new(format!("runtime start: {cause}")))?;
        let client = runtime.block_on(async {
            let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls);
            let waiting = tokio::time::timeout(std::time::Duration::from_secs(10), connecting).await;
            let connected =
                waiting.map_err(|_| Fault::of(FaultKind::Unavailable, "postgres connect: no answer in 10 s"))?;
            let (client, connection) = connected.map_err(|cause| {
                // The text of a connect error can hold the address; it never holds the password.
                Fault::of(FaultKind::Unavailable, format!("postgres connect: {cause}"))
            })?;
            tokio::spawn(async move {
                if let Err(cause) = connection.await {
                    tracing::warn!("postgres connection: {cause}");
                }
            });
            Ok::<Client, Fault>(client)
        })?;
        Ok(Connection {
            runtime,
            client,
            statements: HashMap::new(),
            begin_due: false,
            begun: false,
            is_lost: false,
            waiting: Vec::new(),
        })
    }

    fn is_open(&self) -> bool {
        !self.is_lost && !self.client.is_closed()
    }

    /// What went wrong, as a fault.
    #[track_caller]
    fn noted(&mut self, error: tokio_postgres::Error) -> Fault {
        let fault = fault(error);
        self.is_lost |= fault.kind() == FaultKind::Unavailable;
        fault
    }

    fn begin(&mut self) {
        self.begin_due = true;
        self.begun = false;
        self.waiting.clear();
    }

    fn commit(&mut self) -> Result<(), Fault> {
        if !self.begun && self.waiting.is_empty() {
            self.begin_due = false;
            return Ok(());
        }
        let committed = self.travel(async |client| client.batch_execute("COMMIT").await);
        self.begun = false;
        committed
    }

    fn roll_back(&mut self) -> Result<(), Fault> {
        self.begin_due = false;
        self.waiting.clear();
        if !std::mem::take(&mut self.begun) {
            return Ok(());
        }
        let rolled_back = self.runtime.block_on(self.client.batch_execute("ROLLBACK"));
        rolled_back.map_err(|error| self.noted(error))
    }

    /// Sends `BEGIN` if it is due, what waits, and this, in one go; gives the first error, or the answer of the last.
    fn travel<T>(&mut self, last: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>) -> Result<T, Fault> {
        let (begin_due, waiting) = (std::mem::take(&mut self.begin_due), std::mem::take(&mut self.waiting));
        self.begun |= begin_due;
        let client = &self.client;
        let begin = async { if begin_due { client.batch_execute("BEGIN").await } else { Ok(()) } };
        let sent = waiting.iter().map(|sent| Box::pin(run(client, &sent.statement, &sent.args)));
        // Requests leave in the order of their first poll, and are answered in that order.
        let all = async { tokio::join!(biased; begin, in_order(sent.collect()), last(client)) };
        let (begun, sent, answer) = self.runtime.block_on(all);
        begun.and(sent).and(answer).map_err(|error| self.noted(error))
    }

    fn prepared(&mut self, sql: &str) -> Result<Prepared, Fault> {
        if let Some(prepared) = self.statements.get(sql) {
            return Ok(prepared.clone());
        }
        let prepared = self.runtime.block_on(self.client.prepare(sql));
        let statement = prepared.map_err(|error| self.noted(error))?;
        let names = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let prepared = Prepared { statement, names };
        if self.statements.len() < 1024 {
            self.statements.insert(sql.to_owned(), prepared.clone());
        }
        Ok(prepared)
    }

    pub(crate) fn query(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        let prepared = self.prepared(sql)?;
        let args = trimmed(args, &prepared.statement)?;
        let rows = self.travel(async |client| client.query(&prepared.statement, &parameters(args)).await)?;
        rows.iter().map(|row| read_row(row, &prepared.names)).collect()
    }

    pub(crate) fn execute(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64, Fault> {
        let prepared = self.prepared(sql)?;
        let args = trimmed(args, &prepared.statement)?;
        self.travel(async |client| run(client, &prepared.statement, args).await)
    }

    pub(crate) fn send(&mut self, sql: &str, args: &[Value<'_>]) -> Result<(), Fault> {
        if !self.begun && !self.begin_due {
            // Outside a transaction there is no commit to travel with.
            return self.execute(sql, args).map(drop);
        }
        let Prepared { statement, .. } = self.prepared(sql)?;
        let args = trimmed(args, &statement)?.iter().map(Value::to_owned).collect();
        self.waiting.push(Sent { statement, args });
        Ok(())
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        self.travel(async |client| client.batch_execute(sql).await)
    }

    pub(crate) fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.runtime.block_on(self.client.prepare(sql)).map(drop).map_err(fault)
    }
}

async fn run(client: &Client, statement: &Statement, args: &[Value<'_>]) -> Result<u64, tokio_postgres::Error> {
    client.execute(statement, &parameters(args)).await
}

fn parameters<'a>(args: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Waits for all, polling them in their order; gives the first error of that order.
async fn in_order<F>(mut all: Vec<Pin<Box<F>>>) -> Result<(), tokio_postgres::Error>
where
    F: Future<Output = Result<u64, tokio_postgres::Error>>,
{
    let mut answers: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut is_pending = false;
        for (one, answer) in all.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match one.as_mut().poll(context) {
                    Poll::Ready(done) => *answer = Some(done),
                    Poll::Pending => is_pending = true,
                }
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    answers.into_iter().flatten().try_for_each(|answer| answer.map(drop))
}

/// As many arguments as the statement has parameters; a missing one is a fault.
fn trimmed<'a, 'b>(args: &'a [Value<'b>], statement: &Statement) -> Result<&'a [Value<'b>], Fault> {
    args.get(..statement.params().len()).ok_or_else(|| Fault::new("statement bind: too few values"))
}

fn read_row(row: &tokio_postgres::Row, names: &Arc<[String]>) -> Result<Row, Fault> {
    let mut values = Vec::with_capacity(names.len());
    for (place, column) in row.columns().iter().enumerate() {
        let kind = column.type_();
        let value = match *kind {
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                row.try_get::<_, Option<String>>(place).map(|text| text.map(|text| Value::Text(Cow::Owned(text))))
            }
            Type::INT8 => row.try_get::<_, Option<i64>>(place).map(|number| number.map(Value::Int)),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(place).map(|number| number.map(|number| Value::Int(number.into())))
            }
            Type::BOOL => row.try_get::<_, Option<bool>>(place).map(|flag| flag.map(Value::Flag)),
            Type::BYTEA => {
                row.try_get::<_, Option<Vec<u8>>>(place).map(|bytes| bytes.map(|bytes| Value::Bytes(Cow::Owned(bytes))))
            }
            _ => return Err(Fault::new(format!("row read: column {} has type {kind}", column.name()))),
        };
        values.push(value.map_err(fault)?.unwrap_or(Value::Null));
    }
    Ok(Row { names: Arc::clone(names), values })
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Bound values can be personal or secret.
        f.write_str(match self {
            Value::Null => "null",
            Value::Text(_) => "text",
            Value::Int(_) => "int",
            Value::Flag(_) => "flag",
            Value::Bytes(_) => "bytes",
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Text(text), _) => text.as_ref().to_sql(kind, out),
            (Value::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Value::Int(number), _) => number.to_sql(kind, out),
            (Value::Flag(flag), _) => flag.to_sql(kind, out),
            (Value::Bytes(bytes), _) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TEXT | Type::VARCHAR | Type::INT8 | Type::INT4 | Type::BOOL | Type::BYTEA | Type::UNKNOWN)
    }

    to_sql_checked!();
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn fault(error: tokio_postgres::Error) -> Fault {
    let state = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
    let kind = match state.as_str() {
        "23505" => FaultKind::Clash,
        "40001" | "40P01" => FaultKind::Again,
        state if state.starts_with("08") || state.starts_with("57P") || state.starts_with("53") => {
            FaultKind::Unavailable
        }
        "" if error.is_closed() => FaultKind::Unavailable,
        _ => FaultKind::Broken,
    };
    // The server's message only: its detail line would repeat the values of the row.
    let message = error.as_db_error().map_or_else(|| error.to_string(), |known| known.message().to_owned());
    Fault::of(kind, format!("postgres {state}: {message}"))
}
