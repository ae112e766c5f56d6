//! Migrations: numbered files, forward only, each in one transaction, refused when the database is newer than this program.

use crate::args;
use crate::store::Store;
use crate::tx::Tx;
use base::{Fault, Time};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    pub number: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($number:literal $file:literal),* $(,)?) => {
        /// Every step, in order.
        pub const MIGRATIONS: &[Migration] = &[
            $(Migration { number: $number, name: $file, sql: include_str!(concat!("../../../migrations/", $file, ".sql")) }),*
        ];
    };
}

migrations! {
    1 "0001_house",
    2 "0002_people",
    3 "0003_apps",
    4 "0004_ledger",
    5 "0005_oauth",
    6 "0006_connector",
    7 "0007_connect",
}

/// The highest step this program knows.
pub fn latest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_history (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

impl Store {
    /// The step the database is at; nothing when it has no schema yet.
    pub async fn schema(&self) -> Result<Option<i64>, Fault> {
        let is_there = self
            .read(|tx| {
                let sql = if tx.is_remote() {
                    "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_history'"
                } else {
                    "SELECT name FROM sqlite_master WHERE name = 'schema_history'"
                };
                Ok::<_, Fault>(tx.one(sql, args![])?.is_some())
            })
            .await?;
        if !is_there {
            return Ok(None);
        }
        self.read(|tx| match tx.one("SELECT max(number) AS number FROM schema_history", args![])? {
            Some(row) => row.opt_int("number"),
            None => Ok(None),
        })
        .await
    }

    /// Brings the schema to the latest step. Idempotent and safe to interrupt; gives back the steps it took.
    pub async fn migrate(&self, now: Time) -> Result<Vec<&'static str>, Fault> {
        self.migrate_to(latest(), now).await
    }

    /// Brings the schema up to one step and no further (tests of old versions).
    pub async fn migrate_to(&self, step: i64, now: Time) -> Result<Vec<&'static str>, Fault> {
        let at = self.schema().await?.unwrap_or(0);
        if at > latest() {
            return Err(Fault::new(format!(
                "database migrate: its schema is at step {at}, this program knows only {}",
                latest()
            )));
        }
        let mut taken = Vec::new();
        for migration in MIGRATIONS.iter().filter(|migration| migration.number > at && migration.number <= step) {
            let ran = self.write(move |tx| apply(tx, migration, now)).await?;
            if ran {
                taken.push(migration.name);
            }
        }
        Ok(taken)
    }
}

fn apply(tx: &mut Tx<'_>, migration: &Migration, now: Time) -> Result<bool, Fault> {
    if tx.is_remote() {
        // Two nodes starting together: the second waits here and then finds the step taken.
        tx.batch("SELECT pg_advisory_xact_lock(7001)")?;
    }
    tx.batch(HISTORY)?;
    let done = tx.one("SELECT number FROM schema_history WHERE number = $1", args![migration.number])?;
    if done.is_some() {
        return Ok(false);
    }
    tx.batch(migration.sql)?;
    tx.run(
        "INSERT INTO schema_history (number, name, applied_at) VALUES ($1, $2, $3)",
        args![migration.number, migration.name, now],
    )?;
    Ok(true)
}
