//! `procura openapi`: the description of the management API.

use super::say;
use crate::api::v1::document;

pub(super) fn run() {
    say(document());
}
