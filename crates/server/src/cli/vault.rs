//! `procura vault rekey`: everything that is sealed moves to the newest master key, while a server runs.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening;

pub(super) async fn rekey(config: &Config, around: &Surroundings) -> Result<(), Failure> {
    let opened = opening::open(config).await?;
    opening::check_served_keys(config, &opened).await?;
    let seams = around.seams();
    let moved = oauth::keyring::rekey(&opened.store, &opened.sealer, &seams).await?
        + ::vault::rekey(&opened.store, &opened.sealer, &seams).await?;
    opening::move_key(&opened).await?;
    say(&match moved {
        0 => "nothing to do: everything is under the newest key already".to_owned(),
        1 => "1 value is under the newest key now; the older keys are only needed for backups made before".to_owned(),
        more => format!(
            "{more} values are under the newest key now; the older keys are only needed for backups made before"
        ),
    });
    Ok(())
}
