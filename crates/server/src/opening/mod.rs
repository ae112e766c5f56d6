//! Opening the database and the master key: what may be made, what is refused.
//!
//! Promise: a first start on a loopback issuer makes both; anywhere else a missing key stops the start. A key that does not
//! belong to the database, and a schema newer than this program, are refused. A database is copied before its schema changes.

pub mod restore;
mod rows;

use crate::config::Config;
use crate::failure::Failure;
use base::fault::FaultKind;
use base::{Entropy, Fault, Seams, Secret, Time};
use db::hold::{self, Hold};
use db::migrate::latest;
use db::{Location, Sealer, Store};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const KEY_ID: &str = "master_key_id";
const ISSUER: &str = "issuer";
const SERVED_KEYS: &str = "served_keys";

/// A database that is ready for use: its key fits, its schema is the one of this program.
pub struct Opened {
    pub store: Store,
    pub sealer: Sealer,
    /// True when the database was made just now.
    pub is_new: bool,
    /// The steps that the schema took just now.
    pub steps: Vec<&'static str>,
}

/// Takes the database for a server. One sentence when another one serves from the same file.
pub async fn hold_to_serve(location: &Location) -> Result<Hold, Failure> {
    let taken = in_background(location, hold::serve).await?;
    taken.ok_or_else(|| Failure::new(format!("{} is in use by another server or command of ours", place(location))))
}

/// Takes the database for one command. One sentence while a server serves from it.
pub async fn hold_alone(location: &Location) -> Result<Hold, Failure> {
    let taken = in_background(location, hold::alone).await?;
    taken.ok_or_else(|| Failure::new(format!("a server is using {}; stop it first", place(location))))
}

async fn in_background(
    location: &Location,
    take: fn(&Location) -> Result<Option<Hold>, Fault>,
) -> Result<Option<Hold>, Failure> {
    let own = location.clone();
    let taken = tokio::task::spawn_blocking(move || take(&own)).await;
    Ok(taken.map_err(|_| Failure::new("database lock: the thread died"))??)
}

/// Opens for `serve`, `demo`, `init`, `apply`: makes what is missing where that is allowed, and brings the schema up to date.
/// The caller holds the database.
pub async fn open_or_make(config: &Config, seams: &Seams) -> Result<Opened, Failure> {
    let is_there = is_there(&config.database).await?;
    if !is_there && config.master_key.is_missing() && config.is_loopback() {
        make_key(config, seams.entropy())?;
    }
    let sealer = sealer(config)?;
    let store = store(&config.database).await?;
    let step = known_step(&store).await?;
    if let Some(step) = step.filter(|step| *step < latest()) {
        let copy = before_step(config, step, seams.now());
        if let Some(copy) = &copy {
            db::archive::write(&store, &config.database, &sealer, seams.entropy(), copy).await?;
        }
    }
    let steps = store.migrate(seams.now()).await?;
    check_key(&store, &sealer, config).await?;
    Ok(Opened { store, sealer, is_new: step.is_none(), steps })
}

/// Opens for every other command: makes nothing, changes no schema.
pub async fn open(config: &Config) -> Result<Opened, Failure> {
    if !is_there(&config.database).await? {
        return Err(Failure::new(format!(
            "there is no database at {}; `procura init` or `procura serve` makes it",
            place(&config.database)
        )));
    }
    let sealer = sealer(config)?;
    let store = store(&config.database).await?;
    match known_step(&store).await? {
        Some(step) if step == latest() => {}
        Some(_) => return Err(Failure::new("the database has an older schema; run `procura migrate` first")),
        None => {
            return Err(Failure::new(format!(
                "there is no schema in {}; `procura init` or `procura serve` makes it",
                place(&config.database)
            )));
        }
    }
    check_key(&store, &sealer, config).await?;
    Ok(Opened { store, sealer, is_new: false, steps: Vec::new() })
}

/// Opens for a command that may make the database while no server uses it, and takes it as it is while one does.
pub async fn open_beside(config: &Config, seams: &Seams) -> Result<Opened, Failure> {
    match in_background(&config.database, hold::alone).await? {
        Some(_held) => open_or_make(config, seams).await,
        None => open(config).await,
    }
}

/// The database of a location.
pub async fn store(location: &Location) -> Result<Store, Failure> {
    let own = location.clone();
    let opened = tokio::task::spawn_blocking(move || Store::open(&own)).await;
    Ok(opened.map_err(|_| Failure::new("database open: the thread died"))??)
}

/// True when there is a database: a file with something in it, or a PostgreSQL database with our schema.
pub async fn is_there(location: &Location) -> Result<bool, Failure> {
    match location.file() {
        Some(path) => Ok(std::fs::metadata(path).is_ok_and(|file| file.len() > 0)),
        None => Ok(store(location).await?.schema().await?.is_some()),
    }
}

/// The step of the schema. A newer one than this program's is refused.
pub async fn known_step(store: &Store) -> Result<Option<i64>, Failure> {
    let step = store.schema().await?;
    match step {
        Some(step) if step > latest() => Err(Failure::new(format!(
            "the database is at schema step {step}, this program knows only {}: use a newer procura",
            latest()
        ))),
        _ => Ok(step),
    }
}

/// The master key. A missing one is told together with the way out.
pub fn sealer(config: &Config) -> Result<Sealer, Failure> {
    if config.master_key.is_missing() {
        let place = config.master_key.place();
        return Err(Failure::new(format!(
            "there is no master key at {place}; put the key of this database there, or run `procura init` for a new one"
        )));
    }
    Ok(Sealer::from_kms(&config.master_key)?)
}

/// Makes a new master key in its file, for its owner alone. An existing file stays what it is.
pub fn make_key(config: &Config, entropy: &dyn Entropy) -> Result<PathBuf, Failure> {
    let Some(path) = config.master_key.file() else {
        return Err(Failure::new(format!("there is no master key in {}", config.master_key.place())));
    };
    let text = Sealer::new_key_text(entropy)?;
    write_private(path, &text)
        .map_err(|cause| Failure::new(format!("{} cannot be written: {cause}", path.display())))?;
    Ok(path.to_owned())
}

fn write_private(path: &Path, text: &Secret) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.reveal().as_bytes())?;
    file.sync_all()
}

/// Notes the key at first use and refuses any other later.
pub async fn check_key(store: &Store, sealer: &Sealer, config: &Config) -> Result<(), Failure> {
    let id = sealer.key_id();
    let noted = store
        .write(move |tx| {
            rows::keep(tx, KEY_ID, &id)?;
            rows::find(tx, KEY_ID)
        })
        .await?;
    match noted {
        Some(id) if sealer.has_key(&id) => Ok(()),
        _ => Err(Failure::new(format!(
            "the master key at {} is not the one of this database",
            config.master_key.place()
        ))),
    }
}

/// Notes which keys a server of this database has, so that nothing is moved to one that it could not open.
pub async fn note_served_keys(opened: &Opened) -> Result<(), Fault> {
    let ids = opened.sealer.key_ids().join(" ");
    opened.store.write(move |tx| rows::set(tx, SERVED_KEYS, &ids)).await
}

/// Refuses while a server runs that was started without the key that seals now.
pub async fn check_served_keys(config: &Config, opened: &Opened) -> Result<(), Failure> {
    if in_background(&config.database, hold::alone).await?.is_some() {
        return Ok(());
    }
    let served = opened.store.read(|tx| rows::find(tx, SERVED_KEYS)).await?.unwrap_or_default();
    // It has to seal with the new key too: what it sealed with the old one meanwhile would be left behind.
    if served.split(' ').next() == Some(opened.sealer.key_id().as_str()) {
        return Ok(());
    }
    Err(Failure::new(
        "the running server does not seal with the new master key yet: start it again with that key first in its list, then run this once more",
    ))
}

/// The database belongs to the key that seals now.
pub async fn move_key(opened: &Opened) -> Result<(), Fault> {
    let id = opened.sealer.key_id();
    opened.store.write(move |tx| rows::set(tx, KEY_ID, &id)).await
}

/// The id of the key that a database belongs to.
pub async fn noted_key(store: &Store) -> Result<Option<String>, Fault> {
    store.read(|tx| rows::find(tx, KEY_ID)).await
}

/// Notes the issuer that is served, so that commands beside the server build the same links. Gives the one noted before.
pub async fn note_issuer(store: &Store, issuer: &str) -> Result<Option<String>, Fault> {
    let issuer = issuer.to_owned();
    store
        .write(move |tx| {
            let before = rows::find(tx, ISSUER)?;
            if before.as_deref() != Some(&issuer) {
                rows::set(tx, ISSUER, &issuer)?;
            }
            Ok::<_, Fault>(before)
        })
        .await
}

/// The issuer for a command: the one that was given, else the one that was served last.
pub async fn issuer(config: &Config, store: &Store) -> Result<String, Fault> {
    if config.is_issuer_given() {
        return Ok(config.issuer.clone());
    }
    let noted = store.read(|tx| rows::find(tx, ISSUER)).await?;
    Ok(noted.unwrap_or_else(|| config.issuer.clone()))
}

/// The newest moment that the database tells of.
pub async fn newest_moment(store: &Store) -> Result<Option<Time>, Fault> {
    store.read(rows::newest).await
}

/// Where the copy goes that is made before the schema changes; none on PostgreSQL, whose operators have their own.
pub fn before_step(config: &Config, step: i64, now: Time) -> Option<PathBuf> {
    let mut name = config.database.file()?.as_os_str().to_owned();
    name.push(format!(".step-{step}-{}.backup", stamp(now)));
    Some(PathBuf::from(name))
}

/// A moment as part of a file name: `20260304T233801Z`.
pub fn stamp(now: Time) -> String {
    let iso = now.iso();
    let whole = iso.split('.').next().unwrap_or_default();
    format!("{}Z", whole.replace(['-', ':'], ""))
}

/// A database in words, without what may be secret in its address.
pub fn place(location: &Location) -> String {
    location.file().map_or_else(|| "the PostgreSQL database".to_owned(), |path| path.display().to_string())
}

/// True when a fault means that the database is not to be had.
pub fn is_gone(fault: &Fault) -> bool {
    fault.kind() == FaultKind::Unavailable
}
