//! `procura account recover HANDLE`: a one-time sign-in link for a person who lost every passkey.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::{links, opening};
use people::{Error, People, Settings};

pub(super) async fn recover(config: &Config, around: &Surroundings, handle: &str) -> Result<(), Failure> {
    let opened = opening::open(config).await?;
    let issuer = opening::issuer(config, &opened.store).await?;
    let settings = Settings::of(&issuer, &config.people.name);
    let people = People::new(opened.store, around.seams(), opened.sealer, settings)?;
    let secret = people.sign_in_link(handle).await.map_err(told)?;
    say(&links::sign_in(&issuer, &secret));
    Ok(())
}

fn told(error: Error) -> Failure {
    match error {
        Error::Refused(refusal) => Failure::new(refusal.sentence),
        Error::Fault(fault) => fault.into(),
    }
}
