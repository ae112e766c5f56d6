//! Runs SQL in transactions on SQLite or PostgreSQL, seals columns, knows no table by meaning.
//!
//! Promise: a write is answered only after the commit that holds it is durable; nothing inside a transaction can wait for the
//! network, because closures are synchronous; a dropped request never cancels a transaction.

pub mod archive;
mod engine;
pub mod hold;
pub mod lease;
pub mod migrate;
mod postgres;
pub mod seal;
mod sqlite;
mod store;
#[cfg(feature = "testing")]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]
pub mod testing;
mod tx;

pub use seal::Sealer;
pub use store::{Location, Store};
pub use tx::{Arg, Row, Tx, Value};

/// The arguments of a statement: `args![code.id, now]` binds `$1`, `$2`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::Arg::value(&$value)),*] };
}
