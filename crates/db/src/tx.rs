//! A transaction: statements in, rows out, the same on both engines.

use crate::{postgres, sqlite};
use base::fault::FaultKind;
use base::{Digest, Fault, Scope, Time};
use std::borrow::Cow;
use std::sync::Arc;

/// A value of a column or a parameter.
#[derive(Clone, PartialEq)]
pub enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Int(i64),
    Flag(bool),
    Bytes(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The same value, independent of what it was taken from.
    pub(crate) fn to_owned(&self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Text(text) => Value::Text(Cow::Owned(text.to_string())),
            Value::Int(number) => Value::Int(*number),
            Value::Flag(flag) => Value::Flag(*flag),
            Value::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.to_vec())),
        }
    }
}

/// What can stand in `args![…]`.
pub trait Arg {
    /// The value as a parameter.
    fn value(&self) -> Value<'_>;
}

impl<T: Arg + ?Sized> Arg for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Arg> Arg for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Arg::value)
    }
}

impl Arg for str {
    fn value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl Arg for String {
    fn value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl Arg for i64 {
    fn value(&self) -> Value<'_> {
        Value::Int(*self)
    }
}

impl Arg for u32 {
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl Arg for bool {
    fn value(&self) -> Value<'_> {
        Value::Flag(*self)
    }
}

impl Arg for Time {
    fn value(&self) -> Value<'_> {
        Value::Int(self.ms())
    }
}

impl Arg for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Cow::Borrowed(self))
    }
}

impl Arg for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Cow::Borrowed(self))
    }
}

impl Arg for Digest {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Cow::Borrowed(self.bytes()))
    }
}

impl Arg for Scope {
    fn value(&self) -> Value<'_> {
        Value::Text(Cow::Owned(self.to_string()))
    }
}

macro_rules! text_args {
    ($($id:ty),*) => { $(impl Arg for $id {
        fn value(&self) -> Value<'_> { Value::Text(Cow::Borrowed(self.as_str())) }
    })* };
}

text_args!(
    base::AccountId,
    base::IdentityId,
    base::DeviceId,
    base::PasskeyId,
    base::OrganizationId,
    base::AppId,
    base::ResourceId,
    base::GrantId,
    base::AgentId,
    base::AppUserId,
    base::ApprovalId,
    base::ConnectionId,
    base::KeyId,
    base::Uuid,
    base::Origin,
    base::RedirectUri
);

/// One row of an answer. Columns are read by name; a wrong name or type is a fault.
#[derive(Clone)]
pub struct Row {
    pub(crate) names: Arc<[String]>,
    pub(crate) values: Vec<Value<'static>>,
}

impl Row {
    #[track_caller]
    fn get(&self, column: &str) -> Result<&Value<'static>, Fault> {
        let place = self.names.iter().position(|name| name == column);
        place
            .and_then(|place| self.values.get(place))
            .ok_or_else(|| Fault::new(format!("row read: no column {column}")))
    }

    /// A text that may be absent.
    #[track_caller]
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, Fault> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone().into_owned())),
            _ => Err(wrong(column, "text")),
        }
    }

    /// A text.
    #[track_caller]
    pub fn text(&self, column: &str) -> Result<String, Fault> {
        self.opt_text(column)?.ok_or_else(|| wrong(column, "text"))
    }

    /// A whole number that may be absent.
    #[track_caller]
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, Fault> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(*number)),
            _ => Err(wrong(column, "int")),
        }
    }

    /// A whole number.
    #[track_caller]
    pub fn int(&self, column: &str) -> Result<i64, Fault> {
        self.opt_int(column)?.ok_or_else(|| wrong(column, "int"))
    }

    /// A moment that may be absent.
    #[track_caller]
    pub fn opt_time(&self, column: &str) -> Result<Option<Time>, Fault> {
        Ok(self.opt_int(column)?.map(Time::from_ms))
    }

    /// A moment.
    #[track_caller]
    pub fn time(&self, column: &str) -> Result<Time, Fault> {
        self.int(column).map(Time::from_ms)
    }

    /// A flag. SQLite keeps it as 0 or 1.
    #[track_caller]
    pub fn flag(&self, column: &str) -> Result<bool, Fault> {
        match self.get(column)? {
            Value::Flag(flag) => Ok(*flag),
            Value::Int(number) => Ok(*number != 0),
            _ => Err(wrong(column, "flag")),
        }
    }

    /// Bytes that may be absent.
    #[track_caller]
    pub fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, Fault> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.clone().into_owned())),
            _ => Err(wrong(column, "bytes")),
        }
    }

    /// Bytes.
    #[track_caller]
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, Fault> {
        self.opt_bytes(column)?.ok_or_else(|| wrong(column, "bytes"))
    }

    /// A scope list, stored as text.
    #[track_caller]
    pub fn scope(&self, column: &str) -> Result<Scope, Fault> {
        Scope::parse(&self.text(column)?).ok_or_else(|| wrong(column, "scope"))
    }
}

#[track_caller]
fn wrong(column: &str, expected: &str) -> Fault {
    Fault::new(format!("row read: column {column} is not {expected}"))
}

pub(crate) enum Engine<'a> {
    Sqlite(&'a mut sqlite::Connection),
    Postgres(&'a mut postgres::Connection),
}

/// A running transaction (or, in `Store::read`, a run of single statements).
///
/// A statement that failed has ended the transaction: give its error back. An `Ok` after a failure is refused at commit.
pub struct Tx<'a> {
    pub(crate) engine: Engine<'a>,
    pub(crate) failed: Option<FaultKind>,
}

impl Tx<'_> {
    /// The first row of the answer, if there is one.
    #[track_caller]
    pub fn one(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Option<Row>, Fault> {
        let rows = self.all(sql, args)?;
        Ok(rows.into_iter().next())
    }

    /// All rows of the answer. Bound them with `LIMIT`.
    pub fn all(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        let answer = match &mut self.engine {
            Engine::Sqlite(connection) => connection.query(sql, args),
            Engine::Postgres(connection) => connection.query(sql, args),
        };
        answer.inspect_err(|fault| self.failed = Some(fault.kind()))
    }

    /// Runs a statement and tells how many rows it changed.
    pub fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64, Fault> {
        let answer = match &mut self.engine {
            Engine::Sqlite(connection) => connection.execute(sql, args),
            Engine::Postgres(connection) => connection.execute(sql, args),
        };
        answer.inspect_err(|fault| self.failed = Some(fault.kind()))
    }

    /// Runs a statement whose answer nobody needs. On PostgreSQL it travels together with the next statement or the commit, so that
    /// it costs no round trip of its own; that it failed is told there, and nothing is committed then either.
    pub fn send(&mut self, sql: &str, args: &[Value<'_>]) -> Result<(), Fault> {
        let sent = match &mut self.engine {
            Engine::Sqlite(connection) => connection.execute(sql, args).map(drop),
            Engine::Postgres(connection) => connection.send(sql, args),
        };
        sent.inspect_err(|fault| self.failed = Some(fault.kind()))
    }

    /// True on PostgreSQL, where a round trip is the cost and a hot verb may be one statement (`performance.md`).
    pub fn is_remote(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Runs several statements without parameters (a migration).
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        match &mut self.engine {
            Engine::Sqlite(connection) => connection.batch(sql),
            Engine::Postgres(connection) => connection.batch(sql),
        }
    }

    /// Asks the engine to prepare a statement, which proves that it fits the schema.
    pub fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        match &mut self.engine {
            Engine::Sqlite(connection) => connection.prepare(sql),
            Engine::Postgres(connection) => connection.prepare(sql),
        }
    }
}
