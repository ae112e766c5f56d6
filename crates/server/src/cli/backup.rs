//! `procura backup`: the whole database in one sealed file, also while a server runs.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening;
use std::path::PathBuf;

pub(super) async fn run(config: &Config, around: &Surroundings, to: Option<PathBuf>) -> Result<(), Failure> {
    if config.database.file().is_none() {
        return Err(Failure::new("the data is in PostgreSQL: back it up with pg_dump"));
    }
    let seams = around.seams();
    let target = to.unwrap_or_else(|| PathBuf::from(format!("procura-{}.backup", opening::stamp(seams.now()))));
    if target.exists() {
        return Err(Failure::new(format!("{} is there already and is not overwritten", target.display())));
    }
    let opened = opening::open(config).await?;
    db::archive::write(&opened.store, &config.database, &opened.sealer, seams.entropy(), &target).await?;
    say(&target.display().to_string());
    Ok(())
}
