//! `procura openapi`: the description of the management API.

use super::say;
use crate::api::v1::document;
use crate::failure::Failure;

pub(super) fn run() -> Result<(), Failure> {
    say(document());
    Ok(())
}
