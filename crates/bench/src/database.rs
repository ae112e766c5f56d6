//! Throw-away databases: a SQLite file on the disk, or a database of its own in a PostgreSQL that is already there.

use crate::rows;
use std::path::{Path, PathBuf};
use tokio_postgres::{Client, NoTls};

/// On what to measure.
#[derive(Debug, Clone)]
pub enum Engine {
    Sqlite,
    /// The address of a user who may create databases.
    Postgres(String),
}

impl Engine {
    /// The word in tables.
    pub fn as_str(&self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }
}

/// An empty database that goes away with [`Database::remove`].
pub struct Database {
    engine: Engine,
    folder: PathBuf,
    name: String,
}

impl Database {
    /// Makes one.
    pub async fn make(engine: &Engine, folder: &Path, number: u32) -> Result<Database, String> {
        let name = format!("procura_bench_{}_{number}", std::process::id());
        let database = Database { engine: engine.clone(), folder: folder.join(&name), name };
        std::fs::create_dir_all(&database.folder).map_err(|cause| format!("{}: {cause}", database.folder.display()))?;
        if let Engine::Postgres(url) = engine {
            connect(url).await?.batch_execute(&format!("CREATE DATABASE {}", database.name)).await.map_err(said)?;
        }
        Ok(database)
    }

    /// As the server's setting wants it.
    pub fn url(&self) -> String {
        match &self.engine {
            Engine::Sqlite => format!("sqlite:{}", self.file().display()),
            Engine::Postgres(url) => {
                let (base, options) = url
                    .split_once('?')
                    .map_or((url.as_str(), String::new()), |(base, options)| (base, format!("?{options}")));
                let server = base.rsplit_once('/').map_or(base, |(server, _)| server);
                format!("{server}/{}{options}", self.name)
            }
        }
    }

    /// Where the master key is kept.
    pub fn key_file(&self) -> PathBuf {
        self.folder.join("master.key")
    }

    /// Fills it with other people's grants, tokens and apps. No server may be using it.
    pub async fn fill(&self, grants: u64, apps: u64) -> Result<(), String> {
        match &self.engine {
            Engine::Sqlite => rows::fill_sqlite(&self.file(), grants, apps),
            Engine::Postgres(_) => rows::fill_postgres(&mut connect(&self.url()).await?, grants, apps).await,
        }
    }

    /// Removes it.
    pub async fn remove(self) -> Result<(), String> {
        if let Engine::Postgres(url) = &self.engine {
            connect(url)
                .await?
                .batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
                .await
                .map_err(said)?;
        }
        std::fs::remove_dir_all(&self.folder).map_err(|cause| format!("{}: {cause}", self.folder.display()))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("procura.db")
    }
}

async fn connect(url: &str) -> Result<Client, String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(said)?;
    tokio::spawn(connection);
    Ok(client)
}

pub fn said(cause: tokio_postgres::Error) -> String {
    cause
        .as_db_error()
        .map_or_else(|| format!("PostgreSQL: {cause}"), |known| format!("PostgreSQL: {}", known.message()))
}
