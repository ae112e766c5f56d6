//! `procura restore FILE`: a backup in the place of the database.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::restore::{Sessions, restore};
use std::path::Path;

pub(super) async fn run(
    config: &Config,
    around: &Surroundings,
    backup: &Path,
    keep_sessions: bool,
) -> Result<(), Failure> {
    let sessions = if keep_sessions { Sessions::Keep } else { Sessions::End };
    let replaced = restore(config, &around.seams(), backup, sessions).await?;
    say(match sessions {
        Sessions::End => "restored; every session and every token of that time has ended",
        Sessions::Keep => "restored; sessions and tokens of that time are alive again",
    });
    if let Some(replaced) = replaced {
        say(&format!("the database that was there before is {}", replaced.display()));
    }
    Ok(())
}
