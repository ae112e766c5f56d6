//! `procura keys rotate`: the next signing keys, because an operator wants them.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening;
use oauth::keyring::{Rotation, Switch};
use std::sync::Arc;

pub(super) async fn rotate(config: &Config, around: &Surroundings, at_once: bool) -> Result<(), Failure> {
    let opened = opening::open(config).await?;
    let rotation = Rotation::new(opened.store, opened.sealer, Arc::clone(&around.clock), Arc::clone(&around.entropy));
    let switch = if at_once { Switch::AtOnce } else { Switch::Announced };
    let changes = rotation.rotate_now(switch).await?;
    say(match (changes, switch) {
        (0, _) => "nothing to do: the next keys are published already",
        (_, Switch::AtOnce) => "new keys sign from now on; the former ones only verify what they signed",
        (_, Switch::Announced) => "new keys are published; they sign in a day, when every verifier has seen them",
    });
    Ok(())
}
