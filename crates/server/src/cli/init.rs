//! `procura init`: settings file, master key and database, each where it is missing. Asks nothing, overwrites nothing.

use super::{Surroundings, say};
use crate::config::{Config, reference};
use crate::failure::Failure;
use crate::opening;
use std::io::Write as _;
use std::path::Path;

pub(super) async fn run(file: &Path, around: &Surroundings) -> Result<(), Failure> {
    let is_written = file.exists();
    // Judged before anything is written, so that a wrong variable leaves nothing behind.
    Config::load(&around.environment, is_written.then_some(file))?;
    if is_written {
        say(&format!("{} is there already and stays as it is", file.display()));
    } else {
        write(file)?;
        say(&format!("wrote {}", file.display()));
    }
    let config = Config::load(&around.environment, Some(file))?;
    let seams = around.seams();
    if config.master_key.is_missing() && !opening::is_there(&config.database).await? {
        let path = opening::make_key(&config, seams.entropy())?;
        say(&format!("made the master key {}: keep a copy of it apart from the backups", path.display()));
    }
    let opened = opening::open_beside(&config, &seams).await?;
    let place = opening::place(&config.database);
    say(&if opened.is_new { format!("made {place}") } else { format!("{place} is there already and stays as it is") });
    Ok(())
}

fn write(file: &Path) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| Failure::new(format!("{} cannot be written: {cause}", file.display()));
    let text = reference::example(&[("master_key", "\"file:master.key\"")]);
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).open(file).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
