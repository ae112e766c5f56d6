//! `procura migrate`: the schema to the latest step, after a copy of the data. `--plan` only tells.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening;
use db::migrate::MIGRATIONS;

pub(super) async fn run(config: &Config, around: &Surroundings, is_plan: bool) -> Result<(), Failure> {
    if !opening::is_there(&config.database).await? {
        let place = opening::place(&config.database);
        return Err(Failure::new(format!(
            "there is no database at {place}; `procura init` or `procura serve` makes it"
        )));
    }
    if is_plan { plan(config).await } else { migrate(config, around).await }
}

async fn plan(config: &Config) -> Result<(), Failure> {
    let store = opening::store(&config.database).await?;
    let at = opening::known_step(&store).await?.unwrap_or(0);
    let due: Vec<_> = MIGRATIONS.iter().filter(|migration| migration.number > at).collect();
    if due.is_empty() {
        say(&format!("nothing to do: the schema is at step {at}, the latest"));
    }
    for migration in due {
        say(&format!("would take step {}", migration.name));
    }
    Ok(())
}

async fn migrate(config: &Config, around: &Surroundings) -> Result<(), Failure> {
    let _held = opening::hold_alone(&config.database).await?;
    let opened = opening::open_or_make(config, &around.seams()).await?;
    if opened.steps.is_empty() {
        say("nothing to do: the schema is at the latest step");
    }
    for step in opened.steps {
        say(&format!("took step {step}"));
    }
    Ok(())
}
