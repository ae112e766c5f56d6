//! What people and apps do, from the first page to the last token.

mod audience;
pub(crate) mod connect;
mod connector;
mod consent;
mod race;
mod sign_in;
