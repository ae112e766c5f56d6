//! `procura admin-token`: a token for the management API, alone on its line.

use super::{Surroundings, say};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening;
use oauth::operator::make_token;

/// Long enough for a day's work and a nightly script; another one is a command away.
const LIFE_SECS: i64 = 30 * 86_400;

pub(super) async fn run(config: &Config, around: &Surroundings) -> Result<(), Failure> {
    let opened = opening::open(config).await?;
    let seams = around.seams();
    let token = opened.store.write_again(move |tx| make_token(tx, &seams, LIFE_SECS)).await?;
    say(token.reveal());
    Ok(())
}
