//! One test for each row of the threats that is due, named after it.

mod authorize;
mod client;
pub(crate) mod connect;
mod connector;
mod embed;
mod keys;
mod people;
mod pkce;
mod quick;
mod session;
mod tokens;
