//! Apps and resources, authorization, codes, tokens, exchange, connector.

pub mod app;
pub mod keyring;
pub mod organization;
pub mod refusal;

pub use keyring::Keys;
