//! `procura doctor`: is everything in order? Makes nothing, changes nothing; a line for each thing it looked at.

use super::{Surroundings, say};
use crate::config::{Config, unknown_variables};
use crate::failure::Failure;
use crate::{opening, ops};
use base::Time;
use db::migrate::latest;
use db::{Sealer, Store};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Ok,
    Warn,
    Fail,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "fail",
        })
    }
}

/// The lines so far.
#[derive(Default)]
struct Report {
    fails: usize,
}

impl Report {
    fn tell(&mut self, grade: Grade, what: &str, finding: impl fmt::Display) {
        self.fails += usize::from(grade == Grade::Fail);
        say(&format!("{grade:<5}{what:<10}{finding}"));
    }
}

pub(super) async fn run(config: Result<Config, Failure>, around: &Surroundings) -> Result<(), Failure> {
    let mut report = Report::default();
    match config {
        Err(failure) => report.tell(Grade::Fail, "settings", failure),
        Ok(config) => {
            look_at_settings(&mut report, &config, around);
            look_at_issuer(&mut report, &config);
            look_at_mail(&mut report, &config);
            look_at_data(&mut report, &config, around).await;
        }
    }
    match report.fails {
        0 => Ok(()),
        1 => Err(Failure::new("one thing is not in order")),
        many => Err(Failure::new(format!("{many} things are not in order"))),
    }
}

fn look_at_settings(report: &mut Report, config: &Config, around: &Surroundings) {
    report.tell(Grade::Ok, "settings", "every setting is known and fits");
    for name in unknown_variables(&around.environment) {
        report.tell(Grade::Warn, "settings", format!("the variable {name} is no setting of this program"));
    }
    if !config.ops_listen.ip().is_loopback() {
        report.tell(
            Grade::Warn,
            "settings",
            "operations are served beyond this machine: let only your monitoring reach them",
        );
    }
    if !config.is_loopback() && config.listen.ip().is_loopback() && config.limits.trusted_proxies.is_empty() {
        let what =
            "PROCURA_TRUSTED_PROXIES is empty: all people share the rate limits of the proxy that they come through";
        report.tell(Grade::Warn, "settings", what);
    }
    if !config.limits.enabled {
        report.tell(Grade::Warn, "settings", "rate limits are off, which is for load tests only");
    }
}

fn look_at_issuer(report: &mut Report, config: &Config) {
    let grade = if config.is_loopback() { Grade::Warn } else { Grade::Ok };
    let reach = if config.is_loopback() { ", which only this machine reaches" } else { "" };
    report.tell(grade, "issuer", format!("{}{reach}", config.issuer));
}

fn look_at_mail(report: &mut Report, config: &Config) {
    match &config.mail.smtp_url {
        Some(_) => {
            report.tell(Grade::Ok, "mail", format!("a mail server is set; mails come from {}", config.mail.from));
        }
        None => report.tell(Grade::Warn, "mail", "no mail server is set: addresses cannot be verified"),
    }
}

async fn look_at_data(report: &mut Report, config: &Config, around: &Surroundings) {
    let sealer = look_at_key(report, config);
    look_at_disk(report, config);
    let place = opening::place(&config.database);
    // Opening a SQLite file would make it.
    if config.database.file().is_some_and(|path| !path.exists()) {
        return report.tell(
            Grade::Fail,
            "database",
            format!("there is none at {place}; `procura init` or `procura serve` makes it"),
        );
    }
    let store = match opening::store(&config.database).await {
        Ok(store) => store,
        Err(failure) => return report.tell(Grade::Fail, "database", failure),
    };
    report.tell(Grade::Ok, "database", format!("{place} answers"));
    match opening::known_step(&store).await {
        Err(failure) => return report.tell(Grade::Fail, "schema", failure),
        Ok(None) => {
            return report.tell(Grade::Fail, "schema", "there is none; `procura init` or `procura serve` makes it");
        }
        Ok(Some(step)) if step < latest() => {
            return report.tell(Grade::Fail, "schema", format!("step {step} of {}: run `procura migrate`", latest()));
        }
        Ok(Some(step)) => report.tell(Grade::Ok, "schema", format!("step {step}, the latest")),
    }
    look_at_integrity(report, &store).await;
    look_at_clock(report, &store, around.clock.now()).await;
    if let Some(sealer) = sealer {
        look_at_sealed(report, config, &store, sealer, around).await;
    }
}

fn look_at_key(report: &mut Report, config: &Config) -> Option<Sealer> {
    let sealer = match opening::sealer(config) {
        Ok(sealer) => sealer,
        Err(failure) => {
            report.tell(Grade::Fail, "key", failure);
            return None;
        }
    };
    match config.master_key.file().filter(|path| is_open_to_others(path)) {
        Some(path) => {
            report.tell(Grade::Warn, "key", format!("{} can be read by other users: chmod 600", path.display()));
        }
        None => report.tell(Grade::Ok, "key", format!("the master key is at {}", config.master_key.place())),
    }
    Some(sealer)
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

fn look_at_disk(report: &mut Report, config: &Config) {
    let Some(folder) = config.database.file().and_then(Path::parent) else { return };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let Some(free) = free_bytes(folder) {
        let grade = match free >> 20 {
            0..100 => Grade::Fail,
            100..1024 => Grade::Warn,
            _ => Grade::Ok,
        };
        report.tell(grade, "disk", format!("{} MB free where the database lies", free >> 20));
    }
    if let Some(bytes) = ops::wal_bytes(&config.database) {
        let grade = if bytes > 512 << 20 { Grade::Warn } else { Grade::Ok };
        report.tell(grade, "disk", format!("the write-ahead log takes {} MB", bytes >> 20));
    }
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(folder).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

async fn look_at_integrity(report: &mut Report, store: &Store) {
    match store.complaint().await {
        Ok(None) => {}
        Ok(Some(complaint)) => report.tell(Grade::Fail, "database", format!("the file is damaged: {complaint}")),
        Err(fault) => report.tell(Grade::Fail, "database", fault.cause()),
    }
}

async fn look_at_clock(report: &mut Report, store: &Store, now: Time) {
    match opening::newest_moment(store).await {
        Ok(Some(newest)) if newest.ms_since(now) > 60_000 => {
            let behind = newest.ms_since(now) / 1000;
            report.tell(
                Grade::Fail,
                "clock",
                format!("{behind} s behind the newest entry in the database: tokens would live too long"),
            );
        }
        Ok(_) => report.tell(Grade::Ok, "clock", now.iso()),
        Err(fault) => report.tell(Grade::Fail, "clock", fault.cause()),
    }
}

async fn look_at_sealed(report: &mut Report, config: &Config, store: &Store, sealer: Sealer, around: &Surroundings) {
    let noted = match opening::noted_key(store).await {
        Ok(noted) => noted,
        Err(fault) => return report.tell(Grade::Fail, "key", fault.cause()),
    };
    if noted.is_some_and(|id| !sealer.has_key(&id)) {
        let place = config.master_key.place();
        return report.tell(Grade::Fail, "key", format!("the master key at {place} is not the one of this database"));
    }
    match oauth::Keys::load(store, sealer, Arc::clone(&around.clock)).await {
        Ok(_) => report.tell(Grade::Ok, "key", "it opens what is sealed in the database"),
        Err(fault) => report.tell(Grade::Fail, "key", fault.cause()),
    }
}
